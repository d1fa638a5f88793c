import type { Redis } from 'ioredis';
import type { Digest } from '../../src/domain/digest.ts';
import type { FakeSlack } from '../fake-slack/fake-slack.ts';
import { slackChannel } from './bot.ts';
import type { NotifierRuns } from './notifier-runs.ts';

const hourMs = 3_600_000;

/** The digest of a run. Its clock shows about noon, so that no midnight comes while the run takes place. */
export interface ModelDigest {
  readonly digest: Digest;
  /** When the digest of today is due, epoch ms. */
  readonly dueAt: number;
}

export function createDigest(now: number): ModelDigest {
  const behindHours = new Date(now).getUTCHours() - 12;
  const offset = behindHours === 0 ? '' : behindHours > 0 ? `+${behindHours}` : String(behindHours);
  return {
    digest: { at: '11:00', timezone: `Etc/GMT${offset}`, channel: slackChannel },
    dueAt: Math.floor(now / hourMs) * hourMs - hourMs,
  };
}

const passHourScript = `
  local text = redis.call('HGET', KEYS[1], ARGV[1])
  if not text then return 0 end
  local record = cjson.decode(text)
  if record.doneUntil < tonumber(ARGV[2]) then return 0 end
  record.doneUntil = tonumber(ARGV[2]) - 1
  redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(record))
  return 1
`;

/** Moves the last digest to before its hour, as if a day had passed. Returns false if one is due already, or not known yet. */
export async function passDigestHour(redis: Redis, { digest, dueAt }: ModelDigest): Promise<boolean> {
  const field = `${digest.channel} ${digest.at} ${digest.timezone}`;
  return (await redis.eval(passHourScript, 1, 'syncbot:digests', field, dueAt)) === 1;
}

/**
 * Each passed hour has one digest. A notifier that was interrupted between the message and its record may have posted it twice.
 */
export function findWrongDigests(
  { slack, runs }: { readonly slack: FakeSlack; readonly runs: NotifierRuns },
  passedHours: number,
): string[] {
  const posted = slack
    .messagesVisibleTo('U0ALICE', slackChannel)
    .filter(({ text, ephemeralFor }) => ephemeralFor === undefined && /^Digest |Nothing happened since/.test(text));
  const interrupted = runs.interruptions('digest');
  return posted.length >= passedHours && posted.length <= passedHours + interrupted
    ? []
    : [
        `the hour of the digest has passed ${passedHours} times, ${posted.length} digests were posted, ${interrupted} runs were interrupted`,
      ];
}
