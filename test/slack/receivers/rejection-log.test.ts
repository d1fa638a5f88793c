import { expect, it } from 'vitest';
import { createRejectionRecorder } from '../../../src/slack/receivers/rejection-log.ts';
import { createFakeDeps } from '../fake-deps.ts';

it('counts each, and writes a line a minute for each reason, with how many it left out', () => {
  const { deps, logLines } = createFakeDeps([]);
  const countedReasons: string[] = [];
  let now = 1_000_000;
  const logRejection = createRejectionRecorder({
    log: deps.log,
    now: () => now,
    onRequestRejected: (reason) => countedReasons.push(reason),
  });
  const invalidSignature = { reason: 'forged', status: 401 } as const;
  for (let index = 0; index < 1_000; index++) logRejection(invalidSignature);
  logRejection({ reason: 'future', status: 401, secondsAhead: 420 });
  now += 60_000;
  logRejection(invalidSignature);
  expect(countedReasons).toHaveLength(1_002);
  expect(logLines.map(({ message: sentence }) => sentence)).toEqual(
    Array<string>(3).fill("request to Slack's address refused"),
  );
  expect(logLines.map(({ fields }) => fields)).toMatchObject([
    { reason: 'forged', status: 401, suppressed: 0, hint: expect.stringContaining('SLACK_SIGNING_SECRET') },
    { reason: 'future', secondsAhead: 420, hint: expect.stringContaining('clock') },
    { reason: 'forged', suppressed: 999 },
  ]);
});
