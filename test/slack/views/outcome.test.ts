import { describe, expect, it } from 'vitest';
import type { FollowEnd, FollowGoal, FollowObservation, FollowRates } from '../../../src/domain/follow-up.ts';
import type { Operation } from '../../../src/domain/operation.ts';
import type { Refusal } from '../../../src/domain/refusal.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { buildOutcome, buildOutcomeSummary } from '../../../src/slack/views/outcome.ts';
import { exampleLink, exampleNow, exampleOperation, exampleOutcome } from '../../support/example-records.ts';
import { actionButtons } from '../action-buttons.ts';

const format = slackFormatter('/sync');
const at = exampleNow;
const time = format.time(at);
/** As the end of a clause: `at 14:03`. */
const clock = format.at(at);

describe('the message of an operation', () => {
  const outcomeText = (operation: Partial<Operation>) =>
    buildOutcome({ format, projectExists: true, operation: exampleOperation(operation) }).text;
  const done: Partial<Operation> = { state: 'done', toState: 'paused' };
  const restored: Partial<Operation> = { action: 'restore', state: 'done', toState: 'running' };
  const links = [exampleLink('orders-incr')];
  const observed = (remaining: number | null, rates: FollowRates | null = null): FollowObservation => {
    return { at, remaining, rates, counters: null, noWorker: { total: 0, first: [] } };
  };
  const reached: FollowEnd = { kind: 'reached', at };
  const timedOut: FollowEnd = { kind: 'timed_out', at };
  const follow =
    (operation: Partial<Operation>, goal: FollowGoal) =>
    ({ latest = observed(0), end = null }: { latest?: FollowObservation | null; end?: FollowEnd | null }) => ({
      ...operation,
      finishedAt: at - 12 * 3_600_000,
      outcome: { ...exampleOutcome, inFlight: 3, backlog: 12_400 },
      followUp: { goal, latest, intervalMs: 1_000 },
      followEnd: end,
    });
  const [quiet, caughtUp] = [follow(done, 'quiet'), follow(restored, 'caught_up')];

  it.each<[string, Partial<Operation>, string]>([
    ['confirmed', { state: 'confirmed' }, 'orders · Pausing… · by <@U0ALICE> · we deploy'],
    [
      'confirmed, and no worker has claimed it',
      { state: 'confirmed', claimDelayedAt: exampleNow, executeBy: Date.UTC(2026, 10, 24, 18, 54) },
      '\nNo syncbot worker has taken the request yet. If none takes it before <!date',
    ],
    ['running', { state: 'running', progress: { done: 3, total: 10 } }, 'orders · Pausing… 3 of 10 links · by'],
    ['done', { ...done, outcome: exampleOutcome }, 'orders was paused · 2 links · by <@U0ALICE> · we deploy'],
    [
      'done with tasks in flight',
      { ...done, outcome: { ...exampleOutcome, inFlight: 3 } },
      '\n3 tasks were still in flight then',
    ],
    ['paused, and tasks are finishing', quiet({ latest: null }), '\n3 tasks still finishing'],
    ['paused, and not every link answers', quiet({ latest: observed(null) }), '\nIt is not known yet how many tasks'],
    ['paused and quiet', quiet({ end: reached }), `\nIts last task in flight ended ${clock}`],
    [
      'paused, and a task does not end',
      quiet({ end: timedOut, latest: observed(1) }),
      `1 task was still in flight ${clock}, after 12 h`,
    ],
    ['restored', caughtUp({ latest: null }), '\nCatching up: 12,400 tasks left'],
    [
      'restored, at the first observation',
      caughtUp({ latest: observed(12_400) }),
      `\nCatching up: 12,400 tasks left as of ${time}`,
    ],
    [
      'restored, and the backlog falls',
      caughtUp({ latest: observed(12_400, { fewerPerS: 310, addedPerS: 40, endedPerS: 350 }) }),
      `\nCatching up: 12,400 tasks left as of ${time} · 310/s · about 40 s`,
    ],
    [
      'restored, and the backlog grows',
      caughtUp({ latest: observed(12_400, { fewerPerS: -28, addedPerS: 40, endedPerS: 0.2 }) }),
      `\nNot catching up: 12,400 tasks left as of ${time} · in 40/s, out 12/min`,
    ],
    [
      'restored, and nothing but the backlog can be measured',
      caughtUp({ latest: observed(12_400, { fewerPerS: -28, addedPerS: null, endedPerS: null }) }),
      `\nNot catching up: 12,400 tasks left as of ${time} · 28/s more`,
    ],
    [
      'restored, and links have no worker',
      caughtUp({ latest: { ...observed(12_400), noWorker: { total: 10, first: links } } }),
      `\nNo worker on \`orders-incr\` and 9 more: 12,400 tasks left as of ${time}`,
    ],
    [
      'restored, and a link does not answer',
      caughtUp({ latest: observed(null) }),
      `\nCatching up: backlog unknown as of ${time}`,
    ],
    ['restored and caught up', caughtUp({ end: reached }), `\nCaught up ${clock}, after 12 h`],
    [
      'restored, and not caught up in time',
      caughtUp({ end: timedOut, latest: observed(12_400, { fewerPerS: 0, addedPerS: 40, endedPerS: 0 }) }),
      `\n12,400 tasks still waited ${clock}, after 12 h · in 40/s, out 0/s`,
    ],
    [
      'restored, and paused again',
      caughtUp({ end: { kind: 'state_changed', at, state: 'paused', by: 'U0BOB' }, latest: observed(1) }),
      `\n1 task still waited ${clock}. It became Paused ${clock}, by <@U0BOB>.`,
    ],
    [
      'restored without a backlog',
      { ...restored, outcome: { ...exampleOutcome, backlog: 0 } },
      '\nNo task was waiting',
    ],
    [
      'paused, and removed',
      quiet({ end: { kind: 'removed', at, by: 'cli:root' } }),
      `root on the command line removed orders ${clock}.`,
    ],
    [
      'done with a log that ends',
      { ...done, outcome: { ...exampleOutcome, logRetainedUntil: at } },
      `\nA restore was due before ${time}, the end of the source's log`,
    ],
    [
      'done with retried tasks',
      { ...restored, outcome: { ...exampleOutcome, retriedTasks: 5 } },
      'orders was restored · 2 links · by <@U0ALICE> · we deploy\n5 failed tasks retried, before newer ones',
    ],
    [
      'done by two workers, so that the number of retried tasks is not known',
      { ...restored, outcome: { ...exampleOutcome, retriedTasks: 5, retriedTasksUncertain: true, removedTasks: 35 } },
      'It was not known how many of 5 failed tasks were retried\nAt least 35 failed tasks could not be retried: removed',
    ],
    [
      'done before the project failed again',
      {
        ...restored,
        outcome: exampleOutcome,
        laterFailure: {
          at,
          failure: { kind: 'task_failed', link: exampleLink('orders-full'), taskId: '7', reason: 'secret', at },
        },
      },
      `orders was restored by <@U0ALICE>, and became Failed ${clock} · 2 links · we deploy\nA task failed on \`orders-full\``,
    ],
    ['cancelled', { state: 'cancelled' }, 'orders · Cancelled · it was not paused\nNothing was changed.'],
    ['expired', { state: 'expired' }, 'Nothing was changed. Ask again with `/sync pause orders`.'],
    [
      'superseded',
      { state: 'superseded' },
      'orders · Replaced by a newer request · it was not paused\nThis request changed nothing.',
    ],
  ])('has the text of its state: %s', (_name, operation, text) => expect(outcomeText(operation)).toContain(text));

  it('of a restore says only once when the project failed again', () => {
    const end: FollowEnd = { kind: 'state_changed', at, state: 'failed', by: 'syncbot' };
    const laterFailure = { at, failure: { kind: 'link_unreachable' as const, link: exampleLink('orders-full'), at } };
    const text = outcomeText({ ...caughtUp({ end, latest: observed(1) }), laterFailure });
    expect(text).toMatch(/^orders was restored by <@U0ALICE>.*, and became Failed <!date/);
    expect(text).toContain(`\n1 task still waited ${clock}`);
    expect(text.match(/became/gi)).toHaveLength(1);
  });

  it('of a pause names the links that it did not reach, and when they were paused later', () => {
    const outcome = { ...exampleOutcome, linksTotal: 10, linksDone: 9, unreconciled: links };
    const failed: Partial<Operation> = { state: 'failed', toState: 'failed', outcome };
    expect(outcomeText(failed)).toContain(
      'orders · Became Failed · only 9 of 10 links paused, `orders-incr` not reached · by <@U0ALICE> · we deploy\nsyncbot was to try again later to pause its links',
    );
    expect(outcomeText({ ...failed, reconciledAt: at })).toContain(
      `\nAll its links that had a queue were paused ${clock}`,
    );
  });

  it.each<[string, Partial<Operation>, string]>([
    ['done', { ...done, outcome: exampleOutcome }, 'orders was paused · 2 links'],
    [
      'failed',
      { state: 'failed', toState: 'failed', outcome: { ...exampleOutcome, linksDone: 1, unreconciled: links } },
      'orders · Became Failed · only 1 of 2 links paused, `orders-incr` not reached',
    ],
    [
      'not claimed in time',
      { state: 'refused', refusal: { code: 'claim_timeout', project: 'orders', action: 'pause' } },
      'orders · Not paused',
    ],
  ])('that was %s is one line for the requester, if the channel has the whole message', (_name, operation, line) => {
    const summary = (channel: string) =>
      buildOutcomeSummary({ operation: exampleOperation(operation), channel, format }).text;
    expect(summary('C0SYNC')).toBe(`${line} · see the message in <#C0SYNC>`);
    expect(summary('D0ALICE')).toBe(`${line} · see the message in a direct message`);
  });

  const partly = { ...exampleOutcome, linksDone: 1, unreconciled: links };
  const failure = { kind: 'task_failed', link: exampleLink('orders-full'), taskId: '7', reason: 'no', at } as const;
  it.each<[string, Partial<Operation>, string[]]>([
    ['a pause has Restore', done, ['Restore']],
    ['a restore has Pause', restored, ['Pause']],
    ['a start has Pause', { ...restored, action: 'start' }, ['Pause']],
    ['an Adopt has what the new state allows', { ...done, action: 'adopt' }, ['Restore']],
    ['a Re-apply has none', { ...done, action: 'reapply' }, []],
    [
      'a failed pause has Restore and Show',
      { state: 'failed', toState: 'failed', outcome: partly },
      ['Restore', 'Show'],
    ],
    ['a failed Re-apply has Show', { action: 'reapply', state: 'failed', outcome: partly }, ['Show']],
    [
      'a restore after which the project failed has Restore and Show',
      { ...restored, laterFailure: { at, failure } },
      ['Restore', 'Show'],
    ],
  ])('of %s, until a later operation ends the state that it set', (_name, fields, labels) => {
    const labelsOf = (overrides: Partial<Operation>) => {
      const operation = exampleOperation({ outcome: exampleOutcome, ...fields, ...overrides });
      const { blocks } = buildOutcome({ format, projectExists: true, operation });
      return actionButtons(blocks).map(({ text }) => text.text);
    };
    expect(labelsOf({})).toEqual(labels);
    expect(labelsOf({ stateEndedAt: at })).toEqual([]);
  });

  const since = exampleNow - 12_000;
  it.each<[Operation['action'], Refusal, string]>([
    [
      'pause',
      { code: 'not_allowed', action: 'pause', project: 'orders', state: 'paused', since, by: 'U0BOB' },
      `orders · Not paused · by <@U0ALICE> · we deploy\nIt was Paused already, since ${format.time(since)}, by <@U0BOB>. Nothing was changed.`,
    ],
    [
      'start',
      { code: 'not_allowed', action: 'start', project: 'orders', state: 'paused', since, by: 'U0BOB' },
      `It was Paused, since ${format.time(since)}, by <@U0BOB>. Nothing was changed. Check it with \`/sync show orders\` before you ask again.`,
    ],
    [
      'restore',
      { code: 'links_unreachable', project: 'orders', links },
      '\nThe link `orders-incr` could not be reached. No link was resumed, and no failed task was retried. Find',
    ],
    [
      'restore',
      { code: 'links_unreachable', project: 'orders', links, paused: [exampleLink('orders-full')] },
      'No link was resumed, and no failed task was retried. syncbot paused `orders-full`, which ran unexpectedly. Find',
    ],
    [
      'start',
      { code: 'links_unreachable', project: 'orders', links },
      '\nThe link `orders-incr` could not be reached. Nothing was changed. Find the reason with syncbot doctor, then ask again.',
    ],
    [
      'adopt',
      { code: 'adopt_mixed', project: 'orders', running: [exampleLink('a')], paused: [], missing: links },
      'Its links were not all in the same state: `a` ran, `orders-incr` had no queue. Nothing was changed.',
    ],
  ])('of a refused %s has the reason, what was changed and what to do (%o)', (action, refusal, text) => {
    expect(outcomeText({ action, state: 'refused', refusal })).toContain(text);
  });
});
