import { describe, expect, it } from 'vitest';
import {
  readAppMention,
  readBlockAction,
  readHomeChoice,
  readHomeOpened,
  readMessageShortcut,
  readSlashCommand,
} from '../../src/slack/requests.ts';

const command = {
  user_id: 'U1',
  channel_id: 'C1',
  response_url: 'https://hooks.slack.com/commands/1',
  team_id: 'T1',
  trigger_id: '1.2.3',
  text: 'list',
  is_enterprise_install: 'false',
};
const press = {
  user: { id: 'U1', team_id: 'T1' },
  team: { id: 'T9' },
  channel: { id: 'C1' },
  trigger_id: '1.2.3',
  response_url: 'http://127.0.0.1:9/actions/1',
  is_enterprise_install: false,
  actions: [{ action_id: 'sync:v1:show', value: 'orders', type: 'button' }],
};

describe('request bodies', () => {
  it('are read for a command', () => {
    expect(readSlashCommand(command)).toEqual({
      user: 'U1',
      team: 'T1',
      channel: 'C1',
      text: 'list',
      threadTs: null,
      replyTo: { kind: 'response_url', url: 'https://hooks.slack.com/commands/1' },
      modalTrigger: null,
      deliveryId: '1.2.3',
    });
    expect(readSlashCommand({ ...command, text: undefined })?.text).toBe('');
    expect(readSlashCommand({ ...command, response_url: 'file:///etc/passwd' })).toBeNull();
    expect(readSlashCommand({ ...command, user_id: 7 })).toBeNull();
  });

  it('are read for a press with the team of the person, or of the workspace when that is missing', () => {
    expect(readBlockAction(press)).toMatchObject({
      user: 'U1',
      team: 'T1',
      channel: 'C1',
      actionId: 'sync:v1:show',
      value: 'orders',
    });
    expect(readBlockAction({ ...press, team: null })?.team).toBe('T1');
    expect(readBlockAction({ ...press, user: { id: 'U1' } })?.team).toBe('T9');
    expect(readBlockAction({ ...press, channel: undefined, container: { channel_id: 'C7' } })?.channel).toBe('C7');
    expect(readBlockAction({ ...press, actions: [] })).toBeNull();
    const choice = {
      action_id: 'sync:v1:list:state',
      type: 'static_select',
      selected_option: { value: 'list failed' },
    };
    expect(readBlockAction({ ...press, actions: [choice] })?.value).toBe('list failed');
  });

  it('are read for an opened Home tab, with the team of the workspace', () => {
    const event = { type: 'app_home_opened', user: 'U1', channel: 'D1', tab: 'home' };
    const body = { event_id: 'Ev1', team_id: 'T1', event };
    expect(readHomeOpened(body)).toEqual({
      user: 'U1',
      team: 'T1',
      channel: null,
      threadTs: null,
      replyTo: { kind: 'home' },
      modalTrigger: null,
      deliveryId: 'Ev1',
    });
    expect(readHomeOpened({ ...body, event: { ...event, tab: 'messages' } })).toBeNull();
    expect(readHomeOpened({ ...body, team_id: undefined })).toBeNull();
  });

  it('are read for a choice in Home, which opens no modal', () => {
    const { channel: _channel, response_url: _url, ...rest } = press;
    const choice = { action_id: 'sync:v1:home:state', selected_option: { value: 'list failed' } };
    const body = { ...rest, view: { type: 'home', id: 'V1', hash: '1.h' }, actions: [choice] };
    expect(readHomeChoice(body)).toMatchObject({ value: 'list failed', replyTo: { kind: 'home' }, modalTrigger: null });
    expect(readHomeChoice({ ...body, user: undefined })).toBeNull();
  });

  it('are read for a press in a modal, with the place from which the modal was opened', () => {
    const { channel, response_url, ...inView } = press;
    const view = { type: 'modal', id: 'V1', hash: '1.a', private_metadata: '{"channel":"C1","threadTs":"1.2"}' };
    expect(readBlockAction({ ...inView, view })).toMatchObject({
      channel: 'C1',
      threadTs: '1.2',
      replyTo: { kind: 'view', viewId: 'V1', hash: '1.a' },
      modalTrigger: null,
    });
    expect(readBlockAction({ ...inView, view: { ...view, private_metadata: '' } })).toBeNull();
    expect(readBlockAction(inView)).toBeNull();
  });

  it('are read for a press in the Home tab, whose answer opens a modal', () => {
    const { channel, response_url, ...inView } = press;
    const view = { type: 'home', id: 'V1', hash: '1.a' };
    expect(readBlockAction({ ...inView, view })).toMatchObject({
      channel: null,
      threadTs: null,
      replyTo: { kind: 'ephemeral' },
      modalTrigger: '1.2.3',
    });
  });

  it('are read for a press in Home as the local Slack sends it, and for no other press without a channel', () => {
    const container = { type: 'message', channel_id: '', is_ephemeral: false };
    const body = { ...press, container, channel: { id: '', name: '' } };
    expect(readBlockAction(body)).toMatchObject({
      channel: null,
      replyTo: { kind: 'ephemeral' },
      modalTrigger: '1.2.3',
    });
    expect(readBlockAction({ ...body, message: { ts: '1.2' } })).toBeNull();
    expect(readBlockAction({ ...body, container: { ...container, channel_id: 'C1' } })).toBeNull();
    expect(readBlockAction({ ...body, container: undefined })).toBeNull();
    expect(readBlockAction({ ...body, channel: undefined })).toBeNull();
    expect(readBlockAction({ ...body, channel: { id: 'C1' } })?.channel).toBe('C1');
  });

  it('are read for a mention as the command after the mention of the bot', () => {
    const event = { type: 'app_mention', user: 'U1', team: 'T1', text: '<@UBOT> pause orders', channel: 'C1' };
    const mention = { event_id: 'Ev1', authorizations: [{ user_id: 'UBOT' }], event };
    expect(readAppMention(mention)).toEqual({
      user: 'U1',
      team: 'T1',
      channel: 'C1',
      threadTs: null,
      replyTo: { kind: 'ephemeral' },
      modalTrigger: null,
      deliveryId: 'Ev1',
      text: 'pause orders',
    });
    const textOf = (text: string) => readAppMention({ ...mention, event: { ...event, text } })?.text;
    expect(textOf('<@U2> please look, <@UBOT|syncbot>\nlist failed')).toBe('list failed');
    expect(textOf('<@U2> list')).toBe('<@U2> list');
    expect(textOf('<@UBOT>')).toBe('');
    expect(readAppMention({ ...mention, event: { ...event, thread_ts: '1.2' } })?.threadTs).toBe('1.2');
    expect(readAppMention({ ...mention, event: { ...event, user_team: 'T2' } })?.team).toBe('T2');
    expect(readAppMention({ ...mention, event: { ...event, user: undefined, bot_id: 'B1' } })).toBeNull();
    expect(readAppMention({ ...mention, event: { ...event, type: 'message' } })).toBeNull();
  });

  it('are read for a message shortcut with the project of the message', () => {
    const message = { ts: '2.0', blocks: [{ block_id: 'a1' }, { block_id: 'sync:project:orders:7' }] };
    const shortcut = {
      type: 'message_action',
      user: { id: 'U1', team_id: 'T1' },
      channel: { id: 'C1' },
      trigger_id: '1.2.3',
      response_url: 'https://hooks.slack.com/app/1',
      message,
    };
    expect(readMessageShortcut(shortcut)).toEqual({
      user: 'U1',
      team: 'T1',
      channel: 'C1',
      threadTs: null,
      replyTo: { kind: 'response_url', url: 'https://hooks.slack.com/app/1' },
      modalTrigger: null,
      deliveryId: '1.2.3',
      project: 'orders',
    });
    const withMessage = (part: object) => readMessageShortcut({ ...shortcut, message: { ...message, ...part } });
    expect(withMessage({ thread_ts: '1.0' })?.threadTs).toBe('1.0');
    for (const blocks of [undefined, [], [{}], [{ block_id: 'sync:project:../x' }], [{ block_id: 'sync:outcome:a' }]])
      expect(withMessage({ blocks })?.project).toBeNull();
    expect(readMessageShortcut({ ...shortcut, type: 'shortcut' })).toBeNull();
  });
});
