import { afterEach, describe, expect, it } from 'vitest';
import { refOf } from '../../src/domain/operation.ts';
import { actionIds } from '../../src/slack/action-ids.ts';
import { operationRefValue } from '../../src/slack/button-values.ts';
import { runForm } from '../../src/slack/run-form-ids.ts';
import { buildLoadingModal, buildOkAgainPage } from '../../src/slack/views/modal.ts';
import { actionsBlock, buttonElement, callApi } from '../fake-slack/raw-client.ts';
import { buttonsOf } from '../fake-slack/rendered-message.ts';
import { inputBlock, option, plain } from '../fake-slack/view-fixture.ts';
import { inputsOf } from '../fake-slack/view-inputs.ts';
import type { VisibleView } from '../fake-slack/view-users.ts';
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
import { waitFor } from '../support/wait-for.ts';

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

/** Waits for the actions of the chosen project, and presses Next. */
async function next(user = alice) {
  await waitForModal(harness, chosenProject, user);
  return harness.slack.views.submit(user);
}

/** The form says since when the chosen project is in its state. */
const chosenProject = /Since /;

/** The submit button of the confirmation. */
function ok(user = alice) {
  expect(harness.slack.views.modalOf(user)).toMatchObject({ submit: 'OK', close: 'Cancel' });
  return harness.slack.views.submit(user);
}

/** `/sync`, a project, Next. */
async function requestInModal(option: string, title: string, user = alice) {
  open(user);
  await waitForModal(harness, 'Choose a project', user);
  choose(option, user);
  await next(user);
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
    const form = await waitForModal(harness, chosenProject);
    expect(form).toMatchObject({ title: 'syncbot', submit: 'Next', close: 'Cancel' });
    expect(modalText(form)).toContain('Start and Restore are not possible: it is Running already.');
    harness.slack.views.submit(alice);
    taps += 1;
    expect(buttonsOf(await waitForModal(harness, 'Pause orders?'))).toEqual([]);
    ok();
    taps += 1;
    expect(await waitForModal(harness, 'orders was paused')).toMatchObject({ submit: '', close: 'Close' });
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
    await waitForModal(harness, chosenProject);
    harness.slack.views.enter({ user: alice, input: 'Reason', text: 'load <b> & test' });
    harness.slack.views.submit(alice);
    await waitForModal(harness, 'load &lt;b&gt; &amp; test');
    ok();
    await waitForChannelMessage(harness, /orders was paused .*load &lt;b&gt; &amp; test/);
    const [operation] = await harness.services.context.operations.listRecent('orders', 1);
    expect(operation?.reason).toBe('load <b> & test');
  });

  it('Another project has another action, and keeps the reason.', async () => {
    await start({ orders: 'running', stock: 'paused' });
    open();
    await waitForModal(harness, 'Choose a project');
    choose('orders · Running');
    await waitForModal(harness, chosenProject);
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
    expect(form).toMatchObject({ submit: 'Show', close: 'Close' });
    harness.slack.views.submit(alice);
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

  it('A second request supersedes the first.', async () => {
    await start({ orders: 'running' });
    await requestInModal('orders · Running', 'Pause orders?');
    const dialog = await harness.runCommand('pause orders');
    ok();
    await waitForModal(harness, 'Replaced by a newer request');
    harness.press('Cancel', dialog);
    await harness.waitForMessage('Nothing was changed');
    expect(channelMessages(harness, /orders was/)).toEqual([]);
  });

  it('The form opens before any Redis call, so it opens while Redis is down.', async () => {
    await start({ orders: 'running' }, { throughProxy: true });
    harness.services.proxy.goDown();
    open();
    await waitForModal(harness, 'Loading…');
    await waitForModal(harness, "the bot's Redis did not answer. Nothing was changed.");
    harness.services.proxy.recover();
  });
});

describe('the form when the bot has not answered the choice of the project', () => {
  /** No bot receives the choice. */
  async function chooseUnanswered(option: string) {
    open();
    const form = await waitForModal(harness, 'Choose a project');
    await harness.bot[Symbol.asyncDispose]();
    choose(option);
    await harness.addBot();
    return form;
  }
  const actionOptions = (form: VisibleView) =>
    inputsOf(form.blocks).find(({ label }) => label === 'Action')?.element['options'];

  it('Four taps pause a project: the menu, the project, Next, OK.', async () => {
    await start({ orders: 'running' });
    const form = await chooseUnanswered('orders · Running');
    expect(form).toMatchObject({ submit: 'Next', close: 'Cancel' });
    harness.slack.views.submit(alice);
    await waitForModal(harness, 'Pause orders?');
    ok();
    await waitForModal(harness, 'orders was paused');
  });

  it('It offers what some project allows, and says for which state.', async () => {
    await start({ orders: 'running', stock: 'paused' });
    open();
    const form = await waitForModal(harness, 'Choose a project');
    expect(actionOptions(form)).toMatchObject([{ value: 'pause' }, { value: 'restore' }]);
    expect(JSON.stringify(form.blocks)).toContain(
      'Pause: if Running. Restore: if Paused or Failed. If you choose none,',
    );
  });

  it('An action that the project does not allow is refused above the form, which keeps the reason.', async () => {
    await start({ orders: 'running', stock: 'paused' });
    await chooseUnanswered('stock · Paused');
    harness.slack.views.choose({ user: alice, input: 'Action', option: 'Pause' });
    harness.slack.views.enter({ user: alice, input: 'Reason', text: 'deploy <now>' });
    harness.slack.views.submit(alice);
    const form = await waitForModal(harness, /^stock is Paused already. Nothing to do./);
    expect(form).toMatchObject({ submit: 'Next', close: 'Cancel' });
    expect(actionOptions(form)).toMatchObject([{ value: 'restore' }]);
    expect(await harness.services.context.operations.listRecent('stock', 5)).toEqual([]);
    harness.slack.views.submit(alice);
    await waitForModal(harness, /Restore stock\?[\s\S]*deploy &lt;now&gt;/);
  });

  it('A project whose state allows no action is refused, and can be shown.', async () => {
    await start({ orders: 'running', stock: 'running' });
    await harness.services.redis.hset('syncbot:{p:orders}:state', 'state', 'pausing');
    await chooseUnanswered('orders · Pausing');
    harness.slack.views.submit(alice);
    expect(await waitForModal(harness, /^orders is Pausing.*wait until that is done/)).toMatchObject({
      submit: 'Show',
    });
    harness.slack.views.submit(alice);
    await waitForModal(harness, /^orders · Pausing/);
  });

  it('A person who may only look presses Show.', async () => {
    await start({ orders: 'running' });
    open('U0CAROL');
    await waitForModal(harness, 'Choose a project to see its details.', 'U0CAROL');
    await harness.bot[Symbol.asyncDispose]();
    harness.slack.views.choose({ user: 'U0CAROL', input: actionIds.show, option: 'orders · Running' });
    await harness.addBot();
    harness.slack.views.submit('U0CAROL');
    await waitForModal(harness, /^orders · Running/, 'U0CAROL');
  });
});

describe('the policy in the modal', () => {
  it('A person who may only look chooses a project to look at, and reads why.', async () => {
    await start({ orders: 'running' });
    open('U0CAROL');
    const form = await waitForModal(harness, 'Choose a project to see its details.', 'U0CAROL');
    expect(form).toMatchObject({ submit: 'Show', close: 'Close' });
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
    ok();
    await waitForModal(harness, 'You are not an operator');
    open('U0BOB');
    await waitForModal(harness, 'Choose a project', 'U0BOB');
    choose('orders · Running', 'U0BOB');
    await waitForModal(harness, chosenProject, 'U0BOB');
    policy.operators.splice(0, 1, 'U0ALICE');
    harness.slack.views.submit('U0BOB');
    await waitForModal(harness, 'You are not an operator', 'U0BOB');
    expect(channelMessages(harness, /orders was/)).toEqual([]);
  });

  it('The channel from which the modal was opened counts, also at OK.', async () => {
    const options = { policy: { operators: [alice], channels: ['C0SYNC'] }, slack: { channels: [incidents] } };
    await start({ orders: 'running' }, options);
    open(alice, incidents.id);
    await waitForModal(harness, /<#C0SYNC>/);
    harness.slack.views.close(alice);
    await requestInModal('orders · Running', 'Pause orders?');
    ok();
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
      await next();
      await waitForModal(harness, title);
      ok();
      await waitForModal(harness, done);
      await waitForChannelMessage(harness, new RegExp(done));
    }
  });
});

describe('Cancel of a confirmation in a modal', () => {
  const stateOfOperation = async () => (await harness.services.context.operations.listRecent('orders', 1))[0]?.state;

  it.each(['button', 'x'] as const)(
    'A person who closes the modal (%s) has cancelled, and nothing is changed.',
    async (how) => {
      await start({ orders: 'running' });
      await requestInModal('orders · Running', 'Pause orders?');
      const { context } = harness.services;
      const [operation] = await context.operations.listRecent('orders', 1);
      expect(operation?.state).toBe('requested');
      expect(await harness.slack.views.close(alice, how)?.acked).toMatchObject({ kind: 'acked' });
      await waitFor(async () => (await stateOfOperation()) === 'cancelled');
      expect(await context.operations.listOpen('orders')).toEqual([]);
      expect(channelMessages(harness, /orders was/)).toEqual([]);
      for (const each of [harness.slack.directMessage(alice).id, 'C0SYNC'])
        expect(
          harness.slack.messagesVisibleTo(alice, each).filter((message) => /orders (?!·)/.test(visibleText(message))),
        ).toEqual([]);
    },
  );

  it('Slack delivers it twice: it is cancelled once.', async () => {
    await start({ orders: 'running' });
    await requestInModal('orders · Running', 'Pause orders?');
    const closed = harness.slack.views.close(alice);
    if (closed === null) throw new Error('no notice');
    await harness.slack.redeliver(closed).acked;
    await waitFor(async () => (await stateOfOperation()) === 'cancelled');
  });

  it('After the expiry it is not cancelled, but expired.', async () => {
    await start({ orders: 'running' }, { settings: { confirmationTtlMs: 1 } });
    await requestInModal('orders · Running', 'Pause orders?');
    await harness.slack.views.close(alice)?.acked;
    await waitFor(async () => (await stateOfOperation()) === 'expired');
  });

  it('Closing the form, a refusal or an outcome cancels nothing.', async () => {
    await start({ orders: 'running' });
    open();
    await waitForModal(harness, 'Choose a project');
    expect(harness.slack.views.close(alice)).toBeNull();
    await requestInModal('orders · Running', 'Pause orders?');
    ok();
    await waitForModal(harness, 'orders was paused');
    expect(harness.slack.views.close(alice)).toBeNull();
  });
});

describe('the page of a confirmation', () => {
  /** What the modal of alice shows if the bot was stopped after OK, or was another version before. */
  async function showPage(view: object) {
    const { id: view_id = '' } = harness.slack.views.modalOf(alice) ?? {};
    await callApi(harness.slack, 'views.update', { view_id, view: JSON.stringify(view) });
  }
  async function requestedRef() {
    const [operation] = await harness.services.context.operations.listRecent('orders', 1);
    if (operation === undefined) throw new Error('no operation');
    return refOf(operation);
  }
  const origin = { channel: 'C0SYNC', threadTs: null };

  it('A second press of OK gets the first answer.', async () => {
    await start({ orders: 'running' });
    await requestInModal('orders · Running', 'Pause orders?');
    ok();
    ok();
    await waitForModal(harness, 'orders was paused');
    await waitForChannelMessage(harness, /orders was paused/);
    const operations = await harness.services.context.operations.listRecent('orders', 5);
    expect(operations.map(({ state }) => state)).toEqual(['done']);
  });

  it('If the bot is stopped right after OK, a second press of OK counts.', async () => {
    await start({ orders: 'running' });
    await requestInModal('orders · Running', 'Pause orders?');
    await showPage(buildOkAgainPage('One moment…', origin, operationRefValue(await requestedRef())));
    expect(harness.slack.views.modalOf(alice)).toMatchObject({ submit: 'OK', close: 'Close' });
    harness.slack.views.submit(alice);
    await waitForModal(harness, 'orders was paused');
  });

  it('While Redis does not answer, nothing is changed, and OK can be pressed again.', async () => {
    await start({ orders: 'running' }, { throughProxy: true });
    await requestInModal('orders · Running', 'Pause orders?');
    harness.services.proxy.goDown();
    ok();
    expect(await waitForModal(harness, 'Nothing was changed. Try again')).toMatchObject({
      submit: 'OK',
      close: 'Close',
    });
    harness.services.proxy.recover();
    harness.slack.views.submit(alice);
    await waitForModal(harness, 'orders was paused');
  });

  it('If the page of OK hides the outcome, a second press of OK shows it again.', async () => {
    await start({ orders: 'running' });
    await requestInModal('orders · Running', 'Pause orders?');
    const page = buildOkAgainPage('One moment…', origin, operationRefValue(await requestedRef()));
    ok();
    await waitForModal(harness, 'orders was paused');
    await waitForChannelMessage(harness, /orders was paused/);
    await showPage(page);
    harness.slack.views.submit(alice);
    await waitForModal(harness, 'orders was paused');
  });

  it.each([
    ['OK', 'orders was paused'],
    ['Cancel', 'Nothing was changed'],
  ])('A page of an earlier version, with buttons, takes %s.', async (label, answer) => {
    await start({ orders: 'running' });
    await requestInModal('orders · Running', 'Pause orders?');
    const value = operationRefValue(await requestedRef());
    const blocks = [
      actionsBlock(buttonElement('OK', actionIds.ok, value), buttonElement('Cancel', actionIds.cancel, value)),
    ];
    await showPage({ ...buildLoadingModal(origin), blocks });
    press(label);
    await waitForModal(harness, answer);
  });

  it('The form of an earlier version names its project beside the action, and takes Next.', async () => {
    await start({ orders: 'running' });
    open();
    await waitForModal(harness, 'Choose a project');
    const pause = option('Pause', 'pause');
    const element = { type: 'radio_buttons', action_id: runForm.actionInput, options: [pause], initial_option: pause };
    const blocks = [inputBlock('sync:run:orders:1', element)];
    await showPage({ ...buildLoadingModal(origin), callback_id: runForm.callbackId, submit: plain('Next'), blocks });
    harness.slack.views.submit(alice);
    await waitForModal(harness, 'Pause orders?');
  });
});

describe('a modal when something else happens meanwhile', () => {
  it('Two people confirm at once: one wins, and the other reads who it was.', async () => {
    await start({ orders: 'running' });
    await requestInModal('orders · Running', 'Pause orders?');
    await requestInModal('orders · Running', 'Pause orders?', 'U0BOB');
    ok();
    await waitForModal(harness, 'orders was paused');
    ok('U0BOB');
    expect(modalText(await waitForModal(harness, 'orders · Not paused', 'U0BOB'))).toMatch(/<@U0ALICE>/);
  });

  it('OK after the expiry changes nothing, and asks again with one button.', async () => {
    await start({ orders: 'running' }, { settings: { confirmationTtlMs: 1 } });
    await requestInModal('orders · Running', 'Pause orders?');
    ok();
    const expired = await waitForModal(harness, /[Ee]xpired/);
    expect(buttonsOf(expired).map(({ label }) => label)).toEqual(['Pause']);
    expect(channelMessages(harness, /orders was/)).toEqual([]);
  });

  it('The bot restarts between the confirmation and OK.', async () => {
    await start({ orders: 'running' });
    await requestInModal('orders · Running', 'Pause orders?');
    await harness.bot[Symbol.asyncDispose]();
    await harness.addBot();
    ok();
    await waitForModal(harness, 'orders was paused');
  });

  it('Slack delivers the submission twice: one operation is requested.', async () => {
    await start({ orders: 'running' });
    open();
    await waitForModal(harness, 'Choose a project');
    choose('orders · Running');
    await waitForModal(harness, chosenProject);
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
    await waitForModal(harness, chosenProject);
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
    await ok().acked;
    expect(harness.slack.views.close(alice)).toBeNull();
    await waitForChannelMessage(harness, /orders was paused/);
  });

  it('OK counts if the person closes the modal before the bot has answered.', async () => {
    await start({ orders: 'running' });
    await requestInModal('orders · Running', 'Pause orders?');
    ok();
    expect(harness.slack.views.close(alice)?.payload).toMatchObject({ type: 'view_closed' });
    await waitForChannelMessage(harness, /orders was paused/);
  });

  it('A press of a button from an earlier version is answered in a modal.', async () => {
    await start({ orders: 'running' });
    const view = await publishHome(harness, actionsBlock(buttonElement('Old', 'sync:v0:old', 'orders')));
    harness.slack.views.press({ user: alice, view, label: 'Old' });
    await waitForModal(harness, 'This button is from an older version of syncbot.');
  });

  it('Run a command… in the Home tab opens the form.', async () => {
    await start({ orders: 'running' });
    const view = await publishHome(harness, actionsBlock(buttonElement('Run a command…', actionIds.run.open)));
    harness.slack.views.press({ user: alice, view, label: 'Run a command…' });
    await waitForModal(harness, 'Choose a project');
  });

  it('Over HTTP the form works the same.', async () => {
    await start({ orders: 'running' }, { transport: 'http' });
    await requestInModal('orders · Running', 'Pause orders?');
    ok();
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
    await waitForModal(harness, chosenProject);
  });
});
