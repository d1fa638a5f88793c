import { LogLevel, webApi } from '@slack/bolt';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RetryLaterError } from '../../../src/application/errors.ts';
import type { Batch } from '../../../src/domain/batch.ts';
import { type BatchNotifierOptions, notifyBatch } from '../../../src/slack/notifier/batch-notifier.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { FakeSlack } from '../../fake-slack/fake-slack.ts';
import { exampleBatch, exampleNow } from '../../support/example-records.ts';

let slack: FakeSlack;
let batch: Batch;
let options: BatchNotifierOptions;

beforeEach(async () => {
  slack = await FakeSlack.start();
  options = {
    client: new webApi.WebClient(slack.botToken, {
      slackApiUrl: slack.apiUrl,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      logLevel: LogLevel.ERROR,
    }),
    shownDialogs: new Map(),
    channelsWithoutButtons: [],
    format: slackFormatter('/sync'),
    log: { info() {}, warn() {}, error() {} },
    batches: {
      read: async () => batch,
      async markNotified(_id, { version, messages, dialogUses }) {
        const dialog = batch.dialog && { ...batch.dialog, usesLeft: batch.dialog.usesLeft - dialogUses };
        batch = { ...batch, notifiedVersion: version, messages: { ...batch.messages, ...messages }, dialog };
      },
    },
    serverClock: { now: async () => exampleNow },
  };
});
afterEach(() => slack[Symbol.asyncDispose]());

it('A dialog is replaced once while the channel waits, and once more when the channel has the message.', async () => {
  const { responseUrl } = slack.pressForged({ user: 'U0ALICE', channel: 'C0SYNC', actionId: 'x' });
  batch = exampleBatch({
    state: 'done',
    finishedAt: exampleNow,
    dialog: { kind: 'response_url', url: responseUrl, expiresAt: exampleNow + 60_000, usesLeft: 5 },
  });
  for (let attempt = 0; attempt < 6; attempt++) {
    slack.injectFault({ method: 'chat.postMessage', retryAfter: 1 });
    await expect(notifyBatch(options, batch.id)).rejects.toThrow(RetryLaterError);
  }
  expect(slack.callsTo('response_url')).toHaveLength(1);
  await notifyBatch(options, batch.id);
  expect(slack.callsTo('response_url')).toHaveLength(2);
  expect(batch).toMatchObject({ notifiedVersion: batch.version, dialog: { usesLeft: 3 } });
});
