import { afterEach, describe, expect, it } from 'vitest';
import { actionIds } from '../../src/slack/contract.ts';
import { actionsBlock, buttonElement } from '../fake-slack/raw-client.ts';
import { buttonsOf } from '../fake-slack/rendered-message.ts';
import { inputsOf } from '../fake-slack/view-inputs.ts';
import { modalText, publishHome, waitForModal } from '../support/modal-users.ts';
import {
  channelMessages,
  closeWithoutViolations,
  type SlackHarness,
  type SlackHarnessOptions,
  startSlackHarness,
  visibleText,
  waitForChannelMessage,
} from '../support/slack-harness.ts';
import type { InitialProjectState } from '../support/test-services.ts';

let harness: SlackHarness;
afterEach(() => closeWithoutViolations(harness));

const alice = 'U0ALICE';
const incidents = { id: 'C0INCIDENT', name: 'incident-7', members: ['U0ALICE', 'U0BOB', 'U0CAROL', 'U0BOT'] };

async function start(
  states: Readonly<Record<string, InitialProjectState['state']>>,
  options: SlackHarnessOptions = {},
) {
  harness = await startSlackHarness(options);
  const { services } = harness;
  for (const [id, state] of Object.entries(states)) {
    const link = await services.createLink(`${id}-full`);
    await services.createProject(id, [link], { channel: 'C0SYNC', state: state ?? 'running' });
  }
  await services.instance.startWorkers();
}

function open(user = alice, channel = 'C0SYNC', text = '') {
  return harness.slack.command({ user, channel, text });
}

function choose(option: string | RegExp, user = alice) {
  harness.slack.views.choose({ user, input: actionIds.run.project, option: String(option) });
}

const press = (label: string, user = alice) => harness.slack.views.press({ user, label });

/** `/sync`, a project, Next. */
async function requestInModal(option: string, title: string, user = alice) {
  open(user);
  await waitForModal(harness, 'Choose a project', user);
  choose(option, user);
  await waitForModal(harness, 'Action', user);
  harness.slack.views.submit(user);
  return waitForModal(harness, title, user);
}

describe('/sync alone', () => {
  it('Four taps pause a project: the menu, the project, Next, OK.', async () => {
    await start({ orders: 'running' });
    open();
    await waitForModal(harness, 'Choose a project');
    let taps = 1; // on the menu
    choose('orders · Running');
    taps += 1;
    const form = await waitForModal(harness, 'Action');
    expect(form).toMatchObject({ title: 'syncbot', submit: 'Next', close: 'Close' });
    expect(modalText(form)).toContain('Start and Restore are not possible: it is Running already.');
    harness.slack.views.submit(alice);
    taps += 1;
    expect(buttonsOf(await waitForModal(harness, 'Pause orders?')).map(({ label }) => label)).toEqual(['OK', 'Cancel']);
    press('OK');
    taps += 1;
    await waitForModal(harness, 'orders was paused');
    await waitForChannelMessage(harness, /orders was paused/);
    expect(taps).toBe(4);
  });

  it('A command of only spaces opens the form.', async () => {
    await start({ orders: 'running' });
    open(alice, 'C0SYNC', '   ');
    await waitForModal(harness, 'Choose a project');
    expect(visibleText(await harness.runCommand('help'))).toContain('/sync list');
  });

  it('The reason is in the confirmation and in the outcome, as the person typed it.', async () => {
    await start({ orders: 'running' });
    open();
    await waitForModal(harness, 'Choose a project');
    choose('orders · Running');
    await waitForModal(harness, 'Action');
    harness.slack.views.enter({ user: alice, input: 'Reason', text: 'load <b> & test' });
    harness.slack.views.submit(alice);
    await waitForModal(harness, 'load &lt;b&gt; &amp; test');
    press('OK');
    await waitForChannelMessage(harness, /orders was paused .*load &lt;b&gt; &amp; test/);
    const [operation] = await harness.services.context.operations.listRecent('orders', 1);
    expect(operation?.reason).toBe('load <b> & test');
  });

  it('Another project has another action, and keeps the reason.', async () => {
    await start({ orders: 'running', stock: 'paused' });
    open();
    await waitForModal(harness, 'Choose a project');
    choose('orders · Running');
    await waitForModal(harness, 'Action');
    harness.slack.views.enter({ user: alice, input: 'Reason', text: 'deploy is over' });
    choose('stock · Paused');
    const form = await waitForModal(harness, 'Start is not possible: a Paused project must be restored');
    const action = inputsOf(form.blocks).find(({ label }) => label === 'Action');
    expect(action?.element).toMatchObject({ initial_option: { value: 'restore' }, options: [{ value: 'restore' }] });
    harness.slack.views.submit(alice);
    await waitForModal(harness, 'deploy is over');
    expect(modalText(await waitForModal(harness, 'Restore stock?'))).toContain('deploy is over');
  });

  it('A project whose state allows no action has no Next, says why, and can be shown.', async () => {
    await start({ orders: 'running' });
    await harness.services.redis.hset('syncbot:{p:orders}:state', 'state', 'pausing');
    open();
    await waitForModal(harness, 'Choose a project');
    choose('orders · Pausing');
    const form = await waitForModal(harness, 'wait until that is done');
    expect(form.submit).toBe('');
    press('Show');
    await waitForModal(harness, /^orders · Pausing/);
  });

  it('Projects are offered worst first, and List shows the list in the modal.', async () => {
    await start({ apples: 'running', orders: 'paused', stock: 'not_started' });
    open();
    const form = await waitForModal(harness, 'Choose a project');
    const [menu] = inputsOf(form.blocks);
    expect(menu?.element).toMatchObject({
      options: [{ value: 'orders' }, { value: 'apples' }, { value: 'stock' }],
    });
    press('List');
    await waitForModal(harness, '3 projects');
  });

  it('If no project is configured, the modal says so.', async () => {
    await start({});
    open();
    await waitForModal(harness, 'No project is configured yet.');
  });

  it('Cancel changes nothing, and a second request supersedes the first.', async () => {
    await start({ orders: 'running' });
    await requestInModal('orders · Running', 'Pause orders?');
    const dialog = await harness.runCommand('pause orders');
    press('OK');
    await waitForModal(harness, 'Replaced by a newer request');
    harness.press('Cancel', dialog);
    await harness.waitForMessage('Nothing was changed');
    expect(channelMessages(harness, /orders/)).toEqual([]);
  });
});

describe('the policy in the modal', () => {
  it('A person who may only look chooses a project to look at, and reads why.', async () => {
    await start({ orders: 'running' });
    open('U0CAROL');
    const form = await waitForModal(harness, 'Choose a project to see its details.', 'U0CAROL');
    expect(form.submit).toBe('');
    expect(modalText(form)).toContain('You may look, not change.');
    expect(buttonsOf(form).map(({ label }) => label)).toEqual(['List', 'Help']);
    harness.slack.views.choose({ user: 'U0CAROL', input: actionIds.show, option: 'orders · Running' });
    expect(
      buttonsOf(await waitForModal(harness, /^orders · Running/, 'U0CAROL')).map(({ label }) => label),
    ).not.toContain('Pause');
  });

  it('The operator is authorized again at Next and at OK.', async () => {
    const policy = { operators: ['U0ALICE'], channels: [] as string[] };
    await start({ orders: 'running' }, { policy });
    await requestInModal('orders · Running', 'Pause orders?');
    policy.operators.splice(0, 1, 'U0BOB');
    press('OK');
    await waitForModal(harness, 'You are not an operator');
    open('U0BOB');
    await waitForModal(harness, 'Choose a project', 'U0BOB');
    choose('orders · Running', 'U0BOB');
    await waitForModal(harness, 'Action', 'U0BOB');
    policy.operators.splice(0, 1, 'U0ALICE');
    harness.slack.views.submit('U0BOB');
    await waitForModal(harness, 'You are not an operator', 'U0BOB');
    expect(channelMessages(harness, /orders/)).toEqual([]);
  });

  it('The channel from which the modal was opened counts, also at OK.', async () => {
    const options = { policy: { operators: [alice], channels: ['C0SYNC'] }, slack: { channels: [incidents] } };
    await start({ orders: 'running' }, options);
    open(alice, incidents.id);
    await waitForModal(harness, /<#C0SYNC>/);
    harness.slack.views.close(alice);
    await requestInModal('orders · Running', 'Pause orders?');
    press('OK');
    await waitForModal(harness, 'orders was paused');
  });

  it('In a shared channel the modal has no action, and a person of another workspace gets a refusal.', async () => {
    await start({ orders: 'running' }, { slack: { channels: [{ ...incidents, isExtShared: true }] } });
    open(alice, incidents.id);
    await waitForModal(harness, 'use a channel that is not shared');
    open('U0BOB');
    await waitForModal(harness, 'Choose a project', 'U0BOB');
    harness.slack.user('U0BOB').teamId = 'T0OTHER';
    choose('orders · Running', 'U0BOB');
    await waitForModal(harness, 'Only members of the workspace', 'U0BOB');
  });

  it('A guest who is not an operator may only look.', async () => {
    await start({ orders: 'running' }, { policy: { operators: [alice], channels: [] } });
    open('U0BOB');
    await waitForModal(harness, 'Ask <@U0ALICE>.', 'U0BOB');
  });

  it('In a direct message, and where the bot is not a member, the outcome is in the modal and in the channel of the project.', async () => {
    await start({ orders: 'running' }, { slack: { channels: [{ ...incidents, members: [alice] }] } });
    for (const [channel, option, title, done] of [
      [harness.slack.directMessage(alice).id, 'orders · Running', 'Pause orders?', 'orders was paused'],
      [incidents.id, 'orders · Paused', 'Restore orders?', 'orders was restored'],
    ] as const) {
      open(alice, channel);
      await waitForModal(harness, 'Choose a project');
      choose(option);
      await waitForModal(harness, 'Action');
      harness.slack.views.submit(alice);
      await waitForModal(harness, title);
      press('OK');
      await waitForModal(harness, done);
      await waitForChannelMessage(harness, new RegExp(done));
    }
  });
});

describe('a modal when something else happens meanwhile', () => {
  it('Two people confirm at once: one wins, and the other reads who it was.', async () => {
    await start({ orders: 'running' });
    await requestInModal('orders · Running', 'Pause orders?');
    await requestInModal('orders · Running', 'Pause orders?', 'U0BOB');
    press('OK');
    await waitForModal(harness, 'orders was paused');
    press('OK', 'U0BOB');
    expect(modalText(await waitForModal(harness, 'orders · Not paused', 'U0BOB'))).toMatch(/<@U0ALICE>/);
  });

  it('OK after the expiry changes nothing, and asks again with one button.', async () => {
    await start({ orders: 'running' }, { settings: { confirmationTtlMs: 1 } });
    await requestInModal('orders · Running', 'Pause orders?');
    press('OK');
    const expired = await waitForModal(harness, /[Ee]xpired/);
    expect(buttonsOf(expired).map(({ label }) => label)).toEqual(['Pause']);
    expect(channelMessages(harness, /orders/)).toEqual([]);
  });

  it('The bot restarts between the confirmation and OK.', async () => {
    await start({ orders: 'running' });
    await requestInModal('orders · Running', 'Pause orders?');
    await harness.bot[Symbol.asyncDispose]();
    await harness.addBot();
    press('OK');
    await waitForModal(harness, 'orders was paused');
  });

  it('Slack delivers the submission twice: one operation is requested.', async () => {
    await start({ orders: 'running' });
    open();
    await waitForModal(harness, 'Choose a project');
    choose('orders · Running');
    await waitForModal(harness, 'Action');
    harness.slack.redeliver(harness.slack.views.submit(alice));
    await harness.slack.waitFor(() => harness.logLines.some(({ msg }) => msg === 'second delivery dropped'));
    await waitForModal(harness, 'Pause orders?');
    expect(await harness.services.context.operations.listRecent('orders', 5)).toHaveLength(1);
  });

  it('The project is removed before Next: the refusal is in the modal.', async () => {
    await start({ orders: 'paused' });
    open();
    await waitForModal(harness, 'Choose a project');
    choose('orders · Paused');
    await waitForModal(harness, 'Action');
    await harness.services.context.projects.remove('orders', 1, 'cli:root');
    harness.slack.views.submit(alice);
    await waitForModal(harness, 'There is no project called orders');
  });

  it('When Slack opens no modal, the bot answers with the help.', async () => {
    await start({ orders: 'running' }, { slack: { triggerLifetimeMs: -1 } });
    open();
    await harness.waitForMessage('/sync list');
  });

  it('The channel gets the outcome also if the person closes the modal.', async () => {
    await start({ orders: 'running' });
    await requestInModal('orders · Running', 'Pause orders?');
    press('OK');
    harness.slack.views.close(alice);
    await waitForChannelMessage(harness, /orders was paused/);
  });

  it('A press of a button from an earlier version is answered in a modal.', async () => {
    await start({ orders: 'running' });
    const view = await publishHome(harness, actionsBlock(buttonElement('Old', 'sync:v0:old', 'orders')));
    harness.slack.views.press({ user: alice, view, label: 'Old' });
    await waitForModal(harness, 'This button is from an older version of syncbot.');
  });

  it('Run a Command… in the Home tab opens the form.', async () => {
    await start({ orders: 'running' });
    const view = await publishHome(harness, actionsBlock(buttonElement('Run a Command…', actionIds.run.open)));
    harness.slack.views.press({ user: alice, view, label: 'Run a Command…' });
    await waitForModal(harness, 'Choose a project');
  });

  it('Over HTTP the form works the same.', async () => {
    await start({ orders: 'running' }, { transport: 'http' });
    await requestInModal('orders · Running', 'Pause orders?');
    press('OK');
    await waitForModal(harness, 'orders was paused');
  });
});

describe('more projects than a menu holds', () => {
  const many = Object.fromEntries(
    Array.from({ length: 101 }, (_, index) => [`p${String(index).padStart(3, '0')}`, 'running' as const]),
  );

  it('Slack asks the bot for those that match what the person types.', async () => {
    harness = await startSlackHarness();
    for (const [id, state] of Object.entries({ ...many, 'orders-eu': 'paused' as const })) {
      const queue = id === 'orders-eu' ? 'shop-changes' : id;
      const link = { queue, connection: 'default', prefix: 'bull' };
      await harness.services.createProject(id, [{ link }], { state });
    }
    open();
    await waitForModal(harness, 'Choose a project');
    const search = (text: string) =>
      harness.slack.views.typeAhead({ user: alice, input: actionIds.run.project, text }).options;
    const all = await search('');
    expect(all).toHaveLength(100);
    expect(all[0]).toMatchObject({ value: 'orders-eu' });
    for (const typed of ['ers-e', 'ORDERS', 'shop', 'paused'])
      expect(await search(typed)).toEqual([expect.objectContaining({ value: 'orders-eu' })]);
    expect(await search('nothing like it')).toEqual([]);
    await search('orders');
    choose('orders-eu · Paused');
    await waitForModal(harness, 'Action');
  });
});
