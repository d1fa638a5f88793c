import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { listenOnFreePort } from '../support/listen-on-free-port.ts';
import { startBolt } from './bolt-app.ts';
import { FakeSlack } from './fake-slack.ts';
import { actionsBlock, buttonElement, callApi, RawSocket } from './raw-client.ts';
import { inputBlock, modal, openModal, option, plain, submit } from './view-fixture.ts';

const alice = { user: 'U0ALICE' };
const enterReason = (slack: FakeSlack) => slack.views.enter({ ...alice, input: 'reason', text: 'deploy' });
const noInputs = { blocks: [], submit: plain('OK') };

test('A submission reaches Bolt with the view and its values, and an empty ack closes the view.', async () => {
  await using slack = await FakeSlack.start();
  const bodies: object[] = [];
  await openModal(
    slack,
    modal({
      callback_id: 'run',
      private_metadata: 'op1',
      blocks: [
        inputBlock('reason', { type: 'plain_text_input' }),
        inputBlock('action', { type: 'static_select', options: [option('Restore'), option('Pause')] }),
        inputBlock('note', { type: 'plain_text_input' }, { optional: true }),
      ],
    }),
  );
  await using _app = await startBolt(slack, (app) => {
    app.view('run', async ({ ack, body }) => {
      bodies.push(body);
      await ack();
    });
  });
  enterReason(slack);
  expect(slack.views.choose({ ...alice, input: 'action', option: 'Restore' })).toBeNull();
  const view = slack.views.modalOf('U0ALICE');
  const delivery = slack.views.submit('U0ALICE');
  expect(await delivery.acked).toMatchObject({ kind: 'acked' });
  expect(bodies).toEqual([delivery.payload]);
  expect(delivery.payload).toMatchObject({
    type: 'view_submission',
    team: { id: 'T0001', domain: 'acme' },
    user: { id: 'U0ALICE', username: 'alice', name: 'alice', team_id: 'T0001' },
    api_app_id: 'A0SYNC',
    token: expect.any(String),
    trigger_id: delivery.triggerId,
    view: {
      id: view?.id,
      hash: view?.hash,
      callback_id: 'run',
      private_metadata: 'op1',
      state: {
        values: {
          reason: { reason: { type: 'plain_text_input', value: 'deploy' } },
          action: { action: { type: 'static_select', selected_option: { value: 'Restore' } } },
          note: { note: { type: 'plain_text_input', value: null } },
        },
      },
    },
    response_urls: [],
    is_enterprise_install: false,
    enterprise: null,
  });
  expect(delivery.payload).not.toHaveProperty('channel');
  expect(slack.views.modalOf('U0ALICE')).toBeUndefined();
  expect(slack.violations).toEqual([]);
});

test('The response_action in the ack updates the view, pushes one, or closes all.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack, modal(noInputs));
  await using socket = await RawSocket.open(slack);
  const id = slack.views.modalOf('U0ALICE')?.id;
  await submit(slack, socket, { response_action: 'update', view: modal({ ...noInputs, title: plain('Sure?') }) });
  expect(slack.views.modalOf('U0ALICE')).toMatchObject({ id, title: 'Sure?', depth: 1 });
  await submit(slack, socket, { response_action: 'push', view: modal({ ...noInputs, title: plain('Third') }) });
  expect(slack.views.modalOf('U0ALICE')).toMatchObject({ title: 'Third', depth: 2 });
  await submit(slack, socket);
  expect(slack.views.modalOf('U0ALICE')).toMatchObject({ id, title: 'Sure?', depth: 1 });
  await submit(slack, socket, { response_action: 'push', view: modal(noInputs) });
  await submit(slack, socket, { response_action: 'clear' });
  expect(slack.views.modalOf('U0ALICE')).toBeUndefined();
  expect(slack.violations).toEqual([]);
});

test('The errors in the ack appear at their input blocks, and the view stays.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack);
  await using socket = await RawSocket.open(slack);
  enterReason(slack);
  await submit(slack, socket, { response_action: 'errors', errors: { reason: 'Too short.' } });
  expect(slack.views.modalOf('U0ALICE')).toMatchObject({ errors: { reason: 'Too short.' } });
  await submit(slack, socket, { response_action: 'update', view: modal() });
  expect(slack.views.modalOf('U0ALICE')?.errors).toEqual({});
  expect(slack.violations).toEqual([]);
});

test.each([
  ['errors at no input block', { response_action: 'errors', errors: { other: 'x' } }],
  ['no errors', { response_action: 'errors', errors: {} }],
  ['an empty error', { response_action: 'errors', errors: { reason: '' } }],
  ['an invalid view', { response_action: 'update', view: { type: 'modal' } }],
  ['a Home', { response_action: 'push', view: { type: 'home', blocks: [] } }],
  ['an unknown response_action', { response_action: 'open' }],
  ['a message', { text: 'hello' }],
])('An ack with %s is a violation, and the user sees an error.', async (_what, response) => {
  await using slack = await FakeSlack.start();
  await openModal(slack);
  await using socket = await RawSocket.open(slack);
  enterReason(slack);
  await submit(slack, socket, response);
  expect(slack.violations).toMatchObject([{ rule: 'invalid_ack' }]);
  expect(slack.clientErrorsOf('U0ALICE')).toMatchObject([{}, { channel: '', error: 'invalid_response' }]);
  expect(slack.views.modalOf('U0ALICE')).toMatchObject({ title: 'Restore', errors: {} });
});

test('A fourth view in an ack is a violation.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack, modal(noInputs));
  await using socket = await RawSocket.open(slack);
  for (let pushes = 1; pushes <= 3; pushes += 1)
    await submit(slack, socket, { response_action: 'push', view: modal(noInputs) });
  expect(slack.violations).toMatchObject([{ detail: 'view_submission: push_limit_reached' }]);
  expect(slack.views.modalOf('U0ALICE')?.depth).toBe(3);
});

test('Without an ack in time the view stays and the user sees an error.', async () => {
  await using slack = await FakeSlack.start({ ackLimitMs: 30 });
  await openModal(slack, modal(noInputs));
  await using _socket = await RawSocket.open(slack);
  expect(await slack.views.submit('U0ALICE').acked).toEqual({ kind: 'operation_timeout' });
  expect(slack.views.modalOf('U0ALICE')).toMatchObject({ title: 'Restore' });
  expect(slack.clientErrorsOf('U0ALICE').at(-1)).toMatchObject({ error: 'operation_timeout' });
});

test('Slack applies the first ack of a submission that it delivers twice.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack, modal(noInputs));
  await using socket = await RawSocket.open(slack);
  const delivery = await submit(slack, socket, { response_action: 'push', view: modal(noInputs) });
  const again = slack.redeliver(delivery);
  socket.ack(await socket.waitForEnvelope(1), { response_action: 'clear' });
  await again.acked;
  expect(slack.views.modalOf('U0ALICE')).toMatchObject({ depth: 2 });
});

test('Over HTTP the response_action is the body of the response.', async () => {
  await using slack = await FakeSlack.start();
  const body = JSON.stringify({ response_action: 'update', view: modal({ title: plain('Sure?') }) });
  const app = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  });
  await openModal(slack, modal(noInputs));
  slack.requestUrl.url = `http://127.0.0.1:${await listenOnFreePort(app)}/slack/events`;
  await slack.views.submit('U0ALICE').acked;
  app.close();
  expect(slack.views.modalOf('U0ALICE')).toMatchObject({ title: 'Sure?' });
  expect(slack.violations).toEqual([]);
});

test('The close button closes one view, and the app gets a notice if the view wants one.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack, modal(noInputs));
  await using socket = await RawSocket.open(slack);
  await submit(slack, socket, { response_action: 'push', view: modal({ ...noInputs, notify_on_close: true }) });
  const pushed = slack.views.modalOf('U0ALICE')?.id;
  const closed = slack.views.close('U0ALICE');
  expect(closed?.payload).toMatchObject({ type: 'view_closed', view: { id: pushed }, is_cleared: false });
  expect(closed?.payload).not.toHaveProperty('trigger_id');
  expect(slack.views.modalOf('U0ALICE')).toMatchObject({ depth: 1 });
  expect(slack.views.close('U0ALICE')).toBeNull();
  expect(slack.views.modalOf('U0ALICE')).toBeUndefined();
});

test('The X closes all views, with a notice about the first one.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack, modal({ ...noInputs, notify_on_close: true }));
  await using socket = await RawSocket.open(slack);
  const root = slack.views.modalOf('U0ALICE')?.id;
  await submit(slack, socket, { response_action: 'push', view: modal(noInputs) });
  expect(slack.views.close('U0ALICE', 'x')?.payload).toMatchObject({ view: { id: root }, is_cleared: true });
  expect(slack.views.modalOf('U0ALICE')).toBeUndefined();
});

test('With clear_on_close the close button closes all views.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack, modal(noInputs));
  await using socket = await RawSocket.open(slack);
  const view = modal({ ...noInputs, clear_on_close: true, notify_on_close: true });
  await submit(slack, socket, { response_action: 'push', view });
  expect(slack.views.close('U0ALICE')?.payload).toMatchObject({ is_cleared: true });
  expect(slack.views.modalOf('U0ALICE')).toBeUndefined();
});

test('A press in a modal contains the view and a trigger for the modal, and no channel or response_url.', async () => {
  await using slack = await FakeSlack.start();
  const bodies: object[] = [];
  await openModal(slack, modal({ ...noInputs, blocks: [actionsBlock(buttonElement('More', 'more', 'v1'))] }));
  await using _app = await startBolt(slack, (app) => {
    app.action('more', async ({ ack, body }) => {
      bodies.push(body);
      await ack();
    });
  });
  const delivery = slack.views.press({ ...alice, label: 'More' });
  await delivery.acked;
  const id = slack.views.modalOf('U0ALICE')?.id;
  expect(bodies).toEqual([delivery.payload]);
  expect(delivery.payload).toMatchObject({
    type: 'block_actions',
    container: { type: 'view', view_id: id },
    view: { id },
    actions: [{ type: 'button', action_id: 'more', value: 'v1', action_ts: expect.any(String) }],
  });
  for (const field of ['channel', 'message', 'response_url', 'state'])
    expect(delivery.payload).not.toHaveProperty(field);
  const { triggerId: trigger_id } = delivery;
  expect(await callApi(slack, 'views.push', { trigger_id, view: modal() })).toMatchObject({ ok: true });
});

test('A user can press a button of an outdated view, but not of a closed one.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack, modal({ ...noInputs, blocks: [actionsBlock(buttonElement('More', 'more'))] }));
  const view = slack.views.modalOf('U0ALICE');
  if (view === undefined) throw new Error('no modal');
  await callApi(slack, 'views.update', { view_id: view.id, view: modal(noInputs) });
  expect(() => slack.views.press({ ...alice, label: 'More' })).toThrow('No button More');
  expect(slack.views.press({ ...alice, view, label: 'More' }).payload).toMatchObject({ view: { blocks: [] } });
  slack.views.close('U0ALICE');
  expect(() => slack.views.press({ ...alice, view, label: 'More' })).toThrow('sees no modal');
});

test('A choice is sent at once from an actions block, and from an input block with dispatch_action.', async () => {
  await using slack = await FakeSlack.start();
  const element = { type: 'radio_buttons', options: [option('Restore'), option('Pause')] };
  const dispatching = inputBlock('action', element, { dispatch_action: true });
  const silent = inputBlock('silent', element);
  const inActions = actionsBlock({ ...element, action_id: 'filter' });
  await openModal(slack, modal({ blocks: [dispatching, silent, inActions] }));
  const choose = (input: string) => slack.views.choose({ ...alice, input, option: 'Pause' });
  expect(choose('silent')).toBeNull();
  expect(choose('filter')?.payload).toMatchObject({
    actions: [{ type: 'radio_buttons', action_id: 'filter', selected_option: { value: 'Pause' } }],
  });
  expect(choose('action')?.payload).toMatchObject({
    actions: [{ block_id: 'action', action_id: 'action' }],
    view: { state: { values: { action: { action: { selected_option: { value: 'Pause' } } } } } },
  });
  expect(() => slack.views.choose({ ...alice, input: 'action', option: 'Start' })).toThrow('0 options Start');
});

test('A submission throws where a Slack client does not send it.', async () => {
  await using slack = await FakeSlack.start();
  expect(() => slack.views.submit('U0ALICE')).toThrow('sees no modal');
  const short = inputBlock('reason', { type: 'plain_text_input', min_length: 3, max_length: 5 });
  await openModal(slack, modal({ blocks: [short] }));
  expect(() => slack.views.submit('U0ALICE')).toThrow('nothing without reason');
  const enter = (input: string, text: string) => () => slack.views.enter({ ...alice, input, text });
  expect(enter('reason', 'ab')).toThrow('3 to 5');
  expect(enter('reason', 'abcdef')).toThrow('3 to 5');
  expect(enter('name', 'abc')).toThrow('No input name; available: reason (reason)');
  enter('reason', 'abc')();
  enter('reason', '')();
  expect(() => slack.views.submit('U0ALICE')).toThrow('nothing without reason');
  await callApi(slack, 'views.update', {
    view_id: String(slack.views.modalOf('U0ALICE')?.id),
    view: { type: 'modal', title: plain('Done'), blocks: [] },
  });
  expect(() => slack.views.submit('U0ALICE')).toThrow('no submit button');
  slack.user('U0ALICE').deleted = true;
  expect(() => slack.views.close('U0ALICE')).toThrow('deactivated');
});

test('The initial values of the inputs are submitted.', async () => {
  await using slack = await FakeSlack.start();
  const initial_option = option('Pause');
  const blocks = [
    inputBlock('reason', { type: 'plain_text_input', initial_value: 'deploy' }),
    inputBlock('action', { type: 'static_select', options: [option('Restore'), initial_option], initial_option }),
  ];
  await openModal(slack, modal({ blocks }));
  expect(slack.views.submit('U0ALICE').payload).toMatchObject({
    view: {
      state: { values: { reason: { reason: { value: 'deploy' } }, action: { action: { selected_option: {} } } } },
    },
  });
});
