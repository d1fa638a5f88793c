import { expect, it } from 'vitest';
import { createRejectionRecorder } from '../../../src/slack/receivers/http-rejections.ts';
import { createFakeContext } from '../fake-context.ts';

it('The recorder reports every rejection, and logs one line per minute and reason with the number of suppressed lines.', () => {
  const { context, logLines } = createFakeContext([]);
  const reportedReasons: string[] = [];
  let now = 1_000_000;
  const recordRejection = createRejectionRecorder({
    log: context.log,
    now: () => now,
    onRequestRejected: (reason) => reportedReasons.push(reason),
  });
  const invalidSignature = { reason: 'invalid_signature', status: 401 } as const;
  for (let index = 0; index < 1_000; index++) recordRejection(invalidSignature);
  recordRejection({ reason: 'future_timestamp', status: 401, secondsAhead: 420 });
  now += 60_000;
  recordRejection(invalidSignature);
  expect(reportedReasons).toHaveLength(1_002);
  expect(logLines.map(({ message }) => message)).toEqual(Array<string>(3).fill('HTTP request rejected'));
  expect(logLines.map(({ fields }) => fields)).toMatchObject([
    {
      reason: 'invalid_signature',
      status: 401,
      suppressed: 0,
      hint: expect.stringContaining('SLACK_SIGNING_SECRET'),
    },
    { reason: 'future_timestamp', secondsAhead: 420, hint: expect.stringContaining('clock') },
    { reason: 'invalid_signature', suppressed: 999 },
  ]);
});
