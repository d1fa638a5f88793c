import { describe, expect, it } from 'vitest';
import { isAllowed, type OperationKind, operationKinds, transitions } from '../../src/domain/lifecycle.ts';
import type { PrecheckItem } from '../../src/domain/precheck.ts';
import { type ProjectState, projectStates } from '../../src/domain/project-state.ts';
import {
  type ApplyRefusal,
  type Refusal,
  type RefusalCode,
  type RefusalOf,
  refusalSchema,
} from '../../src/domain/refusal.ts';
import { applyRefusalText, refusalText } from '../../src/messages/render.ts';
import { exampleLink } from '../support/example-records.ts';
import { plainFormatter } from './plain-formatter.ts';

const hostileText = '<!channel> *x* & "y"';
const now = 1_000_000;
const link = { queue: hostileText, connection: hostileText, prefix: hostileText };
const refusalFacts: Omit<RefusalOf<'not_allowed'>, 'code'> = {
  project: hostileText,
  since: now - 12_000,
  by: hostileText,
  state: 'paused',
  action: 'start',
};

/** One for every code: a new code without an example does not compile. */
const examples: { readonly [Code in RefusalCode]: RefusalOf<Code> } = {
  not_allowed: { code: 'not_allowed', ...refusalFacts },
  unknown_project: { code: 'unknown_project', project: hostileText, similar: [hostileText, hostileText] },
  operation_active: { code: 'operation_active', ...refusalFacts, state: 'pausing' },
  changed: { code: 'changed', ...refusalFacts },
  claim_timeout: { code: 'claim_timeout', project: hostileText, action: 'pause' },
  precheck_failed: {
    code: 'precheck_failed',
    project: hostileText,
    items: [
      {
        check: 'eviction_policy',
        connection: hostileText,
        result: 'fail',
        reason: { code: 'evicts', policy: hostileText },
      },
      { check: 'queues_exist', result: 'fail', reason: { code: 'queue_missing' }, links: { total: 1, first: [link] } },
    ],
  },
  links_unreachable: { code: 'links_unreachable', project: hostileText, links: [link, link, link, link, link] },
  no_drift: { code: 'no_drift', project: hostileText, state: 'paused' },
  adopt_mixed: { code: 'adopt_mixed', project: hostileText, running: [link], paused: [link, link], missing: [link] },
  not_paused: { code: 'not_paused', project: hostileText, state: 'running', since: now, by: hostileText },
  no_reminder: { code: 'no_reminder', project: hostileText, kept: { at: now, by: hostileText, until: now } },
  invalid_limit: {
    code: 'invalid_limit',
    project: hostileText,
    verb: 'pause',
    word: 'for',
    text: hostileText,
    problem: 'not_a_duration',
    timeZone: 'Europe/Berlin',
  },
  limit_not_possible: { code: 'limit_not_possible', project: hostileText, action: 'restore' },
  limit_above_max: { code: 'limit_above_max', project: hostileText, maxMs: 3_600_000 },
  catch_up_not_possible: { code: 'catch_up_not_possible', project: hostileText, action: 'restore' },
  pause_waits: { code: 'pause_waits', project: hostileText, by: hostileText, until: now },
  not_caught_up: { code: 'not_caught_up', project: hostileText, until: now, latencyMs: 42_000, observedAt: now },
  not_waiting: { code: 'not_waiting', project: hostileText },
  limit_passed: { code: 'limit_passed', project: hostileText, until: now },
  deadline_moved: { code: 'deadline_moved', project: hostileText, by: hostileText, until: now },
  no_limit: { code: 'no_limit', project: hostileText },
  no_task_to_skip: { code: 'no_task_to_skip', project: hostileText },
  too_many_skipped: { code: 'too_many_skipped', project: hostileText, tasks: 3, skipped: 98, max: 100 },
  task_not_found: {
    code: 'task_not_found',
    project: hostileText,
    action: 'retry',
    task: hostileText,
    candidates: [hostileText],
  },
  not_skipped: { code: 'not_skipped', project: hostileText },
  removed: { code: 'removed', project: hostileText },
  alert_held: {
    code: 'alert_held',
    project: hostileText,
    target: { project: 'orders' },
    held: 'owned',
    by: hostileText,
    at: now,
    until: now,
    seenAt: now,
  },
  alert_over: { code: 'alert_over' },
  policy_unreadable: { code: 'policy_unreadable' },
  no_operators: { code: 'no_operators', user: hostileText },
  not_operator: { code: 'not_operator', user: hostileText },
  other_team: { code: 'other_team', user: hostileText },
  group_unknown: { code: 'group_unknown', user: hostileText, group: hostileText },
  channel_not_allowed: { code: 'channel_not_allowed', channel: hostileText, allowed: [hostileText, hostileText] },
  channel_shared: { code: 'channel_shared', channel: hostileText },
  channel_unknown: { code: 'channel_unknown', channel: hostileText },
  not_requester: { code: 'not_requester', by: hostileText },
  unknown_operation: { code: 'unknown_operation' },
};

describe('the text of a refusal', () => {
  it.each(Object.entries(examples))(
    'with the code %s contains "Nothing was changed." and an advice',
    (code, refusal) => {
      const text = refusalText(refusal, plainFormatter);
      expect(refusalSchema.parse(refusal)).toEqual(refusal);
      expect(text).toContain('Nothing was changed.');
      expect(text).toMatch(/[A-Z].*[.?]$/s);
      expect(text).not.toContain('\n');
      expect(text).not.toMatch(/undefined|null|NaN|\[object/);
      expect(text, code).not.toContain('<!channel>');
      // The view adds whom to ask: `access.askToChange`.
      const minAdviceChars = code === 'not_operator' ? 0 : 11;
      expect(text.slice(text.indexOf('Nothing was changed.') + 20).length).toBeGreaterThanOrEqual(minAdviceChars);
    },
  );

  it('has an example for every code of the schema', () => {
    expect(Object.keys(examples).sort()).toEqual(refusalSchema.options.map(({ shape }) => shape.code.value).sort());
  });

  const notAllowed = { code: 'not_allowed', project: 'orders', since: now, by: 'U0BOB' } as const;
  const time = plainFormatter.time(now);

  it.each<[ProjectState, OperationKind, string]>([
    [
      'paused',
      'start',
      `orders is Paused, since ${time}, by @U0BOB: a Paused project must be restored, not started. Nothing was changed. Possible now: /sync restore orders.`,
    ],
    ['running', 'start', `orders is Running already. Nothing to do. It became Running at ${time}, by @U0BOB.`],
    [
      'failed',
      'pause',
      `orders is Failed, since ${time}, by @U0BOB: its links are paused already. Nothing was changed.`,
    ],
  ])(
    'of a %s project that refuses %s has the state, who set it and when, and no hint at the opposite',
    (state, action, text) => {
      expect(refusalText({ ...notAllowed, state, action }, plainFormatter)).toBe(text);
    },
  );

  const refusedPairs = projectStates.flatMap((state) =>
    operationKinds.filter((kind) => !isAllowed(state, kind)).map((kind) => [state, kind] as const),
  );
  it.each(refusedPairs)('has a reason why a %s project refuses %s', (state, action) => {
    const text = refusalText({ ...notAllowed, state, action }, plainFormatter);
    expect(text).toMatch(
      transitions[action].to === state
        ? /^orders is [A-Z]\w+ already\. Nothing to do\. It became [A-Z]\w+ at .*, by @U0BOB\.$/
        : /^orders is [A-Z].*, since .*, by @U0BOB: .+[^.]\. Nothing was changed\./,
    );
    expect(text).not.toContain('has changed since');
  });

  it('of a precheck has only the items that failed', () => {
    const links = { total: 1, first: [exampleLink('orders-full')] };
    const items: PrecheckItem[] = [
      { check: 'connection_reachable', connection: 'default', result: 'pass', reason: { code: 'reachable' } },
      { check: 'bullmq_version', result: 'unknown', reason: { code: 'bullmq_unknown' }, links },
      { check: 'workers_connected', result: 'fail', reason: { code: 'no_worker' }, links },
    ];
    expect(refusalText({ code: 'precheck_failed', project: 'orders', items }, plainFormatter)).toMatch(
      /^orders is Not Started: its precheck fails\. Start the workers of orders-full\. Nothing was changed\./,
    );
  });
});

describe('a refusal of 100 links', () => {
  const links = Array.from({ length: 100 }, (_, index) => exampleLink(`orders-${index}-${'x'.repeat(100)}`));
  const used = links.map((each) => ({ link: each, evidence: 'active_tasks' as const }));
  const reached = { running: links, paused: links };

  it.each<ApplyRefusal>([
    { code: 'links_unreachable', project: 'orders', links },
    { code: 'adopt_mixed', project: 'orders', ...reached },
    { code: 'queue_used', project: 'orders', links: used },
    { code: 'added_queue_used', project: 'orders', links: used },
  ])('by apply ($code) has one name, and how many more there are', (refusal) => {
    const text = applyRefusalText(refusal, plainFormatter);
    expect(text).toMatch(/orders-0-x+( is in use \([^)]*\))? and 99 more/);
    expect(text).not.toContain('orders-1-');
  });

  it.each<Refusal>([
    { code: 'links_unreachable', project: 'orders', links },
    { code: 'adopt_mixed', project: 'orders', ...reached, missing: links },
  ])('of an operation ($code) has one name, and how many more there are', (refusal) => {
    const text = refusalText(refusal, plainFormatter);
    expect(text).toMatch(/orders-0-x+ and 99 more/);
    expect(text).not.toContain('orders-1-');
  });
});
