import { describe, expect, it } from 'vitest';
import { SlackConnectionError } from '../../../src/slack/slack-connection-error.ts';
import { alice, createSlackAppFixture, startSlackAppFixture } from '../slack-app-fixture.ts';

describe('A start', () => {
  it.each([
    ['SLACK_BOT_TOKEN', { botToken: 'xoxb-wrong' }],
    ['SLACK_APP_TOKEN', { appToken: 'xapp-wrong' }],
  ])('fails with a sentence that names a rejected %s and does not contain it.', async (name, tokens) => {
    await using fixture = await createSlackAppFixture({}, tokens);
    const error = await fixture.slackApp.start().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(SlackConnectionError);
    expect(String(error)).toContain(name);
    expect(String(error)).not.toContain('wrong');
    expect(JSON.stringify(fixture.dependencies.logLines)).not.toMatch(/xoxb-wrong|xapp-wrong/);
  });

  it('fails when Slack does not answer.', async () => {
    await using fixture = await createSlackAppFixture();
    fixture.slack.injectFault({ method: 'auth.test', status: 503, times: 5 });
    await expect(fixture.slackApp.start()).rejects.toMatchObject({ code: 'unreachable' });
  });
});

describe('A connected app', () => {
  it('stays connected while Slack refreshes the socket.', async () => {
    await using fixture = await startSlackAppFixture();
    const { slack, slackApp: app } = fixture;
    slack.announceDisconnect('refresh_requested');
    const connectionStates = new Set<boolean>();
    await slack.waitFor(() => connectionStates.add(app.isConnected()) && slack.sockets.deliverableSocketCount === 1);
    expect(connectionStates).toEqual(new Set([true]));
    expect((await slack.command({ ...alice, text: 'help' }).acked).kind).toBe('acked');
    await fixture.waitForText(/Run data synchronization/);
  });

  it('reconnects after its socket breaks.', async () => {
    await using fixture = await startSlackAppFixture();
    const { slack, slackApp: app } = fixture;
    slack.terminateSocket();
    await slack.waitFor(() => !app.isConnected(), { description: 'the disconnect' });
    await slack.waitFor(() => app.isConnected() && slack.socketCount === 1, { description: 'the connection back' });
    expect((await slack.command({ ...alice, text: 'help' }).acked).kind).toBe('acked');
    await fixture.waitForText(/Run data synchronization/);
  });

  it('retries while Slack responds with errors.', async () => {
    await using fixture = await startSlackAppFixture();
    const { slack, slackApp: app, dependencies } = fixture;
    slack.injectFault({ method: 'apps.connections.open', status: 500, times: 2 });
    slack.terminateSocket();
    await slack.waitFor(() => dependencies.logLines.some(({ message }) => message === 'Slack connection not back yet'));
    await slack.waitFor(() => app.isConnected(), { description: 'the connection back' });
  });

  it('can be stopped while it reconnects.', async () => {
    await using fixture = await startSlackAppFixture();
    const { slack, slackApp: app } = fixture;
    const hangingCall = slack.injectFault({ method: 'apps.connections.open', hang: true });
    slack.terminateSocket();
    await hangingCall.firstHit;
    const stopping = app.stop();
    hangingCall.release();
    await stopping;
    await slack.waitFor(() => slack.socketCount === 0, { description: 'no socket left' });
    expect(app.isConnected()).toBe(false);
  });

  it('reports a token that Slack revoked.', async () => {
    await using fixture = await startSlackAppFixture();
    const { slack, connectionErrors } = fixture;
    slack.injectFault({ method: 'apps.connections.open', error: 'account_inactive' });
    slack.terminateSocket();
    await slack.waitFor(() => connectionErrors.length > 0);
    expect(connectionErrors.map(({ code }) => code)).toEqual(['account_inactive']);
  });
});
