import { z } from 'zod';
import { channelId } from '../../demo/workspace.ts';
import { waitFor } from '../support/wait-for.ts';

const buttonSchema = z.object({
  type: z.literal('button'),
  action_id: z.string(),
  value: z.string(),
  text: z.object({ text: z.string() }),
});
export type LocalSlackButton = z.infer<typeof buttonSchema>;

const blockSchema = z.looseObject({
  type: z.string(),
  text: z.object({ text: z.string() }).optional(),
  accessory: z.unknown().optional(),
  elements: z.array(z.unknown()).optional(),
});

const messageSchema = z.looseObject({
  ts: z.string(),
  text: z.string().default(''),
  blocks: z.array(blockSchema).nullish(),
  ephemeral_to: z.string().optional(),
});
export type LocalSlackMessage = z.infer<typeof messageSchema>;

/** Acts as users of the local Slack, through its control API. */
export function connectLocalSlack(port: number) {
  const callControlApi = async (path: string, body?: object): Promise<unknown> => {
    const method = body === undefined ? 'GET' : 'POST';
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`http://127.0.0.1:${port}/_control/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.json();
  };
  const messages = async () =>
    z.object({ messages: z.array(messageSchema) }).parse(await callControlApi(`messages/${channelId}`)).messages;

  return {
    messages,
    /** Sends a command and returns its ephemeral response. */
    async sendCommand(user: string, text: string): Promise<LocalSlackMessage> {
      const earlierTs = new Set((await messages()).map(({ ts }) => ts));
      await callControlApi('command', { channel: channelId, user, command: '/sync', text });
      return waitFor(
        async () => (await messages()).find((message) => !earlierTs.has(message.ts) && message.ephemeral_to === user),
        {
          description: `a response to /sync ${text}`,
        },
      );
    },
    async press(user: string, message: LocalSlackMessage, label: string): Promise<void> {
      const button = buttonsOf(message).find(({ text }) => text.text === label);
      if (button === undefined) throw new Error(`no button ${label} in ${JSON.stringify(message)}`);
      await callControlApi('interact', { channel: channelId, messageTs: message.ts, user, action: button });
    },
    /** Waits for a message, ephemeral or not, whose text matches. Returns the newest one. */
    async waitForMessage(pattern: RegExp): Promise<LocalSlackMessage> {
      return waitFor(async () => (await messages()).findLast((one) => pattern.test(one.text)), {
        description: `a message that matches ${pattern}`,
      });
    },
  };
}

export function buttonsOf({ blocks }: LocalSlackMessage): LocalSlackButton[] {
  const elements = (blocks ?? []).flatMap(({ accessory, elements = [] }) => [accessory, ...elements]);
  return elements.flatMap((element) => {
    const button = buttonSchema.safeParse(element);
    return button.success ? [button.data] : [];
  });
}

/** Returns the text of a message and of all its blocks. */
export function messageText({ text, blocks }: LocalSlackMessage): string {
  return [text, ...(blocks ?? []).map((block) => block.text?.text ?? '')].join('\n');
}
