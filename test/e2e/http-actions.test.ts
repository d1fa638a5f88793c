import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { operationRefValue } from '../../src/slack/button-values.ts';
import { buttonLabels, type SlackHarness, startSlackHarness, visibleText } from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';

let harness: SlackHarness;
let links: TestLink[];

beforeEach(async () => {
  harness = await startSlackHarness({ transport: 'http' });
  links = await Promise.all(['orders-full', 'orders-incr'].map((name) => harness.services.createLink(name)));
  await harness.services.instance.startWorkers();
});
afterEach(async () => {
  const { slack, rejections } = harness;
  await harness[Symbol.asyncDispose]();
  expect(slack.violations).toEqual([]);
  expect(slack.callsTo('apps.connections.open')).toEqual([]);
  expect(rejections).toEqual([]);
});

const bob = { user: 'U0BOB' };
const pauseFlags = () => Promise.all(links.map(({ queue }) => queue.isPaused()));
const channelMessages = () => harness.slack.messagesVisibleTo('U0BOB', 'C0SYNC');
const operations = () => harness.services.context.operations.listRecent('orders', 10);
const pauseLinks = async () => {
  for (const { queue } of links) await queue.pause();
};

describe('commands and buttons over HTTP', () => {
  it('Only alice sees the list and the dialog. After OK the channel gets one message, which ends with the outcome.', async () => {
    await harness.services.createProject('orders', links);
    const list = await harness.runCommand('list');
    expect(list.ephemeralFor).toBe('U0ALICE');
    expect(visibleText(list)).toMatch(/orders · Running/);
    harness.press('Pause', list);
    const dialog = await harness.waitForMessage('Pause orders?');
    expect(buttonLabels(dialog)).toEqual(['OK', 'Cancel']);
    expect(channelMessages()).toEqual([]);
    expect((await harness.press('OK', dialog).acked).kind).toBe('acked');
    expect(visibleText(await harness.waitForMessage('orders was paused', bob))).toContain('2 links · by <@U0ALICE>');
    expect(await pauseFlags()).toEqual([true, true]);
    expect(channelMessages()).toHaveLength(1);
  });

  it('The bot keeps special characters and non-Latin text of a reason.', async () => {
    await harness.services.createProject('orders', links);
    const dialog = await harness.runCommand('pause orders because 50 % & “ключ” = 空 + <b>');
    expect(visibleText(dialog)).toContain('50 % &amp; “ключ” = 空 + &lt;b&gt;');
    harness.press('OK', dialog);
    expect(visibleText(await harness.waitForMessage('orders was paused', bob))).toContain('空');
  });

  it('Cancel changes nothing and posts nothing to the channel.', async () => {
    await harness.services.createProject('orders', links);
    harness.press('Cancel', await harness.runCommand('pause orders'));
    expect(buttonLabels(await harness.waitForMessage('Nothing was changed'))).toEqual([]);
    expect(channelMessages()).toEqual([]);
    expect(await pauseFlags()).toEqual([false, false]);
    expect(await harness.services.context.projects.read('orders')).toMatchObject({ state: 'running', version: 1 });
  });

  it('A press of OK on an expired dialog changes nothing and shows that it expired.', async () => {
    await harness.services.createProject('orders', links);
    const dialog = await harness.runCommand('pause orders');
    const [operation] = await operations();
    await harness.services.redis.hset(`syncbot:{p:orders}:op:${operation?.id}`, 'expiresAt', '1');
    harness.press('OK', dialog);
    expect(buttonLabels(await harness.waitForMessage(/Expired[\s\S]*Nothing was changed/))).toEqual(['Pause']);
    expect(await harness.services.context.projects.read('orders')).toMatchObject({ state: 'running', version: 1 });
  });

  it('A restore makes a Paused project run again.', async () => {
    await pauseLinks();
    await harness.services.createProject('orders', links, { state: 'paused' });
    await harness.requestAndPressOk('restore', 'orders');
    await harness.waitForMessage('orders was restored', bob);
    expect(await pauseFlags()).toEqual([false, false]);
  });

  it('Several presses of OK pause the project once.', async () => {
    await harness.services.createProject('orders', links);
    const dialog = await harness.runCommand('pause orders');
    const presses = [harness.press('OK', dialog), harness.press('OK', dialog)];
    await harness.waitForMessage('orders was paused', bob);
    presses.push(harness.press('OK', dialog));
    for (const { acked } of presses) expect((await acked).kind).toBe('acked');
    expect(await operations()).toHaveLength(1);
    expect(await harness.services.context.projects.read('orders')).toMatchObject({ state: 'paused', version: 3 });
    await harness.slack.waitFor(() => channelMessages().length === 1);
  });

  it('Only the requester can press OK, and a press by another person leaves the dialog usable.', async () => {
    await harness.services.createProject('orders', links);
    const dialog = await harness.runCommand('pause orders');
    const [operation] = await operations();
    const value = operationRefValue({ project: 'orders', operation: operation?.id ?? '' });
    harness.slack.pressForged({ user: 'U0BOB', channel: 'C0SYNC', actionId: 'sync:v1:ok', value });
    expect(visibleText(await harness.waitForMessage('Only', bob))).toContain('<@U0ALICE>');
    expect((await operations())[0]).toMatchObject({ state: 'requested' });
    harness.press('OK', dialog);
    await harness.waitForMessage('orders was paused', bob);
  });
});
