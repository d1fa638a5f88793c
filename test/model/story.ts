import { assert as assertAll, asyncProperty } from 'fast-check';
import { untrueAnswers } from './answer-check.ts';
import { type Replayed, replay } from './history-check.ts';
import { readLink, untrueFailures, untrueOutcomes } from './link-check.ts';
import { perform } from './perform.ts';
import { isTaskFailure, type ProjectRecords, readRecords } from './records.ts';
import { bringHome, rest } from './rest.ts';
import type { Observed } from './so-far.ts';
import { type Step, storyOf } from './steps.ts';
import { openSystem, type System } from './system.ts';
import { countOne, type Tally } from './tally.ts';

/** So many people at once; each carries out every n-th command, in order. */
const hands = 8;

export interface Telling {
  /** Of the build that the workers run. */
  readonly folder: string;
  readonly tally: Tally;
  /** Called after each story. */
  readonly onTold?: () => void;
}

/** Plays the commands with all their faults, lets everything come to rest, and holds the history against the rules. */
export async function tellStory(steps: readonly Step[], { folder, tally, onTold = () => {} }: Telling): Promise<void> {
  await using system = await openSystem(folder);
  const observed: Observed = { asked: [], pressed: [], leftOpen: [], faults: [], unknown: 0 };
  await Promise.all(
    Array.from({ length: hands }, async (_hand, index) => {
      for (let next = index; next < steps.length; next += hands) {
        const step = steps[next];
        if (step !== undefined) await perform({ system, observed }, step);
      }
    }),
  );
  await rest(system);
  await bringHome(system);
  await rest(system);
  const violations = [...observed.faults, ...system.workers.deaths(), ...(await checked(system, { observed, tally }))];
  tally.commands += steps.length;
  tally.stories += 1;
  tally.kills += system.workers.kills;
  tally.stops += system.workers.stops;
  for (const { cuts } of system.proxies) tally.cuts += cuts;
  tally.unknown += observed.unknown;
  onTold();
  if (violations.length > 0) throw new Error(`The history breaks the rules:\n${violations.join('\n')}`);
}

async function checked(system: System, { observed, tally }: { observed: Observed; tally: Tally }): Promise<string[]> {
  const histories = new Map<string, Replayed & { readonly records: ProjectRecords }>();
  const violations: string[] = [];
  for (const { id, first, onFailure, links } of system.projects) {
    const records = await readRecords(system.redis, id);
    const replayed = replay(records, { first, links: links.length });
    histories.set(id, { ...replayed, records });
    const read = await Promise.all(links.map(({ redis, link }) => readLink(redis, link)));
    const untrue = untrueOutcomes(replayed.standings, read);
    violations.push(...replayed.violations, ...read.flatMap((link) => link.violations));
    violations.push(...untrue.map((it) => `${id}: ${JSON.stringify(it)}`));
    violations.push(...abandonedRuns(system, records));
    const failures = untrueFailures(records.audit, read);
    violations.push(...failures.map((it) => `${id}: ${it}`));
    if (onFailure === 'continue' && records.audit.some(isTaskFailure)) violations.push(`${id}: Failed by a task`);
    for (const state of replayed.states.values()) countOne(tally.operations, state);
    const refused = records.audit.filter(({ event }) => event === 'refused');
    for (const { fields } of refused) countOne(tally.refusals, fields['code'] ?? '');
    tally.transitions += replayed.standings.length - 1;
    for (const { tasks, putBack } of read) {
      tally.tasks += tasks;
      tally.putBack += putBack;
    }
  }
  return [...violations, ...untrueAnswers(observed, histories)];
}

/** Only who is killed, or cannot reach Redis, does not leave. */
function abandonedRuns({ workers, proxies }: System, { id, runs }: ProjectRecords): string[] {
  return runs
    .filter((at) => at > proxies[0].lastOutageAt)
    .filter((at) => !workers.killed.some(({ startedAt, endedAt }) => at >= startedAt && at <= (endedAt ?? 0)))
    .map((at) => `${id}: a run that entered at ${at} never left, though nothing kept it from that`);
}

export interface Run extends Telling {
  readonly stories: number;
  readonly commands: number;
  /** What a failure has printed: the same commands again, though not the same interleaving. */
  readonly seed: number;
  readonly path: string | undefined;
}

/** So many stories of so many commands. A failure names seed and path. */
export async function tellStories({ stories, commands, seed, path, ...telling }: Run): Promise<void> {
  const property = asyncProperty(storyOf(commands), (steps) => tellStory(steps, telling));
  const replaying = path === undefined ? {} : { path };
  await assertAll(property, { numRuns: stories, seed, endOnFailure: true, ...replaying });
}
