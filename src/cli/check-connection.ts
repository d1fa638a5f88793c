import { defaultConnection } from '../domain/link.ts';
import { type Check, type ConnectionInfo, checkEvictionPolicy, type Persistence } from '../domain/precheck.ts';
import { messages } from '../messages/catalog.ts';
import type { CheckOutcome, CheckText } from '../messages/facts.ts';
import { cliFormatter } from './terminal-text.ts';

const texts = messages.doctor;

/** Whether a Redis answers, is new enough, never evicts keys and survives a restart. */
export function checkConnection(connection: ConnectionInfo): CheckText[] {
  const isBotRedis = connection.name === defaultConnection;
  const item = isBotRedis ? 'REDIS_URL' : texts.items.connection(connection.name);
  if (connection.kind === 'unreachable') {
    return [{ item, result: 'fail', message: messages.connectionFault(connection.fault, cliFormatter) }];
  }
  return [
    { item, result: 'pass', message: texts.redis.answers },
    { item: texts.items.version(item), ...checkRedisVersion(connection.redisVersion) },
    { item: texts.items.eviction(item), ...toOutcome(checkEvictionPolicy(connection.evictionPolicy)) },
    { item: texts.items.persistence(item), ...checkPersistence(connection.persistence, isBotRedis) },
  ];
}

function checkRedisVersion(version: string | null): CheckOutcome {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version ?? '') ?? [];
  if (version === null || major === undefined) return { result: 'unknown', message: texts.redis.versionUnknown };
  const isSupported = Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 2);
  return isSupported
    ? { result: 'pass', message: texts.redis.version(version) }
    : { result: 'fail', message: texts.redis.versionTooOld(version) };
}

/** The bot's Redis must survive a restart. For a Redis that holds only links, that is the choice of its owner. */
function checkPersistence(persistence: Persistence | null, isBotRedis: boolean): CheckOutcome {
  switch (persistence) {
    case 'aof':
      return { result: 'pass', message: texts.redis.appendOnlyFile };
    case 'snapshots':
      return { result: 'pass', message: texts.redis.snapshots };
    case 'none':
      return { result: isBotRedis ? 'fail' : 'unknown', message: texts.redis.noPersistence };
    case null:
      return { result: 'unknown', message: texts.redis.persistenceUnknown };
    default:
      return persistence satisfies never;
  }
}

export function toOutcome({ result, reason }: Check): CheckOutcome {
  return { result, message: messages.precheck.reason(reason, cliFormatter) };
}
