import { defaultRedisUrl } from '../../config/environment.ts';
import { type RedisEndpoint, redisIdentity } from '../../config/redis-url.ts';
import { defaultConnection } from '../../domain/link.ts';
import { messages } from '../../messages/catalog.ts';
import type { CheckOutcome } from '../../messages/facts.ts';
import { checkConnection } from '../check-connection.ts';
import { cliFormatter } from '../terminal-text.ts';
import type { InitContext } from './init-context.ts';
import { askUntilAccepted, checkVariable } from './questions.ts';

const texts = messages.init;

/** The URL can hold a password, so it is not shown. */
export async function askRedisUrl(context: InitContext): Promise<void> {
  const { terminal, value, save } = context;
  terminal.print(texts.redis.about);
  const suggestion = value('REDIS_URL') ?? defaultRedisUrl;
  const url = await askUntilAccepted(terminal, {
    text: texts.redis.text,
    suggestion,
    shownSuggestion: suggestion === defaultRedisUrl ? defaultRedisUrl : undefined,
    isSecret: true,
    check: (typed) => checkRedis(context, typed),
  });
  // Without single quotes it needs no escaping in `.env`.
  await save({ REDIS_URL: url.replaceAll("'", '%27') });
}

/** Whether Redis answers and is new enough. A first try needs no more, so what else `doctor` fails on is accepted and named. */
async function checkRedis({ io, log }: InitContext, url: string): Promise<CheckOutcome> {
  const { parsed, ...form } = checkVariable('REDIS_URL', url);
  if (parsed.kind === 'refused') return form;
  const endpoint = parsed.environment.secrets.redis;
  await using links = await io.openLinks({ endpoints: { [defaultConnection]: endpoint }, log });
  const [connection] = await links.gateway.readConnections([defaultConnection]);
  if (connection === undefined || connection.kind === 'unreachable') {
    const fault = connection === undefined ? '' : messages.connectionFault(connection.fault, cliFormatter);
    return { result: 'fail', message: texts.redis.unreachable(addressOf(endpoint), fault) };
  }
  const [, version, ...others] = checkConnection(connection);
  if (version?.result === 'fail') return { result: 'fail', message: texts.sentence(version.message) };
  const notes = others
    .filter(({ result }) => result !== 'pass')
    .map(({ item, result, message }) => {
      const note = texts.about(item, message);
      return result === 'fail' ? texts.redis.doctorFails(note) : note;
    });
  return {
    result: 'pass',
    message: [texts.redis.answers(addressOf(endpoint), connection.redisVersion), ...notes].join('\n'),
  };
}

/** Without user and password. */
function addressOf(endpoint: RedisEndpoint): string {
  return redisIdentity(endpoint).replace(/^\S+ /, '');
}
