import { expect } from 'vitest';
import { chunksOf } from '../../src/application/chunks.ts';
import { linksWanted, roads } from '../../src/domain/lifecycle.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import type { Action } from '../../src/domain/project.ts';
import { waitFor } from '../support/wait.ts';
import type { World } from '../support/world.ts';
import { expectNoTaskLostOrTwice, expectRightEvents } from './link-checks.ts';
import type { Stage } from './stage.ts';

/** What was carried out on a stage, in this order, each once. */
export interface Story {
  readonly operations: readonly { readonly ref: OperationRef; readonly action: Action }[];
  /** How often a link may have been driven the wrong way by a command that came late, and back. */
  readonly lateDrives: number;
  /** Runs that ended without leaving: those of a killed process. */
  readonly runsLeft: number;
  /** One that came too late and was refused at the end. */
  readonly refused?: OperationRef | null;
}

const linkAnswersMs = 5_000;

/** Everything has come to rest as if nobody had been stopped. */
export async function expectOneOutcomeEach(world: World, stage: Stage, story: Story): Promise<void> {
  const { project, links } = stage;
  const { operations } = story;
  const key = (name: string) => `syncbot:{p:${project}}:${name}`;
  await waitFor(async () => (await world.redis.zcard(key('open'))) === 0, { describe: 'everything to be told' });
  await waitFor(() => hasNoJob(world), { describe: 'the action queue to be empty' });

  const last = operations.at(-1);
  const state = last === undefined ? null : roads[last.action].to;
  const version = 1 + 2 * operations.length;
  const found = await world.deps.store.read(project);
  expect(found).toMatchObject({
    state,
    version,
    convergedVersion: version,
    holder: null,
    failure: null,
    unfinished: null,
  });
  for (const [index, { ref }] of operations.entries()) {
    const operation = await world.deps.store.readOperation(ref);
    expect(operation).toMatchObject({ state: 'done', refusal: null, toldSeq: operation?.seq });
    expect(operation?.outcome).toMatchObject({ linksTotal: links.length, linksDone: links.length, unreachable: [] });
    expect(operation?.outcome?.putBack, 'tasks put back').toBe(index === 0 ? stage.failed : 0);
  }
  if (story.refused) {
    const late = await world.deps.store.readOperation(story.refused);
    expect(late).toMatchObject({ state: 'refused', refusal: { code: 'not_allowed' }, toldSeq: late?.seq });
  }
  const refs = operations.map(({ ref }) => ref);
  expect(await history(world, stage, refs)).toEqual(historyOf(operations));
  expect(await world.redis.zcard(key('runs'))).toBeLessThanOrEqual(story.runsLeft);

  const wanted = found === null ? null : linksWanted(found.state);
  const flags = await world.deps.links.readFlags(
    links.map(({ link }) => link),
    linkAnswersMs,
  );
  const astray = links.filter((_link, index) => flags[index] !== wanted).map(({ link }) => link.queue);
  expect(astray, `links that are not ${wanted}`).toEqual([]);
  for (const link of links) await expectRightEvents(link, story);
  for (const link of links) await expectNoTaskLostOrTwice(stage, link, wanted === 'resumed');
}

/** Nothing has been changed: nobody ever confirmed. */
export async function expectNothingDone(world: World, stage: Stage, ref: OperationRef): Promise<void> {
  expect(await world.deps.store.readOperation(ref)).toMatchObject({ state: 'requested' });
  expect(await world.deps.store.read(stage.project)).toMatchObject({ version: 1, holder: null });
  expect(await hasNoJob(world)).toBe(true);
  expect(await history(world, stage, [ref])).toEqual([...historyOf([]), ['requested', 1, '']]);
}

async function hasNoJob({ redis }: World): Promise<boolean> {
  const left = await redis.keys('{syncbot}:actions:execute-*');
  return left.length === 0;
}

/** What is recorded: the event, the project's version then, and the state that it went into, if it did. */
type Entry = readonly [event: string, version: number, state: string];

/** What a look at the links writes down: a late write of the frozen one that was driven back, what a channel is to know. */
const looks: ReadonlySet<string> = new Set(['corrected', 'alert', 'alert_over', 'told']);

/** The entries of these operations and of the project itself. */
async function history({ redis }: World, { project }: Stage, refs: readonly OperationRef[]): Promise<Entry[]> {
  const entries = await redis.xrange(`syncbot:{p:${project}}:audit`, '-', '+');
  const ids = ['', ...refs.map(({ operation }) => operation)];
  return entries
    .map(([, fields]) => Object.fromEntries(chunksOf(fields, 2)))
    .filter(({ operation, event }) => ids.includes(operation) && !looks.has(event))
    .map(({ event, version, state = '' }) => [event, Number(version), state]);
}

function historyOf(operations: Story['operations']): Entry[] {
  return [
    ['created', 1, ''],
    ...operations.flatMap(({ action }, index): Entry[] => {
      const version = 1 + 2 * index;
      return [
        ['requested', version, ''],
        ['confirmed', version, ''],
        ['started', version + 1, roads[action].via],
        ['done', version + 2, roads[action].to],
      ];
    }),
  ];
}
