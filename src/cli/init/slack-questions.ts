import { messages } from '../../messages/catalog.ts';
import type { CheckOutcome } from '../../messages/facts.ts';
import type { SlackSetup } from '../cli-app.ts';
import type { InitContext } from './init-context.ts';
import { requestPath, type SlackMode } from './manifest.ts';
import { accepted, askUntilAccepted, checkVariable, refused } from './questions.ts';

const texts = messages.init;

/** Suggests the mode that `run` would use now. `url`: the request URL of the manifest that exists. */
export async function askMode(context: InitContext, url: string | null): Promise<SlackMode> {
  const { terminal, value } = context;
  const isHttp = value('SLACK_APP_TOKEN') === null && (value('SLACK_SIGNING_SECRET') !== null || url !== null);
  const answer = await askUntilAccepted(terminal, {
    text: texts.mode.text,
    suggestion: isHttp ? '2' : '1',
    check: (typed) => (/^[12]$/.test(typed) ? accepted : refused(texts.mode.invalid)),
  });
  if (answer === '1') return { kind: 'socket' };
  const address = await askUntilAccepted(terminal, {
    ...texts.url,
    suggestion: url === null ? null : toRequestUrl(url),
    check: (typed) => (toRequestUrl(typed) === null ? refused(texts.url.invalid) : accepted),
  });
  return { kind: 'http', url: toRequestUrl(address) ?? '' };
}

/** Adds the path, unless it is there. Returns null if it is no https address. */
function toRequestUrl(address: string): string | null {
  if (!/^https:\/\/\S+$/i.test(address) || !URL.canParse(address)) return null;
  const { origin, pathname, username, search, hash } = new URL(address);
  if (username !== '' || search !== '' || hash !== '') return null;
  const path = pathname.replace(/\/+$/, '');
  return `${origin}${path.endsWith(requestPath) ? path : `${path}${requestPath}`}`;
}

export async function askCommand({ terminal, value, save }: InitContext): Promise<string> {
  const command = await askUntilAccepted(terminal, {
    ...texts.command,
    suggestion: value('SLACK_COMMAND') ?? '/sync',
    check: (typed) => checkVariable('SLACK_COMMAND', typed),
  });
  await save({ SLACK_COMMAND: command });
  return command;
}

export async function askBotToken({ terminal, value, save }: InitContext, slack: SlackSetup): Promise<void> {
  const token = await askUntilAccepted(terminal, {
    ...texts.botToken,
    suggestion: value('SLACK_BOT_TOKEN'),
    isSecret: true,
    check: (typed) => checkForm('SLACK_BOT_TOKEN', typed) ?? slack.checkBotToken(typed),
  });
  await save({ SLACK_BOT_TOKEN: token });
}

/** The app token or the signing secret. */
export async function askTransportSecret(context: InitContext, slack: SlackSetup, mode: SlackMode): Promise<void> {
  const { terminal, value, save } = context;
  if (mode.kind === 'socket') {
    const appToken = await askUntilAccepted(terminal, {
      ...texts.appToken,
      suggestion: value('SLACK_APP_TOKEN'),
      isSecret: true,
      check: (typed) => checkForm('SLACK_APP_TOKEN', typed) ?? slack.checkAppToken(typed),
    });
    return save({ SLACK_APP_TOKEN: appToken });
  }
  const secret = await askUntilAccepted(terminal, {
    text: texts.signingSecret.text,
    suggestion: value('SLACK_SIGNING_SECRET'),
    isSecret: true,
    check: (typed) => checkForm('SLACK_SIGNING_SECRET', typed) ?? checkSigningSecret(typed),
  });
  if (value('SLACK_APP_TOKEN') !== null) terminal.print(texts.appTokenRemoved);
  await save({ SLACK_SIGNING_SECRET: secret, SLACK_APP_TOKEN: null });
}

/** Null if the form is right. */
function checkForm(name: string, value: string): CheckOutcome | null {
  // Copied with quotes from another file. In `.env` a single quote would end the value.
  if (/['"]/.test(value)) return refused(texts.withoutQuotes(name));
  const check = checkVariable(name, value);
  return check.result === 'pass' ? null : check;
}

/** Slack has no method that checks one. Its documentation does not promise the form. */
function checkSigningSecret(secret: string): CheckOutcome {
  return /^[0-9a-f]{32}$/.test(secret)
    ? { result: 'pass', message: texts.signingSecret.accepted }
    : { result: 'unknown', message: texts.signingSecret.oddForm };
}
