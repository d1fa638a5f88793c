import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandActionId } from '../../src/slack/contract.ts';
import {
  buttonLabels,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  visibleText,
} from '../support/slack-harness.ts';

let harness: SlackHarness;

beforeAll(async () => {
  harness = await startSlackHarness({ settings: { observeEveryMs: 60_000 }, overrides: { sweepIntervalMs: 60_000 } });
  const queues = await Promise.all(['orders-full', 'billing'].map((queue) => harness.services.createLink(queue)));
  const [orders, billing] = queues;
  if (orders === undefined || billing === undefined) throw new Error('no links');
  await harness.services.createProject('orders-eu', [orders], { channel: 'C0SYNC' });
  await harness.services.createProject('invoices', [billing]);
});
afterAll(() => closeWithoutViolations(harness));

const run = (text: string, user = 'U0ALICE') => harness.runCommand(text, { user });
const openOperations = async (project: string) => (await harness.services.context.operations.listOpen(project)).length;

describe('a name of a project', () => {
  it.each(['pause orders', 'pause full', 'pause #Orders-EU', 'pause <#C0SYNC|sync>', 'pause ORDERS-FULL'])(
    '%s opens the dialog of the project that it means.',
    async (text) => {
      const dialog = await run(text);
      expect(visibleText(dialog)).toContain('Pause orders-eu?');
      expect(buttonLabels(dialog)).toEqual(['OK', 'Cancel']);
    },
  );

  it.each([
    ['show billing', 'invoices · Running'],
    ['precheck inv', 'invoices · Running'],
    ['history oices', 'History of invoices'],
  ])('%s answers about the project that it means.', async (text, expected) => {
    expect((await run(text)).text).toContain(expected);
  });

  it('that means several projects changes nothing, and has a button for each.', async () => {
    const before = [await openOperations('orders-eu'), await openOperations('invoices')];
    const answer = await run('pause o');
    expect(answer.text).toMatch(/^There is no project called o\. Nothing was changed\. Did you mean /);
    expect(buttonLabels(answer)).toEqual(['Pause orders-eu', 'Pause invoices']);
    expect([await openOperations('orders-eu'), await openOperations('invoices')]).toEqual(before);
    expect((await run('pause o', 'U0CAROL')).text).toContain('You are not an operator');
  });

  it('in a button is an id: it does not mean another project after its own was removed.', async () => {
    const press = { user: 'U0ALICE', channel: 'C0SYNC', actionId: commandActionId(0) };
    harness.slack.pressForged({ ...press, value: 'pause orders' });
    await harness.waitForMessage('There is no project called orders');
  });
});

describe('a reason without because', () => {
  it('is shown in the dialog before anything happens.', async () => {
    const dialog = await run('pause invoices we deploy, back at 3');
    expect(visibleText(dialog)).toContain('Reason: we deploy, back at 3');
    expect(visibleText(await run('pause invoices maintenance'))).toContain('Reason: maintenance');
  });

  it.each(['orders-eu', 'and orders-eu', 'ordres-eu'])(
    'that may name another project changes nothing: %s',
    async (words) => {
      const before = await openOperations('invoices');
      const answer = await run(`pause invoices ${words}`);
      expect(answer.text).toContain('Only one project at a time is supported, and you also named “orders-eu”');
      expect(buttonLabels(answer)).toEqual(['Pause invoices', 'Pause orders-eu']);
      expect(await openOperations('invoices')).toBe(before);
      harness.press('Pause invoices', answer);
      const dialog = await harness.waitForMessage(`Reason: ${words}`);
      expect(visibleText(dialog)).toContain('Pause invoices?');
    },
  );
});
