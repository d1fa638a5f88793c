import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { updateAlertsFromState } from '../../src/application/alerts.ts';
import { buttonsOf } from '../fake-slack/rendered-message.ts';
import { closeWithoutViolations, type SlackHarness, startSlackHarness, visibleText } from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';

let harness: SlackHarness;
let links: TestLink[];

beforeEach(async () => {
  harness = await startSlackHarness();
  links = await Promise.all(['orders-full', 'orders-incr'].map((name) => harness.services.createLink(name)));
});
afterEach(() => closeWithoutViolations(harness));

const bob = { user: 'U0BOB' };
const carol = { user: 'U0CAROL' };
/** The lines of a history without their times. */
const historyLines = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('<!date^'))
    .map((line) => line.replace(/^<!date[^>]*> (· )?/, ''));

describe('/sync history', () => {
  it('shows each operation in one line, with its place, reason and outcome, only to the person who typed the command', async () => {
    await harness.services.createProject('orders', links);
    const dialog = await harness.runCommand('pause orders because schema change');
    const bobsDialog = await harness.runCommand('pause orders', bob);
    await harness.services.instance.startWorkers();
    harness.press('OK', dialog);
    await harness.waitForMessage('orders was paused', bob);
    harness.press('OK', bobsDialog, 'U0BOB');
    await harness.waitForMessage(/orders · Not paused/, bob);

    const history = await harness.runCommand('history orders', carol);
    expect(history.ephemeralFor).toBe('U0CAROL');
    expect(historyLines(visibleText(history))).toEqual([
      expect.stringMatching(
        /^<@U0BOB> · asked to pause it · not done: it was Paused, since .*, by <@U0ALICE> · in <#C0SYNC>$/,
      ),
      '<@U0ALICE> · paused 2 of 2 links · because schema change · in <#C0SYNC>',
      'test on the command line · added the project',
    ]);
    expect(buttonsOf(history)).toEqual([]);
  });

  it('shows the reason of a failed task only to operators', async () => {
    await harness.services.createProject('orders', links);
    const link = links[0]?.link ?? expect.fail();
    const failure = { kind: 'task_failed', link, taskId: '7', reason: 'column is missing', at: 1 } as const;
    await harness.services.context.projects.markFailed('orders', 1, {
      failure,
      by: 'syncbot',
      oldestUnprocessedAt: null,
    });
    const textForAlice = visibleText(await harness.runCommand('history orders'));
    expect(textForAlice).toContain('syncbot · Failed: a task failed on `orders-full`: column is missing');
    const textForCarol = visibleText(await harness.runCommand('history orders', carol));
    expect(textForCarol).toContain('Failed: a task failed on `orders-full`');
    expect(textForCarol).not.toContain('column is missing');
  });

  it('shows a failure and the alert about it in one line, and its restore in another', async () => {
    await harness.services.createProject('orders', links, { channel: 'C0SYNC' });
    const { context } = harness.services;
    const link = links[0]?.link ?? expect.fail();
    const failure = { kind: 'task_failed', link, taskId: '7', reason: 'column is missing', at: 1 } as const;
    await context.projects.markFailed('orders', 1, { failure, by: 'syncbot', oldestUnprocessedAt: null });
    await updateAlertsFromState(context, 'orders');
    await harness.waitForMessage('orders · Failed');
    expect(historyLines(visibleText(await harness.runCommand('history orders')))).toEqual([
      'Failed: a task failed on `orders-full`: column is missing',
      'test on the command line · added the project',
    ]);
    for (const each of links) await each.startWorker(async () => {});
    await harness.services.instance.startWorkers();
    await harness.requestAndPressOk('restore', 'orders');
    await harness.waitForMessage('Was Failed until a restore');
    const lines = historyLines(visibleText(await harness.runCommand('history orders')));
    expect(lines.map((line) => line.replace(/^– <!date[^>]*> · /, ''))).toEqual([
      expect.stringMatching(/^<@U0ALICE> · restored 2 of 2 links/),
      'Failed: a task failed on `orders-full`: column is missing',
      'test on the command line · added the project',
    ]);
  });

  it('shows the history of a removed project page by page, and suggests a project for an unknown id', async () => {
    await harness.services.createProject('orders', links);
    for (let index = 0; index < 20; index++) {
      await harness.services.redis.xadd('syncbot:{p:orders}:audit', '*', 'event', 'changed', 'by', `cli:${index}`);
    }
    await harness.services.context.projects.remove('orders', 1, 'cli:root');
    const newest = await harness.runCommand('history orders', carol);
    expect(buttonsOf(newest).map(({ label }) => label)).toEqual(['Older']);
    const changes = (from: number, to: number) =>
      Array.from(
        { length: from - to + 1 },
        (_, index) => `${from - index} on the command line · changed its definition`,
      );
    expect(historyLines(visibleText(newest))).toEqual([
      'root on the command line · removed the project',
      ...changes(19, 11),
    ]);

    harness.press('Older', newest, 'U0CAROL');
    const older = await harness.waitForMessage('· 1 on the command line ·', carol);
    expect(historyLines(visibleText(older))).toEqual(changes(10, 1));
    harness.press('Older', older, 'U0CAROL');
    const oldest = await harness.waitForMessage('added the project', carol);
    expect(historyLines(visibleText(oldest))).toEqual([
      ...changes(0, 0),
      'test on the command line · added the project',
    ]);
    expect(oldest.ts).toBe(newest.ts);
    expect(buttonsOf(oldest).map(({ label }) => label)).toEqual(['Newest']);
    harness.press('Newest', oldest, 'U0CAROL');
    await harness.waitForMessage('removed the project', carol);

    await harness.services.createProject('users', links);
    expect(visibleText(await harness.runCommand('history usrs'))).toContain('Did you mean users?');
  });

  it('answers a press of Older with a forged value, and for a project that does not exist', async () => {
    const press = { user: 'U0CAROL', channel: 'C0SYNC', actionId: 'sync:v1:history:older' };
    harness.slack.pressForged({ ...press, value: '{"project":"orders","cursor":{"before":"+","shown":[]}}' });
    await harness.waitForMessage('This button is from an older version of syncbot.', carol);
    harness.slack.pressForged({ ...press, value: '{"project":"orders","cursor":null}' });
    await harness.waitForMessage('There is no project called orders.', carol);
  });
});

describe('/sync history of all projects', () => {
  const hourMs = 3_600_000;
  /** Adds an entry of the past to the history of a project, older ones first. */
  const addEntry = async (project: string, agoMs: number, by: string) => {
    const at = (await harness.services.context.serverClock.now()) - agoMs;
    const stream = `syncbot:{p:${project}}:audit`;
    await harness.services.redis.xadd(stream, `${at}-0`, 'at', String(at), 'event', 'changed', 'by', by);
  };

  it('shows what happened in all of them since a time, newest first, and to whom it happened', async () => {
    await addEntry('orders', 30 * hourMs, 'cli:long-ago');
    await addEntry('orders', 13 * hourMs, 'cli:yesterday');
    await addEntry('orders', 3 * hourMs, 'cli:night');
    await harness.services.createProject('orders', links.slice(0, 1));
    await addEntry('users', 2 * hourMs, 'cli:later');
    await harness.services.createProject('users', links.slice(1));

    const night = visibleText(await harness.runCommand('history', carol));
    expect(historyLines(night)).toEqual([
      'users and orders · test on the command line · added the project',
      'users · later on the command line · changed its definition',
      'orders · night on the command line · changed its definition',
    ]);
    expect(night).toContain('History of 2 projects since <!date^');
    expect(night).not.toContain('UTC ·');

    const since = visibleText(await harness.runCommand('history since 14h'));
    expect(historyLines(since).at(-1)).toBe('orders · yesterday on the command line · changed its definition');
    const ofOne = visibleText(await harness.runCommand('history users since 3h'));
    expect(ofOne).toContain('History of users since <!date^');
    expect(historyLines(ofOne)).toEqual([
      'test on the command line · added the project',
      'later on the command line · changed its definition',
    ]);
    expect(visibleText(await harness.runCommand('history since yesterday'))).toContain(
      'the time was read in Europe/Berlin',
    );
    expect(visibleText(await harness.runCommand('history usrs since 3h'))).toContain('History users');
  });

  it('says that nothing happened, and how many lines it does not show', async () => {
    expect(visibleText(await harness.runCommand('history since 2h'))).toContain('Nothing happened since <!date^');
    for (let index = 0; index < 40; index++) await addEntry('orders', hourMs - index, 'cli:root');
    await harness.services.createProject('orders', links);
    const text = visibleText(await harness.runCommand('history since 2h'));
    expect(historyLines(text)).toHaveLength(30);
    expect(text).toContain('11 older lines not shown: `/sync history &lt;project&gt;` shows all of one project');
    for (let index = 0; index < 200; index++) await addEntry('users', hourMs - index, 'cli:root');
    await harness.services.createProject('users', [await harness.services.createLink('users-full')]);
    expect(visibleText(await harness.runCommand('history since 2h'))).toContain('at least 210 older lines not shown');
  });
});

it('The history has the refusal of a command and the refusal of a press in the dialog of another person.', async () => {
  await harness.services.createProject('orders', links, { channel: 'C0SYNC' });
  const events = () => harness.services.context.auditLog.read('orders', { limit: 2 });
  await harness.runCommand('pause orders because deploy', { user: 'U0CAROL' });
  await harness.slack.waitFor(async () => (await events())[0]?.event === 'refused');
  expect((await events())[0]).toMatchObject({ by: 'U0CAROL', action: 'pause', reason: 'deploy', code: 'not_operator' });
  const dialog = await harness.runCommand('pause orders');
  const value = buttonsOf(dialog).find(({ label }) => label === 'OK')?.value ?? '';
  harness.slack.pressForged({ user: 'U0BOB', channel: 'C0SYNC', actionId: 'sync:v1:ok', value });
  await harness.slack.waitFor(async () => (await events())[0]?.event === 'refused');
  expect(await events()).toMatchObject([
    { event: 'refused', by: 'U0BOB', action: 'pause', code: 'not_requester', channel: 'C0SYNC' },
    { event: 'requested', by: 'U0ALICE' },
  ]);
});
