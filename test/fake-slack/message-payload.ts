import { currentContent, isReply, type StoredMessage } from './messages.ts';
import type { FakeSlackState } from './state.ts';
import type { Json, JsonObject } from './types.ts';
import { appId, botId, teamId } from './workspace.ts';

/** A message as Slack sends it in responses and payloads. */
export function messagePayload(message: StoredMessage, state: FakeSlackState): JsonObject {
  const content = currentContent(message);
  return {
    type: 'message',
    user: message.user,
    ts: message.ts,
    ...(message.via === 'user' ? userFields(message, state) : { bot_id: botId, app_id: appId, team: teamId }),
    text: content.text,
    ...(content.blocks.length > 0 ? { blocks: structuredClone(content.blocks) as Json[] } : {}),
    ...threadFields(message, state),
    ...(message.edited ? { edited: { user: message.user, ts: message.ts } } : {}),
  };
}

/** The fields of a message in a thread. The parent has its own ts as thread_ts once it has a reply. */
export function threadFields(message: StoredMessage, { messages }: FakeSlackState): JsonObject {
  const { ts, threadTs } = message;
  if (threadTs !== undefined && isReply(message)) {
    const parent = messages.find(threadTs);
    return { thread_ts: threadTs, ...(parent === undefined ? {} : { parent_user_id: parent.user }) };
  }
  return messages.hasReplies(ts) ? { thread_ts: ts } : {};
}

/** The fields of a message of a user. Its text is there once more as rich text. */
export function userFields(message: StoredMessage, { workspace }: FakeSlackState): JsonObject {
  return {
    client_msg_id: `${message.ts.replace('.', '-')}-client`,
    team: workspace.user(message.user).teamId,
    blocks: [
      {
        type: 'rich_text',
        block_id: 'text',
        elements: [{ type: 'rich_text_section', elements: richText(currentContent(message).text) }],
      },
    ],
  };
}

function richText(text: string): JsonObject[] {
  const parts = text.split(/(<@\w+>)/).filter((part) => part !== '');
  return parts.map((part) => {
    const userId = /^<@(\w+)>$/.exec(part)?.[1];
    return userId === undefined ? { type: 'text', text: part } : { type: 'user', user_id: userId };
  });
}
