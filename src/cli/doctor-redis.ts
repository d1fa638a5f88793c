import { type ConnectionInfo, checkEvictionPolicy, type Persistence } from '../domain/precheck.ts';
import { messages } from '../messages/catalog.ts';
import type { CheckText } from '../messages/render.ts';
import { cliFormatter } from './formatter.ts';

/**
 * What doctor says of one Redis: it answers, its version, that it never evicts, that it survives a restart. Whether a Redis
 * that only holds links shall survive one is its owner's choice.
 */
export function checkConnection(facts: ConnectionInfo, name: string, contents: 'records' | 'links'): CheckText[] {
  if (facts.kind === 'unreachable') {
    return [{ item: name, result: 'fail', message: 'does not answer: check its address and that it is up' }];
  }
  const eviction = checkEvictionPolicy(facts.evictionPolicy);
  return [
    { item: name, result: 'pass', message: 'answers' },
    { item: `${name} version`, ...checkRedisVersion(facts.redisVersion) },
    {
      item: `${name} eviction`,
      result: eviction.result,
      message: messages.precheck.reason(eviction.reason, cliFormatter),
    },
    { item: `${name} persistence`, ...checkPersistence(facts.persistence, contents) },
  ];
}

function checkRedisVersion(version: string | null): Omit<CheckText, 'item'> {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version ?? '') ?? [];
  if (version === null || major === undefined) return { result: 'unknown', message: 'does not tell its version' };
  if (Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 2))
    return { result: 'pass', message: `Redis ${version}` };
  return { result: 'fail', message: `Redis ${version} is too old: use 6.2 or newer` };
}

function checkPersistence(persistence: Persistence | null, contents: 'records' | 'links'): Omit<CheckText, 'item'> {
  if (persistence === null) return { result: 'unknown', message: 'does not tell whether it persists' };
  if (persistence === 'aof') return { result: 'pass', message: 'append-only file' };
  if (persistence === 'snapshots') {
    return { result: 'pass', message: 'snapshots only: a crash loses the last minutes; better appendonly yes' };
  }
  return {
    result: contents === 'records' ? 'fail' : 'unknown',
    message: 'nothing is kept over a restart: set appendonly yes',
  };
}
