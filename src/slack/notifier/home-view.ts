import type { webApi } from '@slack/bolt';
import type { Logger } from '../../application/context.ts';
import { RetryLaterError } from '../../application/errors.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { slackErrorCode } from '../slack-errors.ts';
import type { Message } from '../views/blocks.ts';
import { homeWithinLimits } from '../views/limits.ts';
import { retryDelay } from './channel-message.ts';

export type HomeClient = { readonly views: Pick<webApi.WebClient['views'], 'publish'> };

export interface HomePublication {
  readonly user: string;
  readonly message: Message;
  /** Slack's hash of the view that this one replaces. Null to replace any. */
  readonly hash: string | null;
}

export type PublishResult =
  | { readonly kind: 'published'; readonly hash: string }
  /** The published view has another hash. */
  | { readonly kind: 'hash_conflict' }
  /** Slack does not show Home to this person: the manifest does not enable it, or the person is unknown. */
  | { readonly kind: 'refused'; readonly code: string };

/** Publishes the Home tab of a person. Throws `RetryLaterError` when the same call may succeed later. */
export async function publishView(
  { client, log }: { readonly client: HomeClient; readonly log: Logger },
  { user, message, hash }: HomePublication,
): Promise<PublishResult> {
  const { message: valid, violations } = homeWithinLimits(message);
  if (violations.length > 0)
    log.error({ violations: violations.slice(0, 5) }, 'Home over the limits of Slack, published as text');
  try {
    const view = { type: 'home' as const, blocks: [...valid.blocks] };
    const { view: published } = await client.views.publish({ user_id: user, view, ...(hash === null ? {} : { hash }) });
    return { kind: 'published', hash: published?.hash ?? '' };
  } catch (error) {
    const code = slackErrorCode(error);
    if (code === 'hash_conflict') return { kind: 'hash_conflict' };
    const delayMs = retryDelay(error, code);
    if (delayMs === null) return { kind: 'refused', code: code ?? '' };
    log.warn(
      { ...(code === null ? { error: serializeError(error) } : { code }), delayMs },
      'Home not published, retrying later',
    );
    throw new RetryLaterError(delayMs, { cause: error });
  }
}
