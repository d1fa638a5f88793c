import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runForm } from '../../src/slack/run-form-ids.ts';
import { inputsOf } from '../fake-slack/view-inputs.ts';
import { modalText, waitForModal } from '../support/modal-users.ts';
import {
  channelMessages,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  waitForChannelMessage,
} from '../support/slack-harness.ts';

let harness: SlackHarness;
const alice = 'U0ALICE';
const names = ['carts', 'orders', 'users'] as const;

beforeEach(async () => {
  harness = await startSlackHarness();
  for (const name of names)
    await harness.services.createProject(name, [await harness.services.createLink(name)], { labels: ['prod'] });
  await harness.services.instance.startWorkers();
});
afterEach(() => closeWithoutViolations(harness));

const enter = (input: string, text: string) => harness.slack.views.enter({ user: alice, input, text });
const submit = (label: string) => {
  expect(harness.slack.views.modalOf(alice)?.submit).toBe(label);
  return harness.slack.views.submit(alice);
};
const states = () =>
  Promise.all(names.map(async (name) => (await harness.services.context.projects.read(name))?.state));

async function openForm(user = alice) {
  harness.slack.command({ user, channel: 'C0SYNC', text: '' });
  return waitForModal(harness, /Choose a project/, user);
}

/** Fills in the form, and presses Next. */
async function next(inputs: Readonly<Record<string, string>>, action: string | null = 'Pause') {
  await openForm();
  for (const [input, text] of Object.entries(inputs)) enter(input, text);
  if (action !== null) harness.slack.views.choose({ user: alice, input: 'Action', option: action });
  return submit('Next');
}

describe('several projects in the form', () => {
  it.each([
    ['label:prod except users', 'label:prod except users'],
    ['carts orders', 'carts orders'],
    ['CARTS, orders', 'carts orders'],
  ])('%s is a batch, whose confirmation is the next page.', async (typed, selection) => {
    await next({ 'Several projects': typed, Reason: 'we <deploy>', 'Pause ends': '2h' });
    const page = await waitForModal(harness, 'Pause 2 ');
    expect(page).toMatchObject({ submit: 'OK', close: 'Cancel' });
    expect(modalText(page)).toContain('we &lt;deploy&gt;');
    expect(modalText(page)).toContain(selection);
    expect(modalText(page)).toMatch(/until|end/i);
    submit('OK');
    await waitForModal(harness, '2 projects were paused');
    await waitForChannelMessage(harness, /2 projects were paused/);
    expect(channelMessages(harness)).toHaveLength(1);
    expect(await states()).toEqual(['paused', 'paused', 'running']);
  });

  it('Closing the confirmation cancels the batch.', async () => {
    await next({ 'Several projects': 'label:prod' });
    await waitForModal(harness, 'Pause 3 projects?');
    const [batch = ''] = await harness.services.context.batches.listOpen();
    harness.slack.views.close(alice);
    await harness.slack.waitFor(
      async () => (await harness.services.context.batches.read(batch))?.state === 'cancelled',
    );
    expect(await states()).toEqual(['running', 'running', 'running']);
  });

  it('Closing the modal right after OK cancels nothing.', async () => {
    await next({ 'Several projects': 'label:prod' });
    await waitForModal(harness, 'Pause 3 projects?');
    await submit('OK').acked;
    harness.slack.views.close(alice);
    await waitForChannelMessage(harness, /3 projects were paused/);
  });

  it('One name is the same as the project in the menu.', async () => {
    await next({ 'Several projects': 'orders' });
    await waitForModal(harness, 'Pause orders?');
    submit('OK');
    await waitForModal(harness, 'orders was paused');
    expect(await states()).toEqual(['running', 'paused', 'running']);
  });

  it.each([
    ['label:nowhere', 'No project matches'],
    ['carts nobodyknows label:prod', 'nobodyknows'],
    ['state:lost', 'lost'],
    ['except carts', 'There is no project called except'],
  ])('%s is refused above the form, which keeps what was typed.', async (typed, text) => {
    await next({ 'Several projects': typed, Reason: 'deploy' });
    const form = await waitForModal(harness, text);
    const values = inputsOf(form.blocks).map(({ label, element }) => [label, element['initial_value']]);
    expect(values).toContainEqual(['Several projects', typed]);
    expect(values).toContainEqual(['Reason', 'deploy']);
    const action = inputsOf(form.blocks).find(({ label }) => label === 'Action');
    expect(action?.element['initial_option']).toMatchObject({ value: 'pause' });
    expect(await harness.services.context.batches.listOpen()).toEqual([]);
    expect(await states()).toEqual(['running', 'running', 'running']);
  });

  it.each([
    ['neither a project nor a selection', {}, 'Pause', { [runForm.projectBlockId]: 'Choose a project.' }],
    [
      'a selection without an action',
      { 'Several projects': 'label:prod' },
      null,
      { [runForm.anyActionBlockId]: 'Choose an action.' },
    ],
  ])('With %s the form says what is missing.', async (_what, inputs, action, expected) => {
    await next(inputs, action).then(({ acked }) => acked);
    const form = harness.slack.views.modalOf(alice);
    expect(form?.submit).toBe('Next');
    expect(form?.errors).toEqual(expected);
  });

  it('A person who may only look has neither input.', async () => {
    const form = await openForm('U0CAROL');
    expect(inputsOf(form.blocks).map(({ label }) => label)).toEqual(['Project']);
  });
});

describe('the end of a pause in the form', () => {
  async function pauseOrders(limit: string) {
    await openForm();
    harness.slack.views.choose({ user: alice, input: 'Project', option: 'orders · Running' });
    await waitForModal(harness, /Since /);
    enter('Pause ends', limit);
    submit('Next');
  }

  it.each(['2h', 'for 2h', 'until tomorrow 06:00', 'tomorrow 06:00'])('%s ends the pause.', async (limit) => {
    await pauseOrders(limit);
    await waitForModal(harness, 'Pause orders');
    submit('OK');
    await waitForModal(harness, 'orders was paused');
    expect((await harness.services.context.projects.read('orders'))?.pausedUntil).not.toBeNull();
  });

  it.each(['25:00', 'soon', 'for -1h'])('%s is refused above the form, which keeps it.', async (limit) => {
    await pauseOrders(limit);
    const form = await waitForModal(harness, /Nothing was changed/);
    const values = inputsOf(form.blocks).map(({ label, element }) => [label, element['initial_value']]);
    expect(values).toContainEqual(['Pause ends', limit]);
  });

  it('A project that cannot be paused has no input for it.', async () => {
    await harness.services.createProject('stock', [await harness.services.createLink('stock')], { state: 'paused' });
    await openForm();
    harness.slack.views.choose({ user: alice, input: 'Project', option: 'stock · Paused' });
    const form = await waitForModal(harness, /Since /);
    expect(inputsOf(form.blocks).map(({ label }) => label)).not.toContain('Pause ends');
  });
});
