import type { types, webApi } from '@slack/bolt';
import type { ModalOrigin } from '../modal-metadata.ts';
import { slackErrorCode } from '../slack-errors.ts';
import type { Message } from '../views/blocks.ts';
import { textOnly } from '../views/limits.ts';
import { buildModal } from '../views/modal.ts';
import { retryDelay } from './channel-message.ts';

export type ViewClient = { readonly views: Pick<webApi.WebClient['views'], 'open' | 'update'> };

export interface ModalTarget {
  readonly viewId: string;
  /** Slack updates the view only if it has this hash. Null to update it anyway. */
  readonly hash: string | null;
}

export type OpenResult =
  | { readonly kind: 'opened'; readonly viewId: string; readonly hash: string }
  | { readonly kind: 'not_opened'; readonly error: unknown };

/**
 * `expired`: the person has closed the modal, or Slack does not accept the call. `outdated`: the view has another hash.
 * `retry`: the same call may succeed after `retryAfterMs`.
 */
export type UpdateResult =
  | { readonly kind: 'done'; readonly hash: string }
  | { readonly kind: 'expired' | 'outdated' }
  | { readonly kind: 'retry'; readonly retryAfterMs: number };

/** A `trigger_id` opens one modal within 3 s (docs.slack.dev/surfaces/modals). Never throws. */
export async function openModal(client: ViewClient, triggerId: string, view: types.ModalView): Promise<OpenResult> {
  try {
    const opened = await client.views.open({ trigger_id: triggerId, view });
    const { id: viewId = '', hash = '' } = opened.view ?? {};
    return { kind: 'opened', viewId, hash };
  } catch (error) {
    return { kind: 'not_opened', error };
  }
}

/** What a modal shows next. */
export interface ModalContent {
  readonly message: Message;
  /** The page with inputs or a submit button, if it has any. The message replaces a page that Slack rejects. */
  readonly page?: types.ModalView | undefined;
  readonly origin: ModalOrigin;
}

/** Replaces the content of a modal. Content that Slack rejects is sent once more as text only. Never throws. */
export async function updateModal(
  client: ViewClient,
  { viewId, hash }: ModalTarget,
  { message, page, origin }: ModalContent,
): Promise<UpdateResult> {
  const target = { view_id: viewId, ...(hash === null ? {} : { hash }) };
  const update = async (view: types.ModalView): Promise<UpdateResult> => {
    const updated = await client.views.update({ ...target, view });
    return { kind: 'done', hash: updated.view?.hash ?? '' };
  };
  try {
    return await update(page ?? buildModal(message, origin)).catch((error: unknown) => {
      if (!invalidContent.has(slackErrorCode(error) ?? '')) throw error;
      return update(buildModal(textOnly(message), origin));
    });
  } catch (error) {
    return toUpdateResult(error);
  }
}

const invalidContent: ReadonlySet<string> = new Set(['invalid_arguments', 'invalid_blocks', 'view_too_large']);

function toUpdateResult(error: unknown): UpdateResult {
  const code = slackErrorCode(error);
  if (code === 'hash_conflict') return { kind: 'outdated' };
  const retryAfterMs = retryDelay(error, code);
  return retryAfterMs === null ? { kind: 'expired' } : { kind: 'retry', retryAfterMs };
}
