import type { Dialog, NewDialog } from '../../domain/operation.ts';
import type { Fetch } from '../api-calls.ts';
import type { ModalOrigin } from '../modal-metadata.ts';
import type { SlackRequest } from '../requests.ts';
import type { Message } from '../views/blocks.ts';
import { updateModal, type ViewClient } from './modal.ts';
import { postToResponseUrl, type RespondResult, responseUrlLifetimeMs, responseUrlMaxUses } from './response-url.ts';

/** The notifier counts the uses of each dialog. Slack limits only those of a response_url. */
const maxUses = responseUrlMaxUses;
/** Slack documents no limit: a modal stays until the person closes it. */
const viewLifetimeMs = 24 * 3_600_000;

/** The dialog whose button was pressed. Null if nothing can replace it. */
export function dialogOf({ replyTo, deliveryId }: Pick<SlackRequest, 'replyTo' | 'deliveryId'>): NewDialog | null {
  switch (replyTo.kind) {
    case 'response_url':
      return { ...replyTo, lifetimeMs: responseUrlLifetimeMs, usesLeft: maxUses };
    case 'view':
      return { kind: 'view', viewId: replyTo.viewId, press: deliveryId, lifetimeMs: viewLifetimeMs, usesLeft: maxUses };
    case 'ephemeral':
    case 'home':
    case 'closed':
      return null;
    default:
      return replyTo satisfies never;
  }
}

export function isDialogUsable(dialog: Dialog | null, now: number): boolean {
  return dialog !== null && dialog.usesLeft > 0 && dialog.expiresAt > now;
}

/** Whether nothing has replaced the dialog yet. */
export function isNewDialog({ usesLeft }: Dialog): boolean {
  return usesLeft === maxUses;
}

export interface DialogClients {
  readonly client: ViewClient;
  readonly responseUrlFetch?: Fetch;
  readonly shownDialogs: ShownDialogs;
}

/** The text that each dialog shows, as far as this process has replaced it. Losing an entry costs one more use. */
export type ShownDialogs = Map<string, string>;

const maxShownDialogs = 1_000;

export interface DialogContent {
  readonly message: Message;
  readonly origin: ModalOrigin;
}

/** Replaces the dialog of an operation or of a batch by a message, unless it shows that message already. Never throws. */
export async function replaceDialog(
  clients: DialogClients,
  dialog: Dialog,
  content: DialogContent,
): Promise<RespondResult> {
  const { shownDialogs } = clients;
  // Each press in a modal shows a page of its own.
  const place = dialog.kind === 'view' ? `${dialog.viewId} ${dialog.press}` : dialog.url;
  const { text } = content.message;
  if (shownDialogs.get(place) === text) return { kind: 'done', uses: 0 };
  const result = await sendDialog(clients, dialog, content);
  if (result.kind === 'done') {
    if (shownDialogs.size >= maxShownDialogs) shownDialogs.clear();
    shownDialogs.set(place, text);
  }
  return result;
}

async function sendDialog(
  { client, responseUrlFetch: send }: DialogClients,
  dialog: Dialog,
  { message, origin }: DialogContent,
): Promise<RespondResult> {
  if (dialog.kind === 'response_url') return postToResponseUrl({ url: dialog.url, send }, message, 'replace');
  // The view has no button while the operation is unfinished, so that nothing else replaces it meanwhile.
  const result = await updateModal(client, { viewId: dialog.viewId, hash: null }, { message, origin });
  switch (result.kind) {
    case 'done':
      return { kind: 'done', uses: 1 };
    case 'retry':
      return { ...result, uses: 0 };
    default:
      return { kind: 'expired', uses: 1 };
  }
}
