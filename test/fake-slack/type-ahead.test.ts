import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { listenOnFreePort } from '../support/listen-on-free-port.ts';
import { startBolt } from './bolt-app.ts';
import { FakeSlack } from './fake-slack.ts';
import { RawSocket } from './raw-client.ts';
import { inputBlock, modal, openModal, option } from './view-fixture.ts';

const projectSelect = (change = {}) =>
  modal({ blocks: [inputBlock('project', { type: 'external_select', min_query_length: 0, ...change })] });
const project = { user: 'U0ALICE', input: 'project' };

test('The options of the app appear and can be chosen.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack, projectSelect());
  const bodies: object[] = [];
  await using _app = await startBolt(slack, (app) => {
    app.options('project', async ({ ack, body }) => {
      bodies.push(body);
      await ack({ options: [option('orders'), option('stock')] as never });
    });
  });
  const { delivery, options } = slack.views.typeAhead({ ...project, text: 'o' });
  expect(await options).toEqual([option('orders'), option('stock')]);
  expect(bodies).toEqual([delivery.payload]);
  const id = slack.views.modalOf('U0ALICE')?.id;
  expect(delivery.payload).toMatchObject({
    type: 'block_suggestion',
    user: { id: 'U0ALICE', team_id: 'T0001' },
    container: { type: 'view', view_id: id },
    api_app_id: 'A0SYNC',
    action_id: 'project',
    block_id: 'project',
    value: 'o',
    team: { id: 'T0001', domain: 'acme' },
    view: { id },
  });
  for (const field of ['trigger_id', 'response_url', 'channel']) expect(delivery.payload).not.toHaveProperty(field);
  slack.views.choose({ ...project, option: 'orders' });
  expect(slack.views.submit('U0ALICE').payload).toMatchObject({
    view: {
      state: { values: { project: { project: { type: 'external_select', selected_option: option('orders') } } } },
    },
  });
  expect(slack.violations).toEqual([]);
});

test('Over HTTP the options are the body of the response.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack, projectSelect());
  const app = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ options: [option('orders')] }));
  });
  slack.requestUrl.url = `http://127.0.0.1:${await listenOnFreePort(app)}/slack/events`;
  expect(await slack.views.typeAhead({ ...project, text: '' }).options).toEqual([option('orders')]);
  app.close();
});

test('Slack asks after three characters, unless min_query_length is another number.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack, projectSelect());
  await slack.views.typeAhead({ ...project, text: '' }).options;
  await openModal(slack, modal({ blocks: [inputBlock('project', { type: 'external_select' })] }));
  expect(() => slack.views.typeAhead({ ...project, text: 'or' })).toThrow('after 3 characters');
  await openModal(slack, modal());
  expect(() => slack.views.typeAhead({ user: 'U0ALICE', input: 'reason', text: 'abc' })).toThrow(
    'is not an external_select',
  );
});

test.each([
  ['101 options', { options: Array.from({ length: 101 }, (_, i) => option(String(i))) }],
  ['no options', {}],
  ['an option without a value', { options: [{ text: option('x')['text'] ?? null }] }],
])('An ack with %s is a violation, and the user sees an error and no options.', async (_what, response) => {
  await using slack = await FakeSlack.start();
  await openModal(slack, projectSelect());
  await using socket = await RawSocket.open(slack);
  const { delivery, options } = slack.views.typeAhead({ ...project, text: 'o' });
  socket.ack(await socket.waitForDelivery(delivery), response);
  expect(await options).toEqual([]);
  expect(slack.violations).toMatchObject([{ rule: 'invalid_ack' }]);
  expect(slack.clientErrorsOf('U0ALICE').at(-1)).toMatchObject({ error: 'invalid_response' });
});

test('Without an ack the user sees no options, and can choose none of those before.', async () => {
  await using slack = await FakeSlack.start();
  await openModal(slack, projectSelect());
  await using socket = await RawSocket.open(slack);
  const first = slack.views.typeAhead({ ...project, text: 'o' });
  socket.ack(await socket.waitForDelivery(first.delivery), { options: [option('orders')] });
  expect(await first.options).toHaveLength(1);
  slack.terminateSocket();
  expect(await slack.views.typeAhead({ ...project, text: 'or' }).options).toEqual([]);
  expect(() => slack.views.choose({ ...project, option: 'orders' })).toThrow('0 options orders');
  expect(slack.clientErrorsOf('U0ALICE').at(-1)).toMatchObject({ error: 'dispatch_failed' });
});
