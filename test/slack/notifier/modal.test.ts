import { webApi } from '@slack/bolt';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openModal, type UpdateResult, updateModal } from '../../../src/slack/notifier/modal.ts';
import { textMessage } from '../../../src/slack/views/blocks.ts';
import { buildLoadingModal } from '../../../src/slack/views/modal.ts';
import { FakeSlack } from '../../fake-slack/fake-slack.ts';
import { renderedText } from '../../fake-slack/rendered-message.ts';
import { triggerOf } from '../../fake-slack/view-fixture.ts';

const origin = { channel: 'C0SYNC', threadTs: null };
let slack: FakeSlack;
let client: webApi.WebClient;

beforeEach(async () => {
  slack = await FakeSlack.start();
  const options = { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true };
  client = new webApi.WebClient(slack.botToken, options);
});
afterEach(() => slack[Symbol.asyncDispose]());

async function open() {
  const opened = await openModal(client, triggerOf(slack), buildLoadingModal(origin));
  if (opened.kind !== 'opened') throw new Error('not opened');
  return opened;
}

function update(target: { viewId: string; hash: string | null }, text: string): Promise<UpdateResult> {
  return updateModal(client, target, { message: textMessage(text), origin });
}

const shownText = () => renderedText(slack.views.modalOf('U0ALICE') ?? { blocks: [] });

it('A trigger opens one modal.', async () => {
  const trigger = triggerOf(slack);
  expect(await openModal(client, trigger, buildLoadingModal(origin))).toMatchObject({ kind: 'opened' });
  expect(shownText()).toBe('Loading…');
  expect(await openModal(client, trigger, buildLoadingModal(origin))).toMatchObject({ kind: 'not_opened' });
});

it('An update returns the hash for the next one, and an older one changes nothing.', async () => {
  const { viewId, hash } = await open();
  const first = await update({ viewId, hash }, 'first');
  expect(await update({ viewId, hash }, 'outdated')).toEqual({ kind: 'outdated' });
  expect(shownText()).toBe('first');
  if (first.kind !== 'done') throw new Error('not updated');
  expect(await update({ viewId, hash: first.hash }, 'second')).toMatchObject({ kind: 'done' });
  expect(await update({ viewId, hash: null }, 'third')).toMatchObject({ kind: 'done' });
  expect(shownText()).toBe('third');
});

it('A closed modal is expired.', async () => {
  const { viewId } = await open();
  slack.views.close('U0ALICE');
  expect(await update({ viewId, hash: null }, 'too late')).toEqual({ kind: 'expired' });
});

it('A message over the limits of Slack is shown as text.', async () => {
  const { viewId } = await open();
  const message = { text: 'x'.repeat(10_000), blocks: textMessage('y'.repeat(5_000)).blocks };
  expect(await updateModal(client, { viewId, hash: null }, { message, origin })).toMatchObject({ kind: 'done' });
  expect(shownText()).toMatch(/^x{2000,2900}…$/);
  expect(slack.violations).toEqual([]);
});
