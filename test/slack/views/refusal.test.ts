import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../../src/domain/refusal.ts';
import type { Message } from '../../../src/slack/views/blocks.ts';
import { buildHelp } from '../../../src/slack/views/help.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { buildRefusal, type RefusedCommand } from '../../../src/slack/views/refusal.ts';
import { exampleLink, exampleNow } from '../../support/example-records.ts';
import { actionButtons } from '../action-buttons.ts';

const format = slackFormatter('/sync');
const pauseCommand: RefusedCommand = { verb: 'pause', reason: null };
const build = (refusal: Refusal, command: RefusedCommand | null = pauseCommand) =>
  buildRefusal({ refusal, command, operators: { people: ['U0ALICE'], unreadGroups: [] }, format });
const buttonsOf = ({ blocks }: Message) =>
  blocks.map((block) => actionButtons([block]).map(({ text, value }) => `${text.text}: ${value}`));

describe('a refusal', () => {
  const since = exampleNow - 60_000;
  const project = 'orders';
  const notAllowed = { code: 'not_allowed', project, since, by: 'U0BOB' } as const;

  it.each<[Refusal, readonly string[]]>([
    [{ ...notAllowed, action: 'pause', state: 'paused' }, ['Show']],
    [{ ...notAllowed, action: 'start', state: 'running' }, ['Show']],
    [{ ...notAllowed, action: 'pause', state: 'failed' }, ['Show']],
    [{ ...notAllowed, action: 'pause', state: 'not_started' }, ['Show']],
    [{ ...notAllowed, action: 'start', state: 'paused' }, ['Restore', 'Show']],
    [{ ...notAllowed, action: 'restore', state: 'not_started' }, ['Start', 'Show']],
    [{ ...notAllowed, action: 'adopt', state: 'failed' }, ['Restore', 'Show']],
    [{ ...notAllowed, action: 'adopt', state: 'not_started' }, ['Re-apply', 'Show']],
    [{ ...notAllowed, action: 'pause', state: 'pausing' }, ['Show']],
    [{ code: 'operation_active', action: 'pause', project, state: 'pausing', since, by: 'U0BOB' }, ['Show']],
    [{ code: 'changed', action: 'pause', project, state: 'paused', since, by: 'U0BOB' }, ['Show']],
    [{ code: 'precheck_failed', project, items: [] }, ['Precheck orders', 'Show']],
    [{ code: 'claim_timeout', project, action: 'pause' }, ['Pause', 'Show']],
    [{ code: 'links_unreachable', project, links: [exampleLink('orders-full')] }, ['Show']],
    [{ code: 'adopt_mixed', project, running: [], paused: [], missing: [] }, ['Show', 'Re-apply']],
  ])('has the buttons of what can be done: %o', (refusal, labels) => {
    const { text, blocks } = build(refusal);
    expect(text).toMatch(/^orders /);
    expect(blocks).toEqual([
      { type: 'section', text: { type: 'mrkdwn', text: text.replace('orders', '*orders*'), verbatim: true } },
      {
        type: 'actions',
        block_id: 'sync:refusal',
        elements: labels.map((label) => expect.objectContaining({ text: expect.objectContaining({ text: label }) })),
      },
    ]);
  });

  it('because of the person has no button, and says whom to ask', () => {
    const { text, blocks } = build({ code: 'not_operator', user: 'U0BOB' });
    expect(blocks).toHaveLength(1);
    expect(text).toMatch(/ Nothing was changed\. Ask <@U0ALICE>\. To become an operator, /);
  });

  it('because of a mistyped project repeats the command with each of the similar ones', () => {
    const refusal: Refusal = { code: 'unknown_project', project: 'ordres', similar: ['orders', 'orders-eu'] };
    const repeated = build(refusal, { verb: 'pause', reason: 'we deploy' });
    expect(repeated.text).toContain('Did you mean orders or orders-eu? The buttons ask for OK first.');
    expect(build(refusal, null).text).not.toContain('OK');
    expect(buttonsOf(repeated)).toEqual([
      [],
      ['Pause orders: pause orders because of we deploy', 'Pause orders-eu: pause orders-eu because of we deploy'],
    ]);
    expect(buttonsOf(build(refusal, null))).toEqual([
      [],
      ['Show orders: show orders', 'Show orders-eu: show orders-eu'],
    ]);
    const unlike = build({ ...refusal, similar: [] });
    expect(unlike.text).not.toContain('Did you mean');
    expect(buttonsOf(unlike)).toEqual([[], ['List: list']]);
  });
});

describe('the help', () => {
  it('lists the commands', () => {
    const { text, blocks } = buildHelp({ restriction: null, format });
    expect(text).toBe('Run data synchronization projects from here. Type `/sync list` for all projects.');
    expect(blocks).toMatchObject([
      { type: 'section', text: { text: 'Run data synchronization projects from here.' } },
      { type: 'section', text: { text: expect.stringMatching(/`\/sync list`.*\n.*`\/sync show &lt;project&gt;`/) } },
      { type: 'section', text: { text: expect.stringMatching(/OK or Cancel/) } },
      { type: 'context', elements: [{ text: expect.stringMatching(/^Everybody may look at projects/) }] },
    ]);
  });

  it('has only the commands that a person can use, and names to ask', () => {
    const { blocks } = buildHelp({ restriction: 'Ask <@U0ALICE>.', format });
    expect(blocks).toMatchObject([
      { type: 'section' },
      { type: 'section' },
      { type: 'context', elements: [{ text: 'Ask <@U0ALICE>.' }] },
    ]);
    const text = JSON.stringify(blocks);
    expect(text).toContain('/sync history');
    expect(text).not.toMatch(/\/sync (start|pause|restore)|OK/);
  });
});
