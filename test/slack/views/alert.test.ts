import { describe, expect, it } from 'vitest';
import type { FiringAlert } from '../../../src/domain/alert.ts';
import type { Condition } from '../../../src/domain/conditions.ts';
import type { OnCallRule } from '../../../src/domain/on-call.ts';
import { boldId, buildAlert, buildResolvedAlert } from '../../../src/slack/views/alert.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { buildNotObserved, buildObservedAgain, notObservedLines } from '../../../src/slack/views/not-observed.ts';
import { exampleLink, exampleNow, exampleProject } from '../../support/example-records.ts';

const format = slackFormatter('/sync');
const links = { total: 1, first: [exampleLink('orders-full')] };
const unexpectedlyRunning: Condition = { kind: 'unexpectedly_running', links, cause: 'resumed' };
const firing = (condition: Condition): FiringAlert => ({
  state: 'firing',
  condition,
  absentOnce: false,
  since: 1,
  seq: 7,
  changedAt: 1,
  version: 1,
});
const target = { channel: 'C0SYNC', group: 'latency:1' };
const context = { format, showErrors: false, target, now: exampleNow };
const build = (condition: Condition, by = 'U0BOB', onCallRules: readonly OnCallRule[] = []) =>
  buildAlert({ ...context, project: exampleProject({ state: 'paused', by }), onCallRules }, firing(condition));

describe('the message of an alert', () => {
  it('mentions who last changed the project, and has the buttons of what can be done', () => {
    const { text, blocks } = build(unexpectedlyRunning);
    expect(text).toMatch(/^orders · Paused, but a link runs · `orders-full`\nAttention, <@U0BOB>: It was resumed/);
    expect(blocks).toEqual([
      {
        type: 'section',
        block_id: 'sync:project:orders:7',
        text: { type: 'mrkdwn', text: text.replace('orders', '*orders*'), verbatim: true },
      },
      {
        type: 'actions',
        block_id: 'sync:alert:unexpectedly_running:orders:7',
        elements: [
          expect.objectContaining({ action_id: 'sync:v1:request:reapply', value: 'orders' }),
          expect.objectContaining({ action_id: 'sync:v1:show', value: 'orders' }),
        ],
      },
      {
        type: 'actions',
        block_id: `sync:acknowledgement:unexpectedly_running:orders:${exampleNow}`,
        elements: ['own', 'snooze'].map((press) =>
          expect.objectContaining({
            action_id: `sync:v1:alert:${press}`,
            value: JSON.stringify({ target, seenAt: exampleNow }),
          }),
        ),
      },
    ]);
  });

  it('has a button that opens the runbook of the project', () => {
    const definition = { ...exampleProject().definition, runbook: 'https://wiki.example.com/orders' };
    const project = exampleProject({ definition });
    const { blocks } = buildAlert(
      { ...context, project, onCallRules: [] },
      firing({ kind: 'latency', latencyMs: 60_000, limitMs: 5_000 }),
    );
    expect(blocks.at(-2)).toMatchObject({
      elements: [
        { action_id: 'sync:v1:show' },
        {
          action_id: 'sync:v1:runbook',
          text: { text: 'Runbook' },
          url: 'https://wiki.example.com/orders',
          accessibility_label: 'Runbook orders',
        },
      ],
    });
  });

  it('mentions only users of Slack', () => {
    expect(build(unexpectedlyRunning, 'cli:root').text).not.toContain('cli:root');
    expect(build(unexpectedlyRunning, 'cli:root').text).not.toContain('@');
  });

  it('mentions who last changed the project only if it is critical', () => {
    expect(build({ kind: 'latency', latencyMs: 60_000, limitMs: 5_000 }).text).toMatch(
      /^orders · 1 min behind · limit 5 s\n(?!Attention)/,
    );
  });

  it('mentions who is on call, also for a warning', () => {
    const onCallRules = [{ mention: ['S0OPS', 'U0CAROL'], label: null, severity: 'warning' }] as const;
    expect(build(unexpectedlyRunning, 'U0BOB', onCallRules).text).toContain(
      '\nAttention, <!subteam^S0OPS> and <@U0CAROL>: It was resumed',
    );
    expect(build({ kind: 'latency', latencyMs: 60_000, limitMs: 5_000 }, 'U0BOB', onCallRules).text).toContain(
      '\nAttention, <!subteam^S0OPS> and <@U0CAROL>: Its oldest task',
    );
  });

  it('after it is resolved has no buttons', () => {
    const project = exampleProject();
    const resolved = buildResolvedAlert({
      ...{ project, kind: 'latency', occurrence: null, condition: null, revealReasons: false, format },
    });
    expect(resolved.text).toMatch(/^orders · Resolved · it was too far behind$/);
    expect(resolved.blocks).toEqual([
      {
        type: 'section',
        block_id: 'sync:project:orders',
        text: { type: 'mrkdwn', text: resolved.text.replace('orders', '*orders*'), verbatim: true },
      },
    ]);
  });
});

it.each([
  ['orders is Failed', '*orders* is Failed'],
  ['orders · No worker', '*orders* · No worker'],
  ['orders-eu is Failed', 'orders-eu is Failed'],
  ['the orders is Failed', 'the orders is Failed'],
])('The id of a project is bold at the beginning of a text: %s', (text, expected) => {
  expect(boldId(text, 'orders')).toBe(expected);
});

describe('the messages about a missing worker', () => {
  const since = exampleNow - 60_000;

  it('are alerts of a channel', () => {
    const { text, blocks } = buildNotObserved({ projects: ['orders'], since, format });
    expect(text).toMatch(/^orders · Not observed since /);
    expect(blocks).toEqual([{ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }]);
    expect(buildObservedAgain({ since, until: exampleNow, format }).text).toBe(
      `All projects · Not observed from ${format.time(since)} to ${format.time(exampleNow)}. Failed tasks and drift of that time were noticed only afterwards.`,
    );
  });

  it('warn only while no worker observes the links', () => {
    expect(notObservedLines({ kind: 'observed' }, format)).toEqual([]);
    expect(notObservedLines({ kind: 'not_observed', since }, format)).toEqual([
      expect.stringMatching(/^Not observed since /),
    ]);
  });
});
