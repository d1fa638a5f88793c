import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
/** The entries of a history without their times. */
const historyLines = (text: string) =>
  text
    .split('\n')
    .filter((line) => / ago · /.test(line))
    .slice(1)
    .map((line) => line.replace(/^.*? ago · /, ''));

describe('/sync history', () => {
  it('shows each request, its place, its reason and its outcome only to the person who typed the command', async () => {
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
      expect.stringMatching(/^<@U0BOB> · the request to pause it was refused: it was Paused, since .*, by <@U0ALICE>$/),
      '<@U0BOB> · confirmed the request to pause it',
      '<@U0ALICE> · paused 2 of 2 links',
      '<@U0ALICE> · Pausing began',
      '<@U0ALICE> · confirmed the request to pause it',
      '<@U0BOB> · asked to pause it · in <#C0SYNC>',
      '<@U0ALICE> · asked to pause it · because schema change · in <#C0SYNC>',
      'cli:test · added the project',
    ]);
    expect(visibleText(history)).not.toContain('older ones');
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

  it('shows the history of a removed project, names the command for older entries, and suggests a project for an unknown id', async () => {
    await harness.services.createProject('orders', links);
    for (let index = 0; index < 20; index++) {
      await harness.services.redis.xadd('syncbot:{p:orders}:audit', '*', 'v', '1', 'at', '1', 'event', 'changed');
    }
    await harness.services.context.projects.remove('orders', 1, 'cli:root');
    const historyText = visibleText(await harness.runCommand('history orders'));
    expect(historyText).toContain('cli:root · removed the project');
    expect(historyText.match(/changed its definition/g)).toHaveLength(14);
    expect(historyText).toContain('older ones: `syncbot history orders`');
    await harness.services.createProject('users', links);
    expect(visibleText(await harness.runCommand('history user'))).toContain('Did you mean users?');
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
