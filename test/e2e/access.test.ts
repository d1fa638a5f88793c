import { afterEach, expect, it } from 'vitest';
import { buttonsOf } from '../fake-slack/rendered-message.ts';
import type { MessageView } from '../fake-slack/types.ts';
import { closeWithoutViolations, type SlackHarness, startSlackHarness, visibleText } from '../support/slack-harness.ts';

let harness: SlackHarness;
afterEach(() => closeWithoutViolations(harness));

const bob = { user: 'U0BOB' };
const carol = { user: 'U0CAROL' };
const labels = (message: MessageView) => buttonsOf(message).map(({ label }) => label);

async function start(policy: { readonly operators: readonly string[]; readonly channels: readonly string[] }) {
  harness = await startSlackHarness({ policy });
  await harness.services.createProject('orders', [await harness.services.createLink('orders-full')]);
}

it('A person who can only look gets no action buttons, a shorter help, and names to ask.', async () => {
  await start({ operators: ['U0ALICE', 'S0OPS'], channels: [] });
  const ask = 'You may look, not change. Ask <@U0ALICE> or <@U0BOB>.';
  harness.press('Help', await harness.runCommand('xyz', carol), 'U0CAROL');
  expect(visibleText(await harness.waitForMessage('Look at data', carol))).toContain(ask);
  for (const command of ['list', 'show orders', 'help', 'precheck orders']) {
    const answer = await harness.runCommand(command, carol);
    expect(visibleText(answer), command).toContain(ask);
    for (const label of ['Start', 'Pause', 'Restore']) expect(labels(answer), command).not.toContain(label);
    expect(visibleText(answer)).not.toContain('/sync pause &lt;project&gt;');
    const answerForBob = await harness.runCommand(command, bob);
    expect(visibleText(answerForBob), command).not.toContain('You may look');
  }
  expect(labels(await harness.runCommand('list', bob))).toEqual(['Pause']);
  expect(visibleText(await harness.runCommand('help', bob))).toContain('/sync pause &lt;project&gt;');
});

it('A button that a person does not see is refused when they press it.', async () => {
  await start({ operators: ['U0ALICE'], channels: [] });
  const press = { channel: 'C0SYNC', actionId: 'sync:v1:request:pause', value: 'orders' };
  harness.slack.pressForged({ ...press, user: 'U0CAROL' });
  await harness.waitForMessage('You are not an operator', carol);
});

it('A mistyped change of a person who can only look suggests no change, and names whom to ask.', async () => {
  await start({ operators: ['U0ALICE', 'U0BOB'], channels: [] });
  for (const command of ['puase orders', 'pause', 'pause ordres', 'pause orders because']) {
    const answer = await harness.runCommand(command, carol);
    expect(visibleText(answer), command).toContain(
      'Nothing was changed. Ask <@U0ALICE> or <@U0BOB>. To become an operator',
    );
    expect(labels(answer), command).toEqual([]);
  }
  const suggested = await harness.runCommand('puase orders', bob);
  expect(labels(suggested)).toEqual(['Pause orders']);
  expect(visibleText(suggested)).toContain('The button asks for OK first.');
});

it('An operator can only look in a channel from which projects cannot be changed.', async () => {
  await start({ operators: ['U0ALICE'], channels: ['C0OTHER'] });
  const list = await harness.runCommand('list');
  expect(labels(list)).toEqual([]);
  expect(visibleText(list)).toContain('You may look here, not change. To change a project, use <#C0OTHER>.');
});

it('whoami says what the person may do here, why, and who else may.', async () => {
  await start({ operators: ['U0ALICE', 'S0OPS'], channels: ['C0SYNC'] });
  expect(visibleText(await harness.runCommand('whoami', bob))).toContain(
    [
      'You may start, pause and restore projects here.',
      'You are <@U0BOB>, with the id U0BOB. You are an operator: you are in the user group S0OPS, which policy.operators names.',
      'Operators can change projects from <#C0SYNC> only.',
      'Other operators: <@U0ALICE>.',
      'Only you can see this',
    ].join('\n'),
  );
  const forCarol = visibleText(await harness.runCommand('WhoAmI', carol));
  expect(forCarol).toContain('You may look, not change. Ask <@U0ALICE> or <@U0BOB>.');
  expect(forCarol).toContain('You are <@U0CAROL>, with the id U0CAROL, and not an operator.');
  expect(forCarol).toContain('Operators: <@U0ALICE>, <@U0BOB>.');
});
