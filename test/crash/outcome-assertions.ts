import { expect } from 'vitest';
import { type Action, desiredLinkState, transitions } from '../../src/domain/lifecycle.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { toChunks } from '../../src/lib/async.ts';
import type { TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { expectEachTaskOnce, expectPauseEvents } from './link-assertions.ts';
import type { ProjectFixture } from './project-fixture.ts';

/** What was carried out on a stage, in this order, each once. */
export interface ExpectedOutcome {
  readonly operations: readonly { readonly ref: OperationRef; readonly action: Action }[];
  /** How often a link may have been driven the wrong way by a command that came late, and back. */
  readonly lateCommands: number;
  /** Runs that ended without leaving: those of a killed process. */
  readonly leftoverRuns: number;
  /** One that came too late and was refused at the end. */
  readonly refusedOperation?: OperationRef | null;
}

const linkTimeoutMs = 5_000;

/** Everything has come to rest as if nobody had been stopped. */
export async function expectOneOutcomePerOperation(
  services: TestServices,
  fixture: ProjectFixture,
  expected: ExpectedOutcome,
): Promise<void> {
  const { project, links } = fixture;
  const { operations } = expected;
  const key = (name: string) => `syncbot:{p:${project}}:${name}`;
  await waitFor(async () => (await services.redis.zcard(key('open'))) === 0, { description: 'everything to be told' });
  await waitFor(() => hasNoJob(services), { description: 'the action queue to be empty' });

  const last = operations.at(-1);
  const state = last === undefined ? null : transitions[last.action].to;
  const version = 1 + 2 * operations.length;
  const record = await services.deps.projects.read(project);
  expect(record).toMatchObject({
    state,
    version,
    syncedVersion: version,
    activeOperation: null,
    failure: null,
    incompleteOperation: null,
  });
  for (const [index, { ref }] of operations.entries()) {
    const operation = await services.deps.operations.read(ref);
    expect(operation).toMatchObject({ state: 'done', refusal: null, notifiedSeq: operation?.seq });
    expect(operation?.outcome).toMatchObject({ linksTotal: links.length, linksDone: links.length, unreachable: [] });
    expect(operation?.outcome?.retriedTasks, 'tasks put back').toBe(index === 0 ? fixture.failedTaskCount : 0);
  }
  if (expected.refusedOperation) {
    const refused = await services.deps.operations.read(expected.refusedOperation);
    expect(refused).toMatchObject({ state: 'refused', refusal: { code: 'not_allowed' }, notifiedSeq: refused?.seq });
  }
  const refs = operations.map(({ ref }) => ref);
  expect(await readHistory(services, fixture, refs)).toEqual(expectedHistory(operations));
  expect(await services.redis.zcard(key('runs'))).toBeLessThanOrEqual(expected.leftoverRuns);

  const desired = record === null ? null : desiredLinkState(record.state);
  const flags = await services.deps.links.readStatuses(
    links.map(({ link }) => link),
    linkTimeoutMs,
  );
  const wrongLinks = links.filter((_link, index) => flags[index] !== desired).map(({ link }) => link.queue);
  expect(wrongLinks, `links that are not ${desired}`).toEqual([]);
  for (const link of links) await expectPauseEvents(link, expected);
  for (const link of links) await expectEachTaskOnce(fixture, link, desired === 'resumed');
}

/** Nothing has been changed: nobody ever confirmed. */
export async function expectNothingChanged(
  services: TestServices,
  fixture: ProjectFixture,
  ref: OperationRef,
): Promise<void> {
  expect(await services.deps.operations.read(ref)).toMatchObject({ state: 'requested' });
  expect(await services.deps.projects.read(fixture.project)).toMatchObject({ version: 1, activeOperation: null });
  expect(await hasNoJob(services)).toBe(true);
  expect(await readHistory(services, fixture, [ref])).toEqual([...expectedHistory([]), ['requested', 1, '']]);
}

async function hasNoJob({ redis }: TestServices): Promise<boolean> {
  const jobKeys = await redis.keys('{syncbot}:actions:execute-*');
  return jobKeys.length === 0;
}

/** What is recorded: the event, the project's version then, and the state that it went into, if it did. */
type HistoryEntry = readonly [event: string, version: number, state: string];

/** What a look at the links writes down: a late write of the frozen one that was driven back, what a channel is to know. */
const observationEvents: ReadonlySet<string> = new Set([
  'corrected',
  'alert_firing',
  'alert_resolved',
  'alert_notified',
]);

/** The entries of these operations and of the project itself. */
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
    .map(({ event, version, state = '' }) => [event, Number(version), state]);
}

function expectedHistory(operations: ExpectedOutcome['operations']): HistoryEntry[] {
  return [
    ['created', 1, ''],
    ...operations.flatMap(({ action }, index): HistoryEntry[] => {
      const version = 1 + 2 * index;
      return [
        ['requested', version, ''],
        ['confirmed', version, ''],
        ['started', version + 1, transitions[action].through],
        ['done', version + 2, transitions[action].to],
      ];
    }),
  ];
}
