import { afterEach, expect, it } from 'vitest';
import { type BatchHarness, startBatchHarness } from '../support/batch-fixture.ts';
import { channelMessages, closeWithoutViolations } from '../support/slack-harness.ts';

let harness: BatchHarness;
afterEach(() => closeWithoutViolations(harness));

it.each([3, 60])('A pause of %i projects posts one message, whose edits do not count the projects.', async (count) => {
  const names = Array.from({ length: count }, (_, index) => `project-${index}`);
  harness = await startBatchHarness(Object.fromEntries(names.map((name) => [name, 'running' as const])));
  await harness.requestBatch('pause label:prod');
  await harness.waitForMessage(`${count} projects were paused · by`);
  expect(channelMessages(harness)).toHaveLength(1);
  expect(harness.slack.callsTo('chat.postMessage')).toHaveLength(1);
  // Changes are collected for a second at least.
  expect(harness.slack.callsTo('chat.update').length).toBeLessThan(count === 3 ? 4 : 20);
});
