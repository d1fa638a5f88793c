import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandActionId } from '../../src/slack/action-ids.ts';
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

  it.each(['and orders-eu', 'ordres-eu', 'orders'])(
    'that may name another project changes nothing: %s',
    async (words) => {
      const before = await openOperations('invoices');
      const answer = await run(`pause invoices ${words}`);
      expect(answer.text).toContain('has the name of the project orders-eu. Nothing was changed.');
      expect(buttonLabels(answer)).toEqual(['Pause invoices orders-eu', 'Pause invoices', 'Pause orders-eu']);
      expect(await openOperations('invoices')).toBe(before);
      harness.press('Pause invoices', answer);
      const dialog = await harness.waitForMessage(`Reason: ${words}`);
      expect(visibleText(dialog)).toContain('Pause invoices?');
    },
  );
});

describe('a pause with an end', () => {
  it.each(['pause orders-eu, invoices for 1h', 'pause orders-eu invoices for 1h because we deploy'])(
    'of several projects has the end for all of them: %s',
    async (text) => {
      const dialog = await run(text);
      expect(dialog.text).toContain('Pause 2 projects?');
      expect(visibleText(dialog)).toContain('Planned end: ');
    },
  );

  it('keeps its end in the buttons of words that may name another project.', async () => {
    const answer = await run('pause invoices and orders-eu for 1h');
    expect(answer.text).toContain('“and orders-eu” has the name of the project orders-eu. Nothing was changed.');
    harness.press('Pause invoices orders-eu for 1h', answer);
    expect(visibleText(await harness.waitForMessage('Selected: invoices orders-eu'))).toContain('Planned end: ');
  });

  it.each(['2h', 'tomorrow 06:00'])('without its word changes nothing: %s', async (words) => {
    const before = await openOperations('invoices');
    const answer = await run(`pause invoices ${words}`);
    expect(answer.text).toContain(`“${words}” may be the end of the pause or its reason. Nothing was changed.`);
    expect(await openOperations('invoices')).toBe(before);
  });

  it('without its word keeps the reason after it in the button.', async () => {
    harness.press('Pause invoices for 2h', await run('pause invoices 2h we move'));
    const dialog = visibleText(await harness.waitForMessage('Reason: we move'));
    expect(dialog).toContain('syncbot restores invoices by itself');
  });

  it('cannot have two ends.', async () => {
    const answer = await run('pause invoices for 2h until 18:30');
    expect(answer.text).toContain('“2h until 18:30” is not a duration');
  });
});

describe('a selection', () => {
  it.each([
    ['pause label:none', '“label:none” selects no project. No project matches label:none. Nothing was changed.'],
    ['pause orders-eu except orders-eu', '“orders-eu except orders-eu” selects no project.'],
    ['pause state:running because', 'There is no reason after “because”'],
    ['pause state:running we deploy', '“we” in `/sync pause state:running we deploy` does not mean one project.'],
  ])('%s changes nothing and says why.', async (text, expected) => {
    expect((await run(text)).text).toContain(expected);
  });

  it('of one project opens its dialog.', async () => {
    const dialog = await run('pause state:running except invoices because we deploy');
    expect(visibleText(dialog)).toContain('Pause orders-eu?');
    expect(visibleText(dialog)).toContain('Reason: we deploy');
  });

  it.each(['pause orders-eu invoices', 'pause state:running', 'pause orders inv because we deploy'])(
    '%s opens the dialog of all of its projects.',
    async (text) => {
      const answer = await run(text);
      expect(answer.text).toContain('invoices and orders-eu · Pause 2 projects?');
      expect(buttonLabels(answer)).toEqual(['OK', 'Cancel']);
    },
  );

  it('in a button has ids: it does not mean other projects after its own were removed.', async () => {
    const press = { user: 'U0ALICE', channel: 'C0SYNC', actionId: commandActionId(0) };
    harness.slack.pressForged({ ...press, value: 'pause invoices orders' });
    await harness.waitForMessage('“orders” in `/sync pause invoices orders` does not mean one project');
  });
});
