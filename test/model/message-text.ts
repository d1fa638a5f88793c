import { renderedText } from '../fake-slack/rendered-message.ts';
import type { MessageContent } from '../fake-slack/types.ts';

/** What the text of an operation says at its end. Written without src. */
export const doneWords: Readonly<Record<string, string>> = {
  start: 'started',
  pause: 'paused',
  restore: 'restored',
  reapply: 're-applied',
  adopt: 'adopted',
  retry: 'retried',
};

/** The date of Slack for this time, without its text. */
export function dateOf(at: number): string {
  return `<!date^${Math.floor(at / 1_000)}^`;
}

export function personText(by: string): string {
  const [, cliUser] = /^cli:(.*)$/.exec(by) ?? [];
  return cliUser === undefined ? `<@${by}>` : `${cliUser} on the command line`;
}

export function textOf(message: MessageContent): string {
  return `${message.text}\n${renderedText(message)}`;
}
