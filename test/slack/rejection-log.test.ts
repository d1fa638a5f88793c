import { expect, it } from 'vitest';
import { createRejectionLog } from '../../src/slack/rejection-log.ts';
import { fakeDeps } from './fake-deps.ts';

it('counts each, and writes a line a minute for each reason, with how many it left out', () => {
  const { deps, log } = fakeDeps([]);
  const counted: string[] = [];
  let now = 1_000_000;
  const reject = createRejectionLog({ log: deps.log, now: () => now, onRejected: (reason) => counted.push(reason) });
  const forged = { reason: 'forged', status: 401 } as const;
  for (let index = 0; index < 1_000; index++) reject(forged);
  reject({ reason: 'future', status: 401, secondsAhead: 420 });
  now += 60_000;
  reject(forged);
  expect(counted).toHaveLength(1_002);
  expect(log.map(({ sentence }) => sentence)).toEqual(Array<string>(3).fill("request to Slack's address refused"));
  expect(log.map(({ fields }) => fields)).toMatchObject([
    { reason: 'forged', answered: 401, unlogged: 0, hint: expect.stringContaining('SLACK_SIGNING_SECRET') },
    { reason: 'future', secondsAhead: 420, hint: expect.stringContaining('clock') },
    { reason: 'forged', unlogged: 999 },
  ]);
});
