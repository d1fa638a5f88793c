import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { selectsOf } from '../fake-slack/rendered-message.ts';
import {
  buttonLabels,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  visibleText,
} from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';

let harness: SlackHarness;
let links: TestLink[];

beforeEach(async () => {
  harness = await startSlackHarness();
  links = await Promise.all(['orders-full', 'orders-incr'].map((name) => harness.services.createLink(name)));
});
afterEach(() => closeWithoutViolations(harness));

const bob = { user: 'U0BOB' };
const pauseFlags = () => Promise.all(links.map(({ queue }) => queue.isPaused()));
const channelMessages = () => harness.slack.messagesVisibleTo('U0BOB', 'C0SYNC');
const stateOf = async (id: string) => (await harness.services.context.projects.read(id))?.state;

describe('commands and buttons over Socket Mode', () => {
  it('Only alice sees the dialog of a pause. After OK the channel gets one message, which ends with the outcome.', async () => {
    await harness.services.createProject('orders', links);
    await harness.services.instance.startWorkers();

    const dialog = await harness.runCommand('pause orders because schema change');
    expect(dialog.ephemeralFor).toBe('U0ALICE');
    expect(visibleText(dialog)).toContain('2 links stop');
    expect(visibleText(dialog)).toContain('Latency will grow until you restore orders');
    expect(visibleText(dialog)).toContain('schema change');
    expect(channelMessages()).toEqual([]);

    harness.press('OK', dialog);
    const outcome = await harness.waitForMessage('orders was paused', bob);
    expect(visibleText(outcome)).toMatch(/2 links · by <@U0ALICE> .* · schema change$/m);
    expect(outcome.ephemeralFor).toBeUndefined();
    expect(await pauseFlags()).toEqual([true, true]);
    const answer = await harness.waitForMessage('orders was paused · 2 links · see the message in <#C0SYNC>');
    expect([answer.ts, answer.ephemeralFor, buttonLabels(answer)]).toEqual([dialog.ts, 'U0ALICE', []]);
    expect(buttonLabels(outcome)).toEqual(['Restore']);
    expect(channelMessages()).toHaveLength(1);
  });

  it('Cancel changes nothing and posts nothing to the channel.', async () => {
    await harness.services.createProject('orders', links);
    await harness.services.instance.startWorkers();
    harness.press('Cancel', await harness.runCommand('pause orders'));
    expect(buttonLabels(await harness.waitForMessage('Nothing was changed'))).toEqual([]);
    expect(channelMessages()).toEqual([]);
    expect(await pauseFlags()).toEqual([false, false]);
    expect(await harness.services.context.projects.read('orders')).toMatchObject({ state: 'running', version: 1 });
  });

  it('A restore makes a Paused project run again.', async () => {
    for (const { queue } of links) await queue.pause();
    await harness.services.createProject('orders', links, { state: 'paused' });
    await harness.services.instance.startWorkers();
    await harness.requestAndPressOk('restore', 'orders');
    await harness.waitForMessage('orders was restored', bob);
    expect(await pauseFlags()).toEqual([false, false]);
  });

  it('The bot accepts the alias `resume` and upper case letters.', async () => {
    for (const { queue } of links) await queue.pause();
    await harness.services.createProject('orders', links, { state: 'paused' });
    await harness.services.instance.startWorkers();
    harness.press('OK', await harness.runCommand('Resume Orders '));
    await harness.waitForMessage('orders was restored', bob);
  });

  it('A start is refused while a precheck fails, and succeeds when all prechecks pass.', async () => {
    for (const { queue } of links) await queue.pause();
    await harness.services.createProject('orders', links, { state: 'not_started' });
    await harness.services.instance.startWorkers();
    const refusalMessage = await harness.runCommand('start orders');
    expect(visibleText(refusalMessage)).toContain('Start the workers of `orders-full` and `orders-incr`');
    expect(visibleText(refusalMessage)).toContain('Nothing was changed');

    for (const { startWorker } of links) await startWorker(async () => {});
    await harness.requestAndPressOk('start', 'orders');
    await harness.waitForMessage('orders was started', bob);
    expect(await pauseFlags()).toEqual([false, false]);
  });

  it('A restore of a Failed project shows the masked reason of the failed task and retries the task.', async () => {
    let taskFails = true;
    await links[0]?.startWorker(async () => {
      if (taskFails) throw new Error('row 17 refused at db.example.com:5432 for "secret"');
    });
    await harness.services.createProject('orders', links);
    await harness.services.instance.startWorkers();
    await links[0]?.queue.add('change', {});
    await harness.slack.waitFor(async () => (await stateOf('orders')) === 'failed');

    const dialog = await harness.runCommand('restore orders');
    expect(visibleText(dialog)).toContain('1 failed task will be retried');
    expect(visibleText(dialog)).toContain('row 17 refused at ‹host› for ‹value›');
    expect(visibleText(dialog)).not.toMatch(/secret|example\.com/);
    taskFails = false;
    harness.press('OK', dialog);
    const outcome = await harness.waitForMessage('orders was restored', bob);
    expect(visibleText(outcome)).toContain('1 failed task retried');
    await harness.slack.waitFor(async () => (await links[0]?.queue.getCompletedCount()) === 1);
  });

  it('The message of a pause counts the tasks in flight, and says from when on the project is quiet.', async () => {
    let release = () => {};
    const blocked = new Promise<void>((resolve) => {
      release = resolve;
    });
    await links[0]?.startWorker(() => blocked);
    await links[0]?.queue.add('long', {});
    await harness.slack.waitFor(async () => (await links[0]?.queue.getActiveCount()) === 1);
    await harness.services.createProject('orders', links);
    await harness.services.instance.startWorkers();
    await harness.requestAndPressOk('pause', 'orders');
    await harness.waitForMessage('1 task still finishing', bob);
    release();
    await harness.waitForMessage(/Its task in flight ended /, bob);
    expect(channelMessages()).toHaveLength(1);
  });

  it('An outcome is posted to the channel of the project.', async () => {
    await harness.services.createProject('orders', links, { channel: 'C0SYNC' });
    await harness.services.instance.startWorkers();
    await harness.requestAndPressOk('pause', 'orders', { channel: 'C0OTHER' });
    await harness.waitForMessage('orders was paused', bob);
    expect(harness.slack.messagesVisibleTo('U0BOB', 'C0OTHER')).toEqual([]);
  });

  it('List, show and precheck show live data, and the button of the allowed action opens the same dialog.', async () => {
    await harness.services.createProject('orders', links, { labels: ['prod'] });
    await harness.services.instance.startWorkers();
    const list = await harness.runCommand('list');
    expect(list.ephemeralFor).toBe('U0ALICE');
    expect(visibleText(list)).toMatch(/orders · Running/);
    expect(buttonLabels(list)).toContain('Pause');
    const show = await harness.runCommand('show orders');
    expect(visibleText(show)).toContain('orders-incr');
    expect(visibleText(await harness.runCommand('precheck orders'))).toContain('Start the workers of');

    harness.press('Pause', show);
    const dialog = await harness.waitForMessage('Pause orders?');
    harness.press('OK', dialog);
    await harness.waitForMessage('orders was paused', bob);
    expect(visibleText(await harness.runCommand('show orders'))).toMatch(/Paused[\s\S]*pause/i);
  });

  it('A long list has pages of ten projects.', async () => {
    const [link] = links;
    if (link === undefined) throw new Error('no link');
    for (let index = 10; index < 35; index++) await harness.services.createProject(`p${index}`, [link]);
    const first = await harness.runCommand('list');
    expect(buttonLabels(first)).toEqual([...Array<string>(10).fill('Pause'), 'Next']);
    harness.press('Next', first);
    const second = await harness.waitForMessage('p20 · Running');
    expect(buttonLabels(second)).toEqual(expect.arrayContaining(['Previous', 'Next']));
    harness.press('Next', second);
    const third = await harness.waitForMessage('p30 · Running');
    expect(buttonLabels(third)).toEqual([...Array<string>(5).fill('Pause'), 'Previous']);
    expect(harness.slack.messagesVisibleTo('U0ALICE', 'C0SYNC')).toHaveLength(1);
  });

  it('A choice in a menu of the list replaces the same private message, and combines with the other menu.', async () => {
    await harness.services.createProject('orders', links, { labels: ['Prod'] });
    await harness.services.createProject('users', links, { labels: ['Prod'], state: 'paused' });
    await harness.services.createProject('invoices', links, { state: 'paused' });
    const list = await harness.runCommand('list');
    expect(selectsOf(list).map(({ selected }) => selected)).toEqual(['All', 'All labels']);
    harness.slack.select({ user: 'U0ALICE', message: list, option: 'Paused' });
    const paused = await harness.waitForMessage(/Filter: paused$/m);
    expect(visibleText(paused)).toMatch(/invoices · Paused[\s\S]*users · Paused/);
    expect(visibleText(paused)).not.toContain('orders');
    harness.slack.select({ user: 'U0ALICE', message: paused, option: 'Prod' });
    const paused2 = await harness.waitForMessage(/Filter: paused label:prod$/m);
    expect(visibleText(paused2)).not.toContain('invoices');
    harness.slack.select({ user: 'U0ALICE', message: paused2, option: 'Failed' });
    const none = await harness.waitForMessage('No project with the label prod is Failed.');
    harness.slack.select({ user: 'U0ALICE', message: none, option: 'All labels' });
    await harness.waitForMessage('No project is Failed.');
    expect(harness.slack.messagesVisibleTo('U0ALICE', 'C0SYNC')).toHaveLength(1);
    expect(harness.slack.messagesVisibleTo('U0BOB', 'C0SYNC')).toEqual([]);
  });

  it('A button of an older list still shows its page.', async () => {
    await harness.services.createProject('orders', links, { labels: ['prod'] });
    const list = await harness.runCommand('list');
    const value = '{"page":0,"filter":"prod"}';
    harness.slack.pressForged({
      user: 'U0ALICE',
      channel: 'C0SYNC',
      actionId: 'sync:v1:page:next',
      value,
      message: list,
    });
    await harness.waitForMessage(/Filter: prod$/m);
  });

  it('A misspelt command is answered with help and a suggestion.', async () => {
    await harness.services.createProject('orders', links);
    expect(visibleText(await harness.runCommand('puase ordrs'))).toContain('pause orders');
    expect(visibleText(await harness.runCommand('pause ordrs'))).toContain('orders');
    await harness.services.createProject('invoices', links, { state: 'paused' });
    expect(visibleText(await harness.runCommand('pause'))).toContain('For example: `/sync pause orders`.');
    const forRestore = await harness.runCommand('restore');
    expect(visibleText(forRestore)).toContain('For example: `/sync restore invoices`.');
    expect(buttonLabels(forRestore)).toEqual(['Restore invoices', 'List']);
    expect(visibleText(await harness.runCommand('pause orders for ever'))).toMatch(/Nothing was changed/);
  });
});
