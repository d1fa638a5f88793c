import { afterEach, describe, expect, it } from 'vitest';
import { actionIds } from '../../src/slack/action-ids.ts';
import { buttonsOf, renderedText } from '../fake-slack/rendered-message.ts';
import { keys } from '../support/keys.ts';
import {
  closeWithoutViolations,
  type SlackHarness,
  type SlackHarnessOptions,
  startSlackHarness,
} from '../support/slack-harness.ts';
import { waitFor } from '../support/wait-for.ts';

let harness: SlackHarness;
afterEach(() => closeWithoutViolations(harness));

type Start = SlackHarnessOptions & { readonly state?: 'running' | 'paused'; readonly projects?: readonly string[] };

/** Projects with the channel #sync. */
async function start({ state = 'running', projects = ['orders'], ...options }: Start = {}) {
  harness = await startSlackHarness(options);
  for (const id of projects) {
    const link = await harness.services.createLink(`${id}-full`);
    await link.startWorker(async ({ data }) => {
      if (data['fails'] === true) throw new Error('connection refused');
    });
    await harness.services.createProject(id, [link], { channel: 'C0SYNC', state });
  }
  await harness.services.instance.startWorkers();
}

function homeText(user = 'U0ALICE'): string {
  const home = harness.slack.views.homeOf(user);
  return home === undefined ? '' : renderedText(home).replaceAll('*', '');
}

function homeButtons(user = 'U0ALICE'): string[] {
  const home = harness.slack.views.homeOf(user);
  const labels = home === undefined ? [] : buttonsOf(home).map(({ label }) => label);
  return labels.filter((label) => label !== 'Run a command…');
}

function waitForHome(pattern: RegExp, user = 'U0ALICE'): Promise<true> {
  return harness.slack.waitFor(() => (pattern.test(homeText(user)) ? (true as const) : undefined), {
    description: `${pattern} in the Home of ${user}`,
  });
}

async function openHome(pattern = /./, user = 'U0ALICE'): Promise<void> {
  harness.slack.views.openHome(user);
  await waitForHome(pattern, user);
}

async function waitForNoJobs(): Promise<void> {
  await waitFor(async () => {
    const counts = await harness.services.instance.health.readJobCounts();
    return Object.values(counts?.['notifications'] ?? { unknown: 1 }).every((count) => count === 0);
  });
}

/** Alice presses a button of her Home, and waits for the modal with the answer. */
async function pressInHome(label: string, answer: RegExp): Promise<void> {
  const view = harness.slack.views.homeOf('U0ALICE');
  if (view === undefined) throw new Error('no Home');
  harness.slack.views.press({ user: 'U0ALICE', view, label });
  await waitForModal(answer);
}

async function waitForModal(answer: RegExp): Promise<void> {
  await harness.slack.waitFor(() => answer.test(modalText()), { description: `${answer} in the modal` });
}

function modalText(): string {
  return renderedText(harness.slack.views.modalOf('U0ALICE') ?? { blocks: [] }).replaceAll('*', '');
}

const publications = (user?: string) =>
  harness.slack.callsTo('views.publish').filter(({ args }) => user === undefined || args['user_id'] === user);

describe('Home', () => {
  it('Run a command… opens the form of /sync.', async () => {
    await start();
    await openHome(/Nothing needs attention/);
    await pressInHome('Run a command…', /orders|project/i);
    expect(harness.slack.views.modalOf('U0ALICE')?.callbackId).toBeDefined();
  });

  it('Home says that nothing needs attention, since when, and who paused what and why.', async () => {
    await start({ projects: ['orders', 'users'] });
    await openHome(/Nothing needs attention · observed .* at .*\n2 projects: 2 Running/);
    await harness.runCommand('pause orders because we deploy').then((dialog) => harness.press('OK', dialog));
    await waitForHome(/Paused: 1\norders · Paused · since .*\nBy <@U0ALICE>: we deploy/);
    await waitForHome(/Last operations\n.* · orders · <@U0ALICE> · Pause · Done · we deploy/);
    expect(homeButtons()).toEqual(['Restore']);
    expect(homeText()).toMatch(/Nothing needs attention/);
  });

  it('A failure comes first, with its cause and Restore, and is gone after the restore of another person.', async () => {
    await start({ projects: ['orders', 'payments'], showErrors: true });
    await openHome(/Nothing needs attention/);
    const link = await harness.services.createLink('payments-full');
    const task = await link.queue.add('change', { fails: true });
    await waitForHome(
      /1 needs attention: 1 Failed\n[\s\S]*Needs attention: 1\npayments · Failed · since .*\nA task failed.*connection refused/,
    );
    expect(homeButtons()).toEqual(['Restore']);
    await task.updateData({});
    await harness.requestAndPressOk('restore', 'payments', { user: 'U0BOB' });
    await waitForHome(/Nothing needs attention[\s\S]*payments · <@U0BOB> · Restore · Done/);
  });

  it('An open dialog is in the Home of its person only, until it is answered. Other Homes are not published again.', async () => {
    await start();
    await openHome(/Nothing needs attention/);
    await openHome(/Nothing needs attention/, 'U0BOB');
    const before = publications('U0BOB').length;
    const dialog = await harness.runCommand('pause orders because we deploy');
    await waitForHome(/Waiting for your OK: 1\norders · Pause · waits for your OK until .*\nReason: we deploy/);
    expect(homeButtons()).toContain('Show Dialog');
    harness.press('Cancel', dialog);
    await waitForHome(/^(?![\s\S]*Waiting for your OK)[\s\S]*Nothing needs/);
    expect(publications('U0BOB')).toHaveLength(before);
  });

  it('A person who may only look sees no action, and whom to ask.', async () => {
    await start({ state: 'paused' });
    await openHome(/Paused: 1\norders/, 'U0CAROL');
    expect(homeButtons('U0CAROL')).toEqual([]);
    expect(homeText('U0CAROL')).toContain('You may look, not change. Ask <@U0ALICE> or <@U0BOB>.');
  });

  it('Where the policy names channels, Home has no action, and names them.', async () => {
    await start({ state: 'paused', policy: { operators: ['U0ALICE'], channels: ['C0SYNC'] } });
    await openHome(/To change a project, use <#C0SYNC>/);
    expect(homeButtons()).toEqual([]);
  });

  it('Home says since when no worker observes the links, and is not green then.', async () => {
    await start();
    await openHome(/Nothing needs attention/);
    const bot = await harness.addBot();
    await harness.services.instance.stopWorkers();
    const { redis } = harness.services;
    const cycle = JSON.parse((await redis.get(keys.observeCycle)) ?? '{}');
    await redis.set(keys.observeCycle, JSON.stringify({ ...cycle, completedAt: cycle.completedAt - 3_600_000 }));
    await bot.services.startSweep();
    await waitForHome(/^1 project: 1 Running\nNot observed since /);
    await bot.services.startWorkers();
    await waitForHome(/^Nothing needs attention/);
  });

  it('While a project cannot be read, Home does not say that nothing needs attention.', async () => {
    await start({ projects: ['orders', 'users'] });
    await harness.services.redis.hset(keys.project('users').state, 'v', '99');
    await openHome(/1 project could not be read/);
    expect(homeText()).not.toContain('Nothing needs attention');
  });
});

describe('presses in Home', () => {
  it('Restore asks in a modal, and Home shows the outcome.', async () => {
    await start({ state: 'paused' });
    await openHome(/Paused: 1/);
    await pressInHome('Restore', /Restore orders\?/);
    harness.slack.views.submit('U0ALICE');
    await waitForHome(/^Nothing needs attention[\s\S]*1 Running[\s\S]*Restore · Done/);
    expect(homeButtons()).toEqual([]);
  });

  it('Show Dialog shows the dialog of a command again, and OK in it counts.', async () => {
    await start();
    await openHome(/Nothing needs attention/);
    await harness.runCommand('pause orders because we deploy');
    await waitForHome(/Waiting for your OK: 1/);
    await pressInHome('Show Dialog', /Pause orders\?[\s\S]*Reason: we deploy/);
    harness.slack.views.submit('U0ALICE');
    await waitForHome(/Paused: 1[\s\S]*Pause · Done · we deploy/);
  });

  it('The open dialog of several projects is one line. Show Dialog shows it, or what became of it.', async () => {
    await start({ projects: ['orders', 'users'] });
    await openHome(/Nothing needs attention/);
    const isOpen =
      /Waiting for your OK: 1\n2 projects: orders and users · Pause · waits for your OK until .*\nReason: we deploy/;
    const isAnswered = /^(?![\s\S]*Waiting for your OK)/;
    const dialog = await harness.runCommand('pause orders users because we deploy');
    await waitForHome(isOpen);
    const view = harness.slack.views.homeOf('U0ALICE') ?? expect.fail('no Home');
    harness.press('Cancel', dialog);
    await waitForHome(isAnswered);
    harness.slack.views.press({ user: 'U0ALICE', view, label: 'Show Dialog' });
    await waitForModal(/Cancelled, nothing was paused/);
    await harness.runCommand('pause orders users because we deploy');
    await waitForHome(isOpen);
    await pressInHome('Show Dialog', /Pause 2 projects\?[\s\S]*Reason: we deploy/);
    harness.slack.views.submit('U0ALICE');
    await waitForHome(/^(?![\s\S]*Waiting for your OK)[\s\S]*Paused: 2/);
  });

  it('Show Dialog says so if the dialog was answered meanwhile.', async () => {
    await start();
    await openHome(/Nothing needs attention/);
    const dialog = await harness.runCommand('pause orders');
    await waitForHome(/Waiting for your OK: 1/);
    const view = harness.slack.views.homeOf('U0ALICE');
    if (view === undefined) throw new Error('no Home');
    harness.press('Cancel', dialog);
    await waitForHome(/^(?![\s\S]*Waiting for your OK)/);
    harness.slack.views.press({ user: 'U0ALICE', view, label: 'Show Dialog' });
    await waitForModal(/orders · .*[Cc]ancelled/);
  });

  it('A press of a person who is not an operator any more is refused in a modal.', async () => {
    const operators = ['U0ALICE'];
    await start({ state: 'paused', policy: { operators, channels: [] } });
    await openHome(/Paused: 1/);
    operators.splice(0, 1, 'U0BOB');
    await pressInHome('Restore', /Nothing was changed/);
  });

  it('The menus choose what Home shows, and the heading still counts all projects.', async () => {
    await start({ projects: ['orders', 'users'] });
    await openHome(/Nothing needs attention/);
    harness.slack.views.choose({ user: 'U0ALICE', in: 'home', input: actionIds.homeFilter.state, option: 'Running' });
    await waitForHome(/2 projects: 2 Running\n[\s\S]*2 projects\norders · Running\n1 link\n[\s\S]*users · Running/);
    harness.slack.views.choose({ user: 'U0ALICE', in: 'home', input: actionIds.homeFilter.state, option: 'Failed' });
    await waitForHome(/2 projects: 2 Running\n[\s\S]*Nothing to show with this filter/);
    await openHome(/Nothing to show with this filter/);
    expect(harness.slack.views.modalOf('U0ALICE')).toBeUndefined();
  });

  it('Home shows ten projects of a section, and a button opens the list of all.', async () => {
    await start({ state: 'paused', projects: Array.from({ length: 12 }, (_project, index) => `p-${index}`) });
    await openHome(/Paused: 12\n[\s\S]*And 2 more/);
    await pressInHome('List paused', /12 projects/);
  });
});

describe('updates of Home', () => {
  it('Many changes within a moment cause few publications.', async () => {
    const projects = Array.from({ length: 8 }, (_project, index) => `orders-${index}`);
    await start({ projects });
    await openHome(/8 Running/);
    await Promise.all(projects.map((id) => harness.services.requestAndConfirm(id, 'pause')));
    await waitForHome(/8 projects: 8 Paused/);
    await waitForHome(/(?:Pause · Done[\s\S]*){8}/);
    expect(publications().length).toBeLessThanOrEqual(5);
  });

  it('The bot publishes no Home for a person who has not opened it, or if Slack does not send the event.', async () => {
    await start();
    await harness.requestAndPressOk('pause', 'orders');
    await harness.waitForMessage('orders was paused');
    await waitForNoJobs();
    expect(publications()).toEqual([]);
  });

  it('Two bots update the same Home.', async () => {
    await start();
    await harness.addBot();
    await openHome(/Nothing needs attention/);
    await harness.requestAndPressOk('pause', 'orders');
    await waitForHome(/Paused: 1[\s\S]*Pause · Done/);
    await openHome(/./, 'U0BOB');
    await harness.requestAndPressOk('restore', 'orders');
    await Promise.all([waitForHome(/Restore · Done/), waitForHome(/Restore · Done/, 'U0BOB')]);
  });

  it('A publication whose reply was lost is followed by the next one.', async () => {
    await start();
    await openHome(/Nothing needs attention/);
    harness.slack.injectFault({ method: 'views.publish', dropReply: true });
    await harness.requestAndPressOk('pause', 'orders');
    await waitForHome(/Paused: 1/);
    await harness.requestAndPressOk('restore', 'orders');
    await waitForHome(/Restore · Done/);
  });

  it('A Home opened before a restart is updated after it.', async () => {
    await start();
    await openHome(/Nothing needs attention/);
    await harness.bot[Symbol.asyncDispose]();
    await harness.services.instance.stopWorkers();
    await harness.services.requestAndConfirm('orders', 'pause', 'U0BOB');
    const bot = await harness.addBot();
    await bot.services.startWorkers();
    await waitForHome(/Paused: 1[\s\S]*<@U0BOB> · Pause · Done/);
  });

  it('When Slack limits the rate, Home is updated later, and the outcome is not delayed.', async () => {
    await start();
    await openHome(/Nothing needs attention/);
    const fault = harness.slack.injectFault({ method: 'views.publish', retryAfter: 2, times: 2 });
    await harness.requestAndPressOk('pause', 'orders');
    await harness.waitForMessage('orders was paused');
    expect(homeText()).not.toContain('Pause · Done');
    await waitForHome(/Pause · Done/);
    expect(fault.hits).toBe(2);
  });

  it('Where Slack does not show Home, it is not published any more until it is opened again.', async () => {
    await start();
    await openHome(/Nothing needs attention/);
    const fault = harness.slack.injectFault({ method: 'views.publish', error: 'not_enabled', times: 9 });
    await harness.requestAndPressOk('pause', 'orders');
    await fault.firstHit;
    await waitFor(async () => (await harness.services.redis.exists(keys.homes)) === 0);
    expect(fault.hits).toBe(1);
    fault.cancel();
    await openHome(/Paused: 1/);
  });

  it('While Redis does not answer, Home says so. Opened again afterwards, it shows the state.', async () => {
    await start({ throughProxy: true });
    await openHome(/Nothing needs attention/);
    harness.services.proxy.goDown();
    await openHome(/^syncbot could not|Redis/);
    harness.services.proxy.recover();
    await openHome(/Nothing needs attention/);
  });
});
