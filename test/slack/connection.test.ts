import { describe, expect, it } from 'vitest';
import { SlackRefused } from '../../src/slack/refused.ts';
import { alice, openBench, startedBench } from './bench.ts';

describe('the start', () => {
  it.each([
    ['SLACK_BOT_TOKEN', { bot: 'xoxb-wrong' }],
    ['SLACK_APP_TOKEN', { app: 'xapp-wrong' }],
  ])('says what is wrong with %s, in one sentence without the token', async (name, tokens) => {
    await using bench = await openBench({}, tokens);
    const fault = await bench.app.start().catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(SlackRefused);
    expect(String(fault)).toContain(name);
    expect(String(fault)).not.toContain('wrong');
    expect(JSON.stringify(bench.fake.log)).not.toMatch(/xoxb-wrong|xapp-wrong/);
  });

  it('says when Slack is not there', async () => {
    await using bench = await openBench();
    bench.slack.fail({ method: 'auth.test', status: 503, times: 5 });
    await expect(bench.app.start()).rejects.toMatchObject({ code: 'unreachable' });
  });
});

describe('the connection', () => {
  it('is never away at a refresh', async () => {
    await using bench = await startedBench();
    const { slack, app } = bench;
    slack.disconnect('refresh_requested');
    const seen = new Set<boolean>();
    await slack.waitFor(() => seen.add(app.isConnected()) && slack.sockets.deliverableCount === 1);
    expect(seen).toEqual(new Set([true]));
    expect((await slack.command({ ...alice, text: 'help' }).acked).kind).toBe('acked');
    await bench.answer(/Run data synchronization/);
  });

  it('comes back by itself after a cut', async () => {
    await using bench = await startedBench();
    const { slack, app } = bench;
    slack.cut();
    await slack.waitFor(() => !app.isConnected(), { what: 'the loss to be noticed' });
    await slack.waitFor(() => app.isConnected() && slack.socketCount === 1, { what: 'the connection back' });
    expect((await slack.command({ ...alice, text: 'help' }).acked).kind).toBe('acked');
    await bench.answer(/Run data synchronization/);
  });

  it('is tried again while Slack does not answer', async () => {
    await using bench = await startedBench();
    const { slack, app, fake } = bench;
    slack.fail({ method: 'apps.connections.open', status: 500, times: 2 });
    slack.cut();
    await slack.waitFor(() => fake.log.some(({ sentence }) => sentence === 'Slack connection not back yet'));
    await slack.waitFor(() => app.isConnected(), { what: 'the connection back' });
  });

  it('can be stopped in the middle of connecting, and rejects nowhere', async () => {
    await using bench = await startedBench();
    const { slack, app } = bench;
    const open = slack.fail({ method: 'apps.connections.open', hang: true });
    slack.cut();
    await open.firstHit;
    const stopped = app.stop();
    open.release();
    await stopped;
    await slack.waitFor(() => slack.socketCount === 0, { what: 'no socket left' });
    expect(app.isConnected()).toBe(false);
  });

  it('is given up when Slack takes the token no more', async () => {
    await using bench = await startedBench();
    const { slack, lost } = bench;
    slack.fail({ method: 'apps.connections.open', error: 'account_inactive' });
    slack.cut();
    await slack.waitFor(() => lost.length > 0);
    expect(lost.map(({ code }) => code)).toEqual(['account_inactive']);
  });
});
