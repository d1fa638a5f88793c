import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { confirm } from '../../src/application/confirm.ts';
import { requestAction } from '../../src/application/request-action.ts';
import { moveDeadline } from '../support/pause-deadline.ts';
import {
  buttonLabels,
  channelMessages,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  visibleText,
  waitForChannelMessage,
} from '../support/slack-harness.ts';
import { waitFor } from '../support/wait-for.ts';

const hour = 3_600_000;
let harness: SlackHarness;
beforeEach(async () => {
  harness = await startSlackHarness({
    settings: { pausedReminderMs: hour },
    slack: { users: [{ id: 'U0BOB', tz: 'Asia/Kolkata' }] },
  });
  const link = await harness.services.createLink('orders-full');
  await harness.services.createProject('orders', [link], { channel: 'C0SYNC' });
  await harness.services.instance.startWorkers();
});
afterEach(() => closeWithoutViolations(harness));

const read = async () => (await harness.services.context.projects.read('orders')) ?? expect.fail('no project');
const passTime = (ms: number) => moveDeadline(harness.services.redis, 'orders', ms);
const outcome = /orders was paused · 1 link · by <@U0ALICE>/;
const ending = /orders · Paused until <!date.* · set by <@U0ALICE>/;

async function pauseFor(text: string): Promise<void> {
  const dialog = await harness.runCommand(`pause orders for ${text}`);
  harness.press('OK', dialog);
  await waitForChannelMessage(harness, outcome);
}

/** Waits for the alert 15 min before the end of a pause of 2 h. */
async function waitForEnding() {
  await pauseFor('2h');
  await passTime(2 * hour - 14 * 60_000);
  return waitForChannelMessage(harness, ending);
}

describe('the dialog of a pause with an end', () => {
  const dialogOf = async (command: string) => visibleText(await harness.runCommand(command));

  it('says when it ends, and in which time zone a time of day was read.', async () => {
    expect(await dialogOf('pause orders for 2h because schema change')).toMatch(
      /syncbot restores orders by itself <!date.*\(in 2 h\)\. Latency will grow until then\.[\s\S]*Reason: schema change/,
    );
    expect(visibleText(await harness.runCommand('pause orders until tomorrow 06:00', { user: 'U0BOB' }))).toMatch(
      /read as Asia\/Kolkata time/,
    );
    const end = (await harness.services.context.operations.listRecent('orders', 1))[0]?.pauseUntil?.at ?? 0;
    expect(new Date(end).toISOString()).toMatch(/T00:30:00/);
  });

  it.each([
    ['pause orders until 25:00', /“25:00” is not a time of day\. Nothing was changed\./],
    ['pause orders for soon', /“soon” is not a duration/],
    ['pause orders until tomorrow', /“tomorrow” has no time of day/],
    ['pause orders for 10s', /lasts at least 1 min/],
    ['pause orders for 31d', /lasts at most 30 d/],
    ['pause orders until 2026-02-30 06:00', /does not exist/],
    ['pause orders until 2020-01-01 06:00', /has passed, read as Europe\/Berlin time/],
    ['pause orders for', /the duration is missing/],
    ['start orders for 2h', /only a pause can have an end/],
  ])('is not there for %j.', async (command, sentence) => {
    expect(await dialogOf(command)).toMatch(sentence);
    expect((await read()).state).toBe('running');
  });

  it('warns if the source does not keep its log for so long, and allows it.', async () => {
    const { definition, version } = await read();
    const kept = { ...definition, logRetention: hour };
    await harness.services.context.projects.save(kept, { expectedVersion: version, added: [] }, 'cli:test');
    expect(await dialogOf('pause orders for 2h')).toMatch(
      /This is too late: the source keeps its log only until <!date.*changes may be lost/,
    );
    await pauseFor('2h');
  });

  it('says that the limit comes from pauseMax, and a longer one is refused.', async () => {
    const { definition, version } = await read();
    const limited = { ...definition, pauseMax: hour };
    await harness.services.context.projects.save(limited, { expectedVersion: version, added: [] }, 'cli:test');
    expect(await dialogOf('pause orders')).toMatch(/You gave no limit, so pauseMax of orders counts: 1 h\./);
    expect(await dialogOf('pause orders for 2h')).toMatch(/it may stay Paused for at most 1 h from now \(pauseMax\)/);
  });
});

describe('/sync extend', () => {
  it('moves the end of a pause.', async () => {
    await pauseFor('2h');
    const before = (await read()).pausedUntil?.at ?? 0;
    expect(visibleText(await harness.runCommand('extend orders 1h30', { user: 'U0BOB' }))).toMatch(
      /The pause of orders ends <!date/,
    );
    expect((await read()).pausedUntil).toMatchObject({ at: before + 1.5 * hour, by: 'U0BOB' });
    await waitForChannelMessage(harness, /Planned end: <!date.*, extended by <@U0BOB> <!date/);
    await harness.requestAndPressOk('restore', 'orders');
    await waitForChannelMessage(harness, /Its planned end was <!date.*, extended by <@U0BOB> <!date/);
    expect(visibleText(await harness.runCommand('history orders'))).toMatch(
      /<@U0BOB> · extended the pause until <!date/,
    );
  });

  it('is refused without an end, without rights and for a Running project.', async () => {
    expect(visibleText(await harness.runCommand('extend orders 1h'))).toMatch(/orders is Running.*no pause to keep/);
    expect(visibleText(await harness.runCommand('extend orders 1h', { user: 'U0CAROL' }))).toMatch(/not an operator/);
    await harness.requestAndPressOk('pause', 'orders');
    await waitForChannelMessage(harness, outcome);
    expect(visibleText(await harness.runCommand('extend orders 1h'))).toMatch(
      /its pause has no end that could be moved/,
    );
  });
});

describe('a pause with an end', () => {
  it('is restored by the timer, and its messages say so.', async () => {
    await pauseFor('2h');
    const paused = await waitForChannelMessage(harness, /Planned end: <!date/);
    await passTime(2 * hour);
    const restored = await waitForChannelMessage(
      harness,
      /orders was restored · 1 link · (today )?<!date.*by the timer that <@U0ALICE> set /,
    );
    expect(restored.ts).not.toBe(paused.ts);
    expect(visibleText(restored)).not.toContain('@timer');
    await waitFor(async () => (await read()).state === 'running');
    await waitForChannelMessage(harness, /orders was paused[\s\S]*Its planned end was <!date/);
    const history = await harness.runCommand('history orders');
    expect(visibleText(history)).toMatch(/the timer · restored 1 of 1 link/);
    expect(visibleText(history)).toMatch(/<@U0ALICE> · paused 1 of 1 link · until <!date/);
    const list = await harness.runCommand('list');
    expect(visibleText(list)).not.toContain('@timer');
  });

  it('shows its end in list and show.', async () => {
    await pauseFor('2h');
    expect(visibleText(await harness.runCommand('list'))).toMatch(/orders · Paused until <!date/);
    expect(visibleText(await harness.runCommand('show orders'))).toMatch(
      /syncbot restores it by itself <!date.*, as <@U0ALICE> set it <!date/,
    );
  });

  it('has no reminder while it has an end.', async () => {
    await pauseFor('2h');
    await harness.services.redis.hincrby('syncbot:{p:orders}:state', 'since', -2 * hour);
    await passTime(2 * hour - 14 * 60_000);
    await waitForChannelMessage(harness, ending);
    expect((await read()).alerts.paused_reminder?.alert.state).not.toBe('firing');
  });
});

describe('15 min before the end', () => {
  it('Extend 1 h moves the end. The second person reads who was first.', async () => {
    const message = await waitForEnding();
    expect(buttonLabels(message)).toEqual(['Extend 1 h', 'Restore Now', 'Keep Paused', 'Show', "I've Got It"]);
    const before = (await read()).pausedUntil?.at ?? 0;
    harness.press('Extend 1 h', message, 'U0BOB');
    harness.press('Extend 1 h', message, 'U0ALICE');
    const answer = await Promise.any([
      harness.waitForMessage(/its pause ends <!date.*: <@U0BOB> set that/, { user: 'U0ALICE' }),
      harness.waitForMessage(/its pause ends <!date.*: <@U0ALICE> set that/, { user: 'U0BOB' }),
    ]);
    expect(answer.ephemeralFor).toBeDefined();
    expect((await read()).pausedUntil?.at).toBe(before + hour);
    const extended = await waitForChannelMessage(harness, /orders · Pause extended until <!date/);
    expect([extended.ts, buttonLabels(extended)]).toEqual([message.ts, []]);
    const edited = await waitForChannelMessage(harness, /Planned end: <!date.*, extended by <@U0/);
    expect(visibleText(edited)).toMatch(outcome);
  });

  it('Keep Paused removes the end, and the reminder of pauses counts again.', async () => {
    const message = await waitForEnding();
    harness.press('Keep Paused', message, 'U0BOB');
    await waitForChannelMessage(harness, /orders · Kept Paused by <@U0BOB> <!date.* · without an end/);
    await waitForChannelMessage(harness, /Kept Paused by <@U0BOB> <!date.*, without an end/);
    expect(await read()).toMatchObject({ state: 'paused', pausedUntil: null, keptPaused: { by: 'U0BOB' } });
    harness.press('Extend 1 h', message, 'U0ALICE');
    await harness.waitForMessage(/its pause has no end any more: <@U0BOB> removed it/, { user: 'U0ALICE' });
  });

  it('Restore Now asks, restores, and then the timer does nothing.', async () => {
    const message = await waitForEnding();
    harness.press('Restore Now', message, 'U0BOB');
    const dialog = await harness.waitForMessage(/Restore orders\?/, { user: 'U0BOB' });
    harness.press('OK', dialog, 'U0BOB');
    await waitForChannelMessage(harness, /orders was restored · 1 link · by <@U0BOB>/);
    await waitForChannelMessage(harness, /orders · Resolved .* · its pause was to end/);
    expect((await read()).pausedUntil).toBeNull();
  });

  it('only people who may change projects can press the buttons.', async () => {
    const message = await waitForEnding();
    for (const label of ['Extend 1 h', 'Keep Paused']) {
      harness.press(label, message, 'U0CAROL');
      await harness.waitForMessage(/You are not an operator/, { user: 'U0CAROL' });
    }
    expect((await read()).pausedUntil?.by).toBe('U0ALICE');
  });
});

describe('at the end', () => {
  it('the person who set the timer gets a direct message if there is no channel.', async () => {
    const { context, createProject, createLink } = harness.services;
    await createProject('users', [await createLink('users-full')]);
    const limit = { word: 'for', text: '2h', timeZone: 'UTC' } as const;
    const request = { project: 'users', action: 'pause', by: 'U0ALICE', reason: null, origin: 'slack' } as const;
    const requested = await requestAction(context, { ...request, limit, channel: null });
    if (requested.kind === 'refused') return expect.fail(requested.refusal.code);
    const ref = { project: 'users', operation: requested.operation.id };
    await confirm(context, { ref, by: 'U0ALICE', dialog: null });
    await waitFor(async () => (await context.projects.read('users'))?.state === 'paused');
    await moveDeadline(harness.services.redis, 'users', 2 * hour);
    const direct = harness.slack.directMessage('U0ALICE').id;
    await harness.waitForMessage(/users was restored · 1 link · .*by the timer that <@U0ALICE> set /, {
      channel: direct,
    });
  });

  it('a project that was changed stays Paused, and one message says who changed it.', async () => {
    await pauseFor('2h');
    const { definition, version } = await read();
    const changed = { ...definition, description: 'changed' };
    await harness.services.context.projects.save(changed, { expectedVersion: version, added: [] }, 'U0BOB');
    await passTime(2 * hour);
    const message = await waitForChannelMessage(
      harness,
      /orders · Still Paused · its pause was to end <!date.* · <@U0BOB> changed it <!date/,
    );
    expect(buttonLabels(message)).toEqual(['Restore', 'Show', "I've Got It", 'Snooze 1 h']);
    expect(channelMessages(harness, /Still Paused/)).toHaveLength(1);
    await harness.requestAndPressOk('restore', 'orders', { user: 'U0BOB' });
    await waitForChannelMessage(harness, /orders · Resolved .* · it had not been restored at the end of its pause/);
  });

  it('everything was down, and the restore follows after the start.', async () => {
    await pauseFor('2h');
    await harness.bot[Symbol.asyncDispose]();
    await harness.services.instance[Symbol.asyncDispose]();
    await passTime(5 * hour);
    const bot = await harness.addBot();
    await bot.services.startWorkers();
    await waitForChannelMessage(harness, /orders was restored · 1 link · .*by the timer that <@U0ALICE> set /);
  });
});
