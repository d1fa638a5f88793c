import { z } from 'zod';
import { channelId } from '../../src/demo/workspace.ts';
import { waitFor } from '../support/wait.ts';

const buttonSchema = z.object({
  type: z.literal('button'),
  action_id: z.string(),
  value: z.string(),
  text: z.object({ text: z.string() }),
});
export type Button = z.infer<typeof buttonSchema>;

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
export type SlackMessage = z.infer<typeof messageSchema>;

/** People in the local Slack, through its control API. */
export function localSlack(port: number) {
  const call = async (path: string, body?: object): Promise<unknown> => {
    const method = body === undefined ? 'GET' : 'POST';
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`http://127.0.0.1:${port}/_control/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answer.json();
  };
  const messages = async () =>
    z.object({ messages: z.array(messageSchema) }).parse(await call(`messages/${channelId}`)).messages;

  return {
    messages,
    /** Types a command; answers with what the person sees for it, as it becomes. */
    async type(user: string, text: string): Promise<SlackMessage> {
      const before = new Set((await messages()).map(({ ts }) => ts));
      await call('command', { channel: channelId, user, command: '/sync', text });
      return waitFor(async () => (await messages()).find((one) => !before.has(one.ts) && one.ephemeral_to === user), {
        describe: `an answer to /sync ${text}`,
      });
    },
    async press(user: string, message: SlackMessage, label: string): Promise<void> {
      const button = buttonsOf(message).find(({ text }) => text.text === label);
      if (button === undefined) throw new Error(`no button ${label} in ${JSON.stringify(message)}`);
      await call('interact', { channel: channelId, messageTs: message.ts, user, action: button });
    },
    /** The message of the channel, or of one person, that says this. */
    async says(what: RegExp): Promise<SlackMessage> {
      return waitFor(async () => (await messages()).findLast((one) => what.test(one.text)), {
        describe: `a message like ${what}`,
      });
    },
  };
}

export function buttonsOf({ blocks }: SlackMessage): Button[] {
  const elements = (blocks ?? []).flatMap(({ accessory, elements = [] }) => [accessory, ...elements]);
  return elements.flatMap((element) => {
    const button = buttonSchema.safeParse(element);
    return button.success ? [button.data] : [];
  });
}

/** Everything written in a message. */
export function writtenIn({ text, blocks }: SlackMessage): string {
  return [text, ...(blocks ?? []).map((block) => block.text?.text ?? '')].join('\n');
}
