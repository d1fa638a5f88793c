import type { App, SlashCommand } from '@slack/bolt';
import { expect, test } from 'vitest';
import { startBolt } from './bolt-app.ts';
import { FakeSlack } from './fake-slack.ts';
import { actionsBlock, buttonElement, callApi, RawSocket, sectionBlock } from './raw-client.ts';
import type { JsonObject } from './types.ts';

const dialog = {
  text: 'Pause orders?',
  blocks: [
    sectionBlock('Pause orders?'),
    actionsBlock(buttonElement('OK', 'ok', 'op1'), buttonElement('Cancel', 'no')),
  ],
};

async function post(slack: FakeSlack, method: string, message: JsonObject = dialog): Promise<string> {
  const sent = await callApi(slack, method, { channel: 'C0SYNC', user: 'U0ALICE', ...message });
  return String(sent['ts'] ?? sent['message_ts']);
}

test('A command reaches Bolt with all its fields.', async () => {
  await using slack = await FakeSlack.start();
  const commands: SlashCommand[] = [];
  await using _app = await startBolt(slack, (app) => {
    app.command('/sync', async ({ command, ack }) => {
      commands.push(command);
      await ack();
    });
  });
  const delivery = slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: 'pause orders' });
  expect(await delivery.acked).toMatchObject({ kind: 'acked' });
  expect(commands).toEqual([delivery.payload]);
  expect(commands[0]).toMatchObject({
    token: expect.any(String),
    team_id: 'T0001',
    team_domain: 'acme',
    channel_id: 'C0SYNC',
    channel_name: 'sync',
    user_id: 'U0ALICE',
    user_name: 'alice',
    command: '/sync',
    text: 'pause orders',
    api_app_id: 'A0SYNC',
    is_enterprise_install: 'false',
    trigger_id: delivery.triggerId,
    response_url: delivery.responseUrl,
  });
  expect(commands[0]).not.toHaveProperty('enterprise_id');
});

test('The payloads name the Enterprise Grid of the workspace.', async () => {
  await using slack = await FakeSlack.start({ enterprise: { id: 'E1', name: 'Grid' } });
  const { payload } = slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: '' });
  expect(payload).toMatchObject({ enterprise_id: 'E1', enterprise_name: 'Grid' });
  const pressed = slack.pressForged({ user: 'U0ALICE', channel: 'C0SYNC', actionId: 'ok' });
  expect(pressed.payload).toMatchObject({ enterprise: { id: 'E1' }, is_enterprise_install: false });
});

test('The payloads do not contain the name of a private conversation.', async () => {
  await using slack = await FakeSlack.start({
    channels: [
      { id: 'C0SECRET', members: ['U0ALICE'], isPrivate: true },
      { id: 'D0PAIR', members: ['U0ALICE', 'U0BOB'], isIm: true },
    ],
  });
  const directMessage = slack.directMessage('U0ALICE').id;
  const nameIn = (channel: string) => slack.command({ user: 'U0ALICE', channel, text: '' }).payload['channel_name'];
  expect([nameIn('C0SECRET'), nameIn(directMessage), nameIn('D0PAIR')]).toEqual([
    'privategroup',
    'directmessage',
    'directmessage',
  ]);
});

test('A command throws where a Slack client does not accept it.', async () => {
  await using slack = await FakeSlack.start({ channels: [{ id: 'C0OLD', members: ['U0BOB'], isArchived: true }] });
  const type = (user: string, channel: string) => () => slack.command({ user, channel, text: '' });
  slack.user('U0CAROL').deleted = true;
  slack.channel('C0SYNC').members.delete('U0BOB');
  expect(type('U0CAROL', 'C0SYNC')).toThrow('deactivated');
  expect(type('U0BOB', 'C0SYNC')).toThrow('not in C0SYNC');
  expect(type('U0EVE', 'C0SHARED')).toThrow('another team');
  expect(type('U0BOB', 'C0OLD')).toThrow('archived');
});

test('The payload of a press contains the message, except for an ephemeral one.', async () => {
  await using slack = await FakeSlack.start();
  const payloads: object[] = [];
  await using _app = await startBolt(slack, (app: App) => {
    app.action('ok', async ({ ack, body }) => {
      payloads.push(body);
      await ack();
    });
  });
  const ephemeral = await post(slack, 'chat.postEphemeral');
  const posted = await post(slack, 'chat.postMessage');
  const first = slack.press({ user: 'U0ALICE', message: ephemeral, label: 'OK' });
  await first.acked;
  const second = slack.press({ user: 'U0BOB', message: posted, actionId: 'ok' });
  await second.acked;
  const action = { action_id: 'ok', value: 'op1', type: 'button', text: { type: 'plain_text', text: 'OK' } };
  expect(payloads).toMatchObject([
    {
      type: 'block_actions',
      user: { id: 'U0ALICE', team_id: 'T0001' },
      team: { id: 'T0001' },
      channel: { id: 'C0SYNC' },
      container: { type: 'message', message_ts: ephemeral, channel_id: 'C0SYNC', is_ephemeral: true },
      actions: [action],
    },
    {
      user: { id: 'U0BOB' },
      container: { message_ts: posted, is_ephemeral: false },
      message: { ts: posted, text: 'Pause orders?', bot_id: 'B0SYNC' },
      actions: [action],
    },
  ]);
  expect(payloads[0]).not.toHaveProperty('message');
  expect(new Set([first.responseUrl, second.responseUrl]).size).toBe(2);
  expect(new Set([first.triggerId, second.triggerId]).size).toBe(2);
});

test('A press throws for a button that the user does not see.', async () => {
  await using slack = await FakeSlack.start();
  const ephemeral = await post(slack, 'chat.postEphemeral');
  const posted = await post(slack, 'chat.postMessage');
  const press = (user: string, message: string, what: object) => () => slack.press({ user, message, ...what });
  expect(press('U0BOB', ephemeral, { label: 'OK' })).toThrow('does not see');
  expect(press('U0EVE', posted, { label: 'OK' })).toThrow('does not see');
  expect(press('U0BOB', posted, { label: 'Nope' })).toThrow('No button Nope; available: OK (ok), Cancel (no)');
  expect(press('U0BOB', posted, {})).toThrow('Specify a button');
  expect(press('U0BOB', '1.000000', { label: 'OK' })).toThrow('no message');
  const two = await post(slack, 'chat.postMessage', {
    text: 'x',
    blocks: [actionsBlock(buttonElement('OK', 'a'), buttonElement('OK', 'b'))],
  });
  expect(press('U0BOB', two, { label: 'OK' })).toThrow('More than one');
  expect(press('U0BOB', two, { label: 'OK', actionId: 'b' })().payload).toMatchObject({
    actions: [{ action_id: 'b' }],
  });
  slack.user('U0CAROL').deleted = true;
  expect(press('U0CAROL', posted, { label: 'OK' })).toThrow('deactivated');
  slack.deleteMessage(posted);
  expect(press('U0BOB', posted, { label: 'OK' })).toThrow('does not see');
});

test('A user of another team can press a button in a shared channel.', async () => {
  await using slack = await FakeSlack.start();
  const ts = await post(slack, 'chat.postMessage', { ...dialog, channel: 'C0SHARED' });
  const { payload } = slack.press({ user: 'U0EVE', message: ts, label: 'OK' });
  expect(payload).toMatchObject({ user: { id: 'U0EVE', team_id: 'T0EXT' }, team: { id: 'T0001' } });
});

test('A user can press a button of an outdated view, but only a view that this user saw.', async () => {
  await using slack = await FakeSlack.start();
  const ts = await post(slack, 'chat.postMessage');
  const [outdatedView] = slack.messagesVisibleTo('U0BOB', 'C0SYNC');
  if (outdatedView === undefined) throw new Error('no message');
  await callApi(slack, 'chat.update', { channel: 'C0SYNC', ts, text: 'Paused', blocks: [sectionBlock('Paused')] });
  expect(() => slack.press({ user: 'U0BOB', message: ts, label: 'OK' })).toThrow('No button');
  const { payload } = slack.press({ user: 'U0BOB', message: outdatedView, label: 'OK' });
  expect(payload).toMatchObject({ actions: [{ action_id: 'ok', value: 'op1' }], message: { text: 'Paused' } });
  expect(() => slack.press({ user: 'U0EVE', message: outdatedView, label: 'OK' })).toThrow('does not see');
});

test('A forged press can have any user and any ids.', async () => {
  await using slack = await FakeSlack.start();
  await using socket = await RawSocket.open(slack);
  const pressed = slack.pressForged({
    user: 'U0EVE',
    channel: 'C0SYNC',
    actionId: 'gone',
    value: 'x|||y',
    blockId: 'b',
  });
  const envelope = await socket.waitForEnvelope();
  expect(envelope).toMatchObject({
    type: 'interactive',
    accepts_response_payload: false,
    payload: { user: { team_id: 'T0EXT' }, actions: [{ action_id: 'gone', value: 'x|||y', block_id: 'b' }] },
  });
  socket.ack(envelope);
  expect(await pressed.acked).toMatchObject({ kind: 'acked' });
});

test('Bolt runs a listener twice for an envelope that is delivered twice.', async () => {
  await using slack = await FakeSlack.start();
  const triggers: string[] = [];
  await using _app = await startBolt(slack, (app) => {
    app.command('/sync', async ({ command, ack }) => {
      triggers.push(command.trigger_id);
      await ack();
    });
  });
  const delivery = slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: 'list' });
  await delivery.acked;
  await slack.redeliver(delivery).acked;
  expect(triggers).toEqual([delivery.triggerId, delivery.triggerId]);
  expect(slack.violations).toEqual([]);
});
