import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../../src/domain/refusal.ts';
import { buildHelp } from '../../../src/slack/views/help.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { buildRefusal } from '../../../src/slack/views/refusal.ts';
import { exampleLink, exampleNow } from '../../support/example-records.ts';

const format = slackFormatter('/sync');
const build = (refusal: Refusal, verb: string | null = 'pause') =>
  buildRefusal({ refusal, verb, format, now: exampleNow });

describe('a refusal', () => {
  const since = exampleNow - 60_000;
  const project = 'orders';

  it.each<Refusal>([
    { code: 'not_allowed', action: 'pause', project, state: 'paused', since, by: 'U0BOB' },
    { code: 'operation_active', action: 'pause', project, state: 'pausing', since, by: 'U0BOB' },
    { code: 'changed', action: 'pause', project, state: 'paused', since, by: 'U0BOB' },
    { code: 'precheck_failed', project, items: [] },
    { code: 'links_unreachable', project, links: [exampleLink('orders-full')] },
  ])('because of $code has a Show button', (refusal) => {
    const { text, blocks } = build(refusal);
    expect(blocks).toEqual([
      { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } },
      {
        type: 'actions',
        block_id: `sync:refusal:orders:${exampleNow}`,
        elements: [expect.objectContaining({ action_id: 'sync:v1:show', value: 'orders' })],
      },
    ]);
  });

  it('that is not about the state of a project has no button', () => {
    expect(build({ code: 'not_operator', user: 'U0BOB' }).blocks).toHaveLength(1);
    expect(build({ code: 'removed', project }).blocks).toHaveLength(1);
  });

  it('because of a mistyped project repeats the command with the right one', () => {
    const refusal: Refusal = { code: 'unknown_project', project: 'ordres', similar: 'orders' };
    expect(build(refusal).text).toContain('`/sync pause orders`');
    expect(build(refusal, null).text).toContain('Did you mean orders?');
    expect(build({ ...refusal, similar: null }).text).not.toContain('Did you mean');
  });
});

describe('the help', () => {
  it('begins with what syncbot is for, or with the error of the command', () => {
    expect(buildHelp({ restriction: null, format }).text).toBe(
      'Run data synchronization projects from here. Type `/sync list` for all projects.',
    );
    expect(buildHelp({ restriction: null, error: 'Not a command.', format }).text).toBe(
      'Not a command. Type `/sync list` for all projects.',
    );
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

  it('lists the commands below', () => {
    const { blocks } = buildHelp({ restriction: null, error: 'Not a command.', format });
    expect(blocks).toMatchObject([
      { type: 'section', text: { text: 'Not a command.' } },
      { type: 'section', text: { text: expect.stringMatching(/`\/sync list`.*\n.*`\/sync show &lt;project&gt;`/) } },
      { type: 'section', text: { text: expect.stringMatching(/OK or Cancel/) } },
      { type: 'context', elements: [{ text: expect.stringMatching(/^Everybody can see projects/) }] },
    ]);
  });
});
