import { expect } from 'vitest';
import { firingConditions } from '../../src/domain/alert.ts';
import { type Action, desiredLinkState, transitions } from '../../src/domain/lifecycle.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { toChunks } from '../../src/lib/async.ts';
import type { TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { otherWorkerIdPrefix } from './harness.ts';
import type { FixtureLink, ProjectFixture } from './project-fixture.ts';

/** The operations that were executed on a fixture, in this order, each once. */
export interface ExpectedOutcome {
  readonly operations: readonly {
    readonly ref: OperationRef;
    readonly action: Action;
    /** Whether it waited until its project had caught up. */
    readonly hasWaited?: boolean;
  }[];
  /** A killed process leaves its executions in `:runs`. */
  readonly isProcessKilled: boolean;
  /** An operation that was confirmed too late and was refused at its claim. */
  readonly refusedOperation?: OperationRef | null;
}

const linkTimeoutMs = 5_000;

/** The records, links and tasks are as if no process had been stopped. */
export async function expectOneOutcomePerOperation(
  services: TestServices,
  fixture: ProjectFixture,
  expected: ExpectedOutcome,
): Promise<void> {
  const { project, links } = fixture;
  const { operations } = expected;
  const key = (name: string) => `syncbot:{p:${project}}:${name}`;
  await waitFor(async () => (await services.redis.zcard(key('open'))) === 0, {
    description: 'all operations to be notified',
  });
  await waitFor(() => hasNoJob(services), { description: 'the action queue to be empty' });

  const last = operations.at(-1);
  const state = last === undefined ? null : transitions[last.action].to;
  const version = 1 + 2 * operations.length;
  const record = await services.context.projects.read(project);
  expect(record).toMatchObject({
    state,
    version,
    reconciledVersion: version,
    activeOperation: null,
    failure: null,
    incompleteOperation: null,
  });
  for (const [index, { ref }] of operations.entries()) {
    // An observation may still change the message of the newest one.
    const operation = await waitFor(
      async () => {
        const read = await services.context.operations.read(ref);
        return read?.seq === read?.notifiedSeq && read;
      },
      { description: 'the notification of what was observed' },
    );
    expect(operation).toMatchObject({ state: 'done', refusal: null });
    expect(operation.outcome).toMatchObject({ linksTotal: links.length, linksDone: links.length, unreconciled: [] });
    expect(operation.outcome?.retriedTasks, 'retried tasks').toBe(index === 0 ? fixture.failedTaskCount : 0);
  }
  if (expected.refusedOperation) {
    const refused = await services.context.operations.read(expected.refusedOperation);
    expect(refused).toMatchObject({ state: 'refused', refusal: { code: 'not_allowed' }, notifiedSeq: refused?.seq });
  }
  const refs = operations.map(({ ref }) => ref);
  expect(await readHistory(services, fixture, refs)).toEqual(expectedHistory(operations));
  const haveExecutionsEnded = async () => {
    const runs = await services.redis.zrange(key('runs'), 0, '-1');
    return runs.every((id) => expected.isProcessKilled && !id.includes(otherWorkerIdPrefix));
  };
  await waitFor(haveExecutionsEnded, { description: 'the end of all executions' });

  const desired = record === null ? null : desiredLinkState(record.state);
  const statuses = await services.context.links.readStatuses(
    links.map(({ link }) => link),
    linkTimeoutMs,
  );
  const wrongLinks = links.filter((_link, index) => statuses[index] !== desired).map(({ link }) => link.queue);
  expect(wrongLinks, `links that are not ${desired}`).toEqual([]);
  await waitFor(async () => (await readFiringAlerts(services, project)).length === 0, {
    description: 'no alert',
    describeState: () => 'No link differs and no task has failed, so no alert may fire.',
  });
  for (const link of links) await expectPauseEvents(link, expected);
  for (const link of links) await expectEachTaskOnce(fixture, link, desired === 'resumed');
}

/** The operation was not confirmed, and nothing was changed. */
export async function expectNothingChanged(
  services: TestServices,
  fixture: ProjectFixture,
  ref: OperationRef,
): Promise<void> {
  expect(await services.context.operations.read(ref)).toMatchObject({ state: 'requested' });
  expect(await services.context.projects.read(fixture.project)).toMatchObject({ version: 1, activeOperation: null });
  expect(await hasNoJob(services)).toBe(true);
  expect(await readHistory(services, fixture, [ref])).toEqual([...expectedHistory([]), ['requested', 1, '']]);
}

async function readFiringAlerts({ context }: TestServices, project: string) {
  return firingConditions((await context.projects.read(project))?.alerts ?? {});
}

async function hasNoJob({ redis }: TestServices): Promise<boolean> {
  const jobKeys = await redis.keys('{syncbot}:actions:execute-*');
  return jobKeys.length === 0;
}

/** Events of an operation that change the project's state. */
const stateChanges: ReadonlySet<string> = new Set(['started', 'done']);

/** Of an audit entry: the event, the project's version, and the state if the event changes it, else an empty text. */
type HistoryEntry = readonly [event: string, version: number, state: string];

/** Events that the observer adds, when it finds them. A correction of a late write is not among them: no command changes a flag late. */
const observationEvents: ReadonlySet<string> = new Set([
  'alert_firing',
  'alert_resolved',
  'alert_notified',
  'drained',
  'caught_up',
]);

/** The audit entries of these operations and of the project itself. */
async function readHistory(
  { redis }: TestServices,
  { project }: ProjectFixture,
  refs: readonly OperationRef[],
): Promise<HistoryEntry[]> {
  const entries = await redis.xrange(`syncbot:{p:${project}}:audit`, '-', '+');
  const ids = ['', ...refs.map(({ operation }) => operation)];
  return entries
    .map(([, fields]) => Object.fromEntries(toChunks(fields, 2)))
    .filter(({ operation, event }) => ids.includes(operation) && !observationEvents.has(event))
    .map(({ event, version, state = '' }) => [event, Number(version), stateChanges.has(event) ? state : '']);
}

function expectedHistory(operations: ExpectedOutcome['operations']): HistoryEntry[] {
  return [
    ['created', 1, ''],
    ...operations.flatMap(({ action, hasWaited = false }, index): HistoryEntry[] => {
      const version = 1 + 2 * index;
      return [
        ['requested', version, ''],
        ['confirmed', version, ''],
        ...(hasWaited ? [['wait_ended', version, ''] as const] : []),
        ['started', version + 1, transitions[action].through],
        ['done', version + 2, transitions[action].to],
      ];
    }),
  ];
}

/** The link has one pause or resume event for each operation. A late command changes no flag. */
async function expectPauseEvents({ queue, redis }: FixtureLink, { operations }: ExpectedOutcome): Promise<void> {
  const entries = await redis.xrange(`bull:${queue.name}:events`, '-', '+');
  const events = entries.map(([, fields]) => fields[1]);
  // Before a Start or a Restore the fixture has paused every link.
  const setupPauses = operations[0]?.action === 'pause' ? 0 : 1;
  for (const event of ['paused', 'resumed'] as const) {
    const expected = operations.filter(({ action }) => desiredLinkState(transitions[action].to) === event).length;
    const count = events.filter((one) => one === event).length - (event === 'paused' ? setupPauses : 0);
    expect(count, `${event} events of ${queue.name}`).toBe(expected);
  }
}

const listKeys = ['wait', 'active', 'paused'] as const;
const sortedSetKeys = ['prioritized', 'delayed', 'failed', 'completed', 'waiting-children'] as const;

/** Each task is in exactly one list, was completed at most once, and older tasks were completed first. */
async function expectEachTaskOnce(fixture: ProjectFixture, link: FixtureLink, isRunning: boolean): Promise<void> {
  const { queue, redis } = link;
  const keyPrefix = `bull:${queue.name}:`;
  const { length } = fixture.tasks;
  if (isRunning)
    await waitFor(() => fixture.completedTasks(link).length >= length, { description: `all tasks of ${queue.name}` });
  await waitFor(async () => (await redis.llen(`${keyPrefix}active`)) === 0, {
    description: 'the end of the task in flight',
  });
  const inLists = await Promise.all(listKeys.map((name) => redis.lrange(`${keyPrefix}${name}`, 0, -1)));
  const inSets = await Promise.all(sortedSetKeys.map((name) => redis.zrange(`${keyPrefix}${name}`, 0, '-1')));
  const ids = [...inLists, ...inSets].flat().sort();
  expect(ids, `tasks of ${queue.name}`).toEqual(Array.from({ length }, (_, index) => `${index + 1}`));
  const completed = fixture.completedTasks(link);
  expect(completed, `completed tasks of ${queue.name}`).toEqual(fixture.tasks.slice(0, completed.length));
  expect(await redis.zcard(`${keyPrefix}completed`)).toBe(completed.length);
}
