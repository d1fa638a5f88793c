import type { FakeSlackState } from './state.ts';
import { isObject, type Json, type JsonObject, SlackApiError } from './types.ts';
import { parseView } from './view-limits.ts';
import type { StoredView } from './views.ts';

/** Applies the ack of a submission. Without a response_action Slack closes the view. Throws SlackApiError for an invalid ack. */
export function applyViewResponse({ views }: FakeSlackState, view: StoredView, body: JsonObject): void {
  const { response_action: action, view: nextView, errors } = body;
  if (action === 'clear') views.clear(view);
  else if (action === 'update') views.update(view, parseView(nextView, 'modal'));
  else if (action === 'push') views.push(view.id, parseView(nextView, 'modal'));
  else if (action === 'errors') views.showErrors(view, readErrors(view, errors));
  else if (Object.keys(body).length === 0) views.close(view);
  else throw new SlackApiError('unknown response_action');
}

/** Slack shows errors at input blocks only. */
function readErrors({ content }: StoredView, errors: Json | undefined): Record<string, string> {
  const inputBlocks = new Set(content.blocks.filter(({ type }) => type === 'input').map(({ block_id: id }) => id));
  const entries = isObject(errors) ? Object.entries(errors) : [];
  if (entries.length === 0) throw new SlackApiError('no errors');
  return Object.fromEntries(
    entries.map(([blockId, text]) => {
      if (!inputBlocks.has(blockId)) throw new SlackApiError(`no input block ${blockId}`);
      if (typeof text !== 'string' || text === '') throw new SlackApiError(`no text for ${blockId}`);
      return [blockId, text];
    }),
  );
}
