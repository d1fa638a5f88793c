import { describe, expect, it } from 'vitest';
import { readBlockAction, readSlashCommand } from '../../src/slack/requests.ts';

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
});
