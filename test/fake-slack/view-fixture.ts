import type { ViewDelivery } from './deliveries.ts';
import type { FakeSlack } from './fake-slack.ts';
import { callApi, type RawSocket } from './raw-client.ts';
import type { Block, Json, JsonObject } from './types.ts';

export const plain = (text: string): JsonObject => ({ type: 'plain_text', text });

export const option = (label: string, value = label): JsonObject => ({ text: plain(label), value });

export function inputBlock(blockId: string, element: JsonObject, change: JsonObject = {}): Block {
  return {
    type: 'input',
    block_id: blockId,
    label: plain(blockId),
    element: { action_id: blockId, ...element },
    ...change,
  };
}

/** A modal with a text input `reason` and a submit button. */
export function modal(change: JsonObject = {}): JsonObject {
  const blocks: Json[] = [inputBlock('reason', { type: 'plain_text_input' })];
  return { type: 'modal', title: plain('Restore'), submit: plain('Next'), blocks, ...change };
}

/** A new trigger_id of alice. Without a socket, so that the command needs no ack. */
export function triggerOf(slack: FakeSlack): string {
  return slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: '' }).triggerId;
}

/** Opens a modal for alice. Returns the response of Slack. */
export function openModal(slack: FakeSlack, view: Json = modal(), trigger_id = triggerOf(slack)): Promise<JsonObject> {
  return callApi(slack, 'views.open', { trigger_id, view });
}

/** Submits the modal of alice and acknowledges the submission. */
export async function submit(slack: FakeSlack, socket: RawSocket, response: JsonObject = {}): Promise<ViewDelivery> {
  const delivery = slack.views.submit('U0ALICE');
  socket.ack(await socket.waitForDelivery(delivery), response);
  await delivery.acked;
  return delivery;
}
