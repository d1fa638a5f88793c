import { expect, test } from 'vitest';
import { FakeSlack } from './fake-slack.ts';
import { callApi } from './raw-client.ts';
import { renderedText } from './rendered-message.ts';
import { modal, openModal, plain, triggerOf } from './view-fixture.ts';

test('views.open shows the view to the user of the trigger.', async () => {
  await using slack = await FakeSlack.start();
  const opened = await openModal(slack, modal({ private_metadata: 'op1', callback_id: 'run', notify_on_close: true }));
  const { id, hash } = slack.views.modalOf('U0ALICE') ?? {};
  expect(opened).toMatchObject({
    ok: true,
    view: {
      id,
      hash,
      team_id: 'T0001',
      type: 'modal',
      blocks: [{ type: 'input', block_id: 'reason' }],
      private_metadata: 'op1',
      callback_id: 'run',
      state: { values: { reason: { reason: { type: 'plain_text_input', value: null } } } },
      title: { type: 'plain_text', text: 'Restore', emoji: true },
      clear_on_close: false,
      notify_on_close: true,
      close: null,
      submit: { text: 'Next' },
      previous_view_id: null,
      root_view_id: id,
      app_id: 'A0SYNC',
      external_id: '',
      app_installed_team_id: 'T0001',
      bot_id: 'B0SYNC',
    },
  });
  expect(slack.views.modalOf('U0ALICE')).toMatchObject({ title: 'Restore', submit: 'Next', close: 'Cancel', depth: 1 });
  expect(renderedText(slack.views.modalOf('U0ALICE') ?? { blocks: [] })).toBe('reason');
  expect(slack.views.modalOf('U0BOB')).toBeUndefined();
});

test('A trigger_id works once, within three seconds.', async () => {
  await using slack = await FakeSlack.start({ now: () => 1_800_000_000_000 });
  const inTime = triggerOf(slack);
  const late = triggerOf(slack);
  slack.advanceClock(3000);
  expect(await openModal(slack, modal(), inTime)).toMatchObject({ ok: true });
  expect(await openModal(slack, modal(), inTime)).toMatchObject({ error: 'exchanged_trigger_id' });
  slack.advanceClock(1);
  expect(await openModal(slack, modal(), late)).toMatchObject({ error: 'expired_trigger_id' });
  expect(await openModal(slack, modal(), '1.2.x')).toMatchObject({ error: 'invalid_trigger_id' });
  expect(slack.violations).toMatchObject([
    { rule: 'invalid_call', detail: 'views.open: exchanged_trigger_id' },
    { rule: 'invalid_call', detail: 'views.open: invalid_trigger_id' },
  ]);
});

test('An invalid view uses no trigger.', async () => {
  await using slack = await FakeSlack.start();
  const trigger = triggerOf(slack);
  expect(await openModal(slack, modal({ title: plain('x'.repeat(25)) }), trigger)).toMatchObject({
    error: 'invalid_arguments',
    response_metadata: { messages: ['[ERROR] must be less than 25 characters [json-pointer:/view/title/text]'] },
  });
  expect(await openModal(slack, modal(), trigger)).toMatchObject({ ok: true });
  expect(slack.violations).toMatchObject([{ rule: 'invalid_call' }]);
});

test('views.push needs a trigger of the modal, and a modal holds three views.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack);
  const push = (trigger_id: string) =>
    callApi(slack, 'views.push', { trigger_id, view: modal({ title: plain('Sure?') }) });
  expect(await push(triggerOf(slack))).toMatchObject({ error: 'not_found' });
  const first = slack.views.modalOf('U0ALICE')?.id;
  slack.views.enter({ user: 'U0ALICE', input: 'reason', text: 'x' });
  const pushNext = () => {
    slack.views.enter({ user: 'U0ALICE', input: 'reason', text: 'x' });
    return push(slack.views.submit('U0ALICE').triggerId);
  };
  expect(await pushNext()).toMatchObject({ view: { root_view_id: first, previous_view_id: first } });
  expect(await pushNext()).toMatchObject({ ok: true });
  expect(slack.views.modalOf('U0ALICE')).toMatchObject({ title: 'Sure?', depth: 3 });
  expect(await pushNext()).toMatchObject({ error: 'push_limit_reached' });
});

test('views.update finds a view by view_id or external_id, and returns hash_conflict for an old hash.', async () => {
  await using slack = await FakeSlack.start();
  const { hash } = (await openModal(slack, modal({ external_id: 'op1' }))) && (slack.views.modalOf('U0ALICE') ?? {});
  const view_id = String(slack.views.modalOf('U0ALICE')?.id);
  const update = (args: object) => callApi(slack, 'views.update', { view: modal({ title: plain('New') }), ...args });
  expect(await update({ view_id, hash })).toMatchObject({ ok: true, view: { id: view_id } });
  expect(await update({ view_id, hash })).toMatchObject({ error: 'hash_conflict' });
  expect(await update({ view_id, view: modal({ external_id: 'op1' }) })).toMatchObject({ ok: true });
  expect(await update({ external_id: 'op1', view: modal({ external_id: 'op1' }) })).toMatchObject({ ok: true });
  expect(await update({ external_id: 'op2' })).toMatchObject({ error: 'not_found' });
  expect(await update({ view_id: 'V0NONE' })).toMatchObject({ error: 'not_found' });
  expect(slack.violations).toEqual([]);
  expect(await update({})).toMatchObject({ error: 'invalid_arguments' });
  slack.views.close('U0ALICE');
  expect(await update({ view_id })).toMatchObject({ error: 'not_found' });
});

test('An external_id is unique.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack, modal({ external_id: 'op1' }));
  const { triggerId } = slack.command({ user: 'U0BOB', channel: 'C0SYNC', text: '' });
  const view = modal({ external_id: 'op1' });
  expect(await openModal(slack, view, triggerId)).toMatchObject({ error: 'duplicate_external_id' });
  expect(slack.views.modalOf('U0BOB')).toBeUndefined();
});

test('An update keeps what the user entered where block_id and action_id remain.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack);
  const view_id = String(slack.views.modalOf('U0ALICE')?.id);
  slack.views.enter({ user: 'U0ALICE', input: 'reason', text: 'deploy' });
  await callApi(slack, 'views.update', { view_id, view: modal({ title: plain('New') }) });
  const entered = () => slack.views.modalOf('U0ALICE')?.values;
  expect(entered()).toEqual({ reason: { reason: { type: 'plain_text_input', value: 'deploy' } } });
  await callApi(slack, 'views.update', { view_id, view: modal({ blocks: [] }) });
  await callApi(slack, 'views.update', { view_id, view: modal() });
  expect(entered()).toMatchObject({ reason: { reason: { value: null } } });
});
