import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyPolicy } from '../../src/domain/authorization.ts';
import type { Waves } from '../../src/domain/batch.ts';
import { actionIds } from '../../src/slack/action-ids.ts';
import {
  buttonLabels,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  visibleText,
} from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';

let harness: SlackHarness;
let links: ReadonlyMap<string, TestLink>;

const names = ['carts', 'invoices', 'orders', 'users'] as const;

beforeEach(async () => {
  harness = await startSlackHarness();
  const created = await Promise.all(names.map((name) => harness.services.createLink(`${name}-full`)));
  links = new Map(names.map((name, index) => [name, created[index] as TestLink]));
  for (const name of names) {
    const state = name === 'invoices' ? 'paused' : 'running';
    await harness.services.createProject(name, [links.get(name) as TestLink], { state, labels: ['prod'] });
  }
  await harness.services.instance.startWorkers();
});
afterEach(() => closeWithoutViolations(harness));

const run = (text: string, user = 'U0ALICE') => harness.runCommand(text, { user });

/** The dialog of a restore of all projects in waves. */
async function requestWaves(waves: Waves) {
  const { configurations } = harness.services.context;
  const stored = await configurations.read();
  if (stored.kind === 'unreadable') throw new Error('the configuration is unreadable');
  const { settings } = harness.services.instance.configuration;
  const configuration = {
    policy: emptyPolicy,
    onCall: [],
    digests: [],
    connections: {},
    settings: { ...settings, waves },
  };
  await configurations.save(configuration, stored.kind === 'none' ? 0 : stored.version, 'test');
  await harness.services.instance.refreshConfiguration();
  return run('restore label:prod');
}

const stateOf = async (id: string) => (await harness.services.context.projects.read(id))?.state;
const states = async () => Object.fromEntries(await Promise.all(names.map(async (id) => [id, await stateOf(id)])));
const channelMessages = (channel = 'C0SYNC') =>
  harness.slack.messagesVisibleTo('U0ALICE', channel).filter(({ ephemeralFor }) => ephemeralFor === undefined);

describe('a pause of several projects', () => {
  it('has a dialog that names what can be paused and what not, and OK does those.', async () => {
    const dialog = await run('pause label:prod except users because we deploy');
    const text = visibleText(dialog);
    expect(text).toContain('Pause 2 of 3 projects?');
    expect(text).toContain('2 of 3 can be paused · 2 links · backlog 0');
    expect(text).toContain('carts, orders');
    expect(text).toMatch(/Left out:\ninvoices · it was Paused, since/);
    expect(text).toContain('Reason: we deploy');
    expect(buttonLabels(dialog)).toEqual(['OK', 'Cancel']);
    harness.press('OK', dialog);
    const message = await harness.waitForMessage('carts and orders · 2 projects were paused');
    expect(await states()).toEqual({ carts: 'paused', invoices: 'paused', orders: 'paused', users: 'running' });
    expect(visibleText(message)).toContain('we deploy');
    expect(buttonLabels(message)).toEqual(['Restore Those 2']);
    // The operations of a batch have no message of their own.
    expect(channelMessages()).toHaveLength(1);
  });

  it('changes nothing after Cancel.', async () => {
    const dialog = await run('pause carts orders');
    harness.press('Cancel', dialog);
    await harness.waitForMessage('carts and orders · Cancelled, nothing was paused');
    expect(await states()).toMatchObject({ carts: 'running', orders: 'running' });
  });

  it('of which none can be paused changes nothing and says why.', async () => {
    harness.press('OK', await run('pause carts'));
    await harness.waitForMessage('carts was paused');
    const answer = await run('pause carts invoices');
    expect(answer.text).toContain('carts and invoices · None of 2 projects can be paused. Nothing was changed.');
    expect(answer.text).toMatch(/\ninvoices · it was Paused, since/);
    expect(buttonLabels(answer)).toEqual([]);
  });

  it.each([
    ['pause label:prod until 25:00', /^label:prod · Not paused: “25:00” is not a time of day\. Nothing/],
    ['restore label:prod for 2h', /^label:prod · Not restored: only a pause can have an end/],
  ])('whose end is none is refused once: %s.', async (command, sentence) => {
    expect((await run(command)).text).toMatch(sentence);
    expect(await harness.services.context.batches.listOpen()).toEqual([]);
  });

  it('that would last longer than the source of a project keeps its log has a warning.', async () => {
    const link = await harness.services.createLink('billing');
    await harness.services.createProject('billing', [link], { logRetention: 3_600_000 });
    const timed = visibleText(await run('pause carts billing for 2h'));
    expect(timed).toMatch(/The planned end is too late for billing: its source keeps its log only until /);
    const open = visibleText(await run('pause carts billing'));
    expect(open).toMatch(/The source of billing keeps its log until .*: restore billing before then\./);
    expect(visibleText(await run('pause carts billing for 30m'))).not.toContain('keeps its log');
  });

  it('can be requested by operators only, and confirmed by the requester only, once.', async () => {
    expect((await run('pause carts orders', 'U0CAROL')).text).toContain('You are not an operator');
    const dialog = await run('pause carts orders');
    const [value = ''] = await harness.services.context.batches.listOpen();
    harness.slack.pressForged({ user: 'U0BOB', channel: 'C0SYNC', actionId: actionIds.batch.ok, value });
    await harness.waitForMessage('who made this request, can press this button', { user: 'U0BOB' });
    expect(await states()).toMatchObject({ carts: 'running', orders: 'running' });
    harness.press('OK', dialog);
    harness.press('OK', dialog);
    await harness.waitForMessage('2 projects were paused');
    expect(channelMessages()).toHaveLength(1);
    for (const name of ['carts', 'orders'])
      expect(await harness.services.context.operations.listRecent(name, 10)).toHaveLength(1);
  });

  it('shows a message in each channel of its projects, with the projects of that channel.', async () => {
    await harness.services.createProject('billing', [await harness.services.createLink('billing')], {
      channel: 'C0SHARED',
      labels: ['prod'],
    });
    harness.press('OK', await run('pause billing carts orders'));
    const message = await harness.waitForMessage('billing and 2 more · 3 projects were paused');
    expect(message.channel).toBe('C0SYNC');
    await harness.waitForMessage(/^billing · 1 project was paused/, { channel: 'C0SHARED' });
  });
});

it('Restore Those 2 restores only what the batch has paused and nothing has changed since.', async () => {
  harness.press('OK', await run('pause carts orders users because we deploy'));
  const message = await harness.waitForMessage('3 projects were paused');
  harness.press('OK', await run('restore users'));
  await harness.waitForMessage('users was restored');
  await harness.services.requestAndConfirm('users', 'pause', 'U0BOB');
  await harness.slack.waitFor(async () => (await stateOf('users')) === 'paused', { description: 'users paused again' });
  harness.press('Restore Those 3', message, 'U0BOB');
  const dialog = await harness.waitForMessage('Restore 2 of 3 projects?', { user: 'U0BOB' });
  expect(visibleText(dialog)).toContain('users · changed since that pause, or not paused by it: it was Paused');
  expect(visibleText(dialog)).toMatch(/Selected: the projects of the pause by <@U0ALICE> .*, “we deploy”/);
  // The reason of the pause is not that of the restore.
  expect(visibleText(dialog)).not.toContain('Reason:');
  harness.press('OK', dialog, 'U0BOB');
  await harness.waitForMessage('2 projects were restored');
  expect(await states()).toEqual({ carts: 'running', invoices: 'paused', orders: 'running', users: 'paused' });
});

describe('a restore in waves', () => {
  const waves = { size: 2, wait: 1_000 } as const;

  beforeEach(async () => {
    await harness.services.requestAndConfirm('carts', 'pause', 'U0BOB');
    await harness.services.requestAndConfirm('orders', 'pause', 'U0BOB');
    await harness.services.requestAndConfirm('users', 'pause', 'U0BOB');
    await harness.slack.waitFor(async () => Object.values(await states()).every((state) => state === 'paused'), {
      description: 'all projects paused',
    });
  });

  it('begins a wave when the one before is over.', async () => {
    const dialog = await requestWaves(waves);
    expect(visibleText(dialog)).toContain('In waves of 2 projects. A wave begins 1 s after the one before has ended.');
    harness.press('OK', dialog);
    await harness.waitForMessage('carts and 3 more · Restoring… 2 of 4 projects');
    expect(await states()).toEqual({ carts: 'running', invoices: 'running', orders: 'paused', users: 'paused' });
    await harness.waitForMessage('carts and 3 more · 4 projects were restored');
  });

  it('waits until the projects of a wave have caught up.', async () => {
    harness.press('OK', await requestWaves({ size: 2, wait: 'caughtUp' }));
    await harness.waitForMessage('carts and 3 more · 4 projects were restored');
  });

  it.each(['Go On', 'Stop'])('stops at the first project that is not restored, and %s decides.', async (decision) => {
    const dialog = await requestWaves(waves);
    await harness.services.requestAndConfirm('carts', 'restore', 'U0BOB');
    await harness.slack.waitFor(async () => (await stateOf('carts')) === 'running', { description: 'carts restored' });
    harness.press('OK', dialog);
    const stopped = await harness.waitForMessage('carts and 3 more · Restore stopped · 1 of 4 projects restored');
    expect(visibleText(stopped)).toContain('carts · Not restored: it was Running');
    expect(buttonLabels(stopped)).toEqual(['Go On', 'Stop']);
    harness.press(decision, stopped, 'U0BOB');
    if (decision === 'Go On') {
      const end = await harness.waitForMessage('carts and 3 more · 3 of 4 projects were restored');
      expect(buttonLabels(end)).toEqual(['Retry Failed']);
      expect(await states()).toEqual({ carts: 'running', invoices: 'running', orders: 'running', users: 'running' });
    } else {
      const end = await harness.waitForMessage('carts and 3 more · 1 of 4 projects was restored');
      expect(visibleText(end)).toContain('2 projects were not restored, because the waves were stopped');
      expect(await states()).toEqual({ carts: 'running', invoices: 'running', orders: 'paused', users: 'paused' });
    }
  });
});
