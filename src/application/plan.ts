import { allowedAction, linksWanted } from '../domain/lifecycle.ts';
import { answerWithinMs } from '../domain/operation.ts';
import { precheckItems } from '../domain/precheck.ts';
import { type Link, linkId, noWatermark, type Project, type ProjectId, type Watermark } from '../domain/project.ts';
import type { PrecheckItem } from '../domain/refusal.ts';
import type { ApplyRefusal } from './apply-refusal.ts';
import type { Deps } from './deps.ts';
import {
  isPaused,
  missing,
  readingOf,
  running,
  type Seen,
  unreachable,
  usedLinks,
  watermarks,
  withoutOldFailures,
} from './seen.ts';
import type { FirstState } from './store.ts';
import {
  type Changed,
  definitionChanges,
  isCutOff,
  type Sorted,
  sortOut,
  type WantedProject,
  type WantedProjects,
} from './wanted.ts';

/** A project without a record. */
export interface Creation extends WantedProject {
  readonly first: FirstState;
  /** Links that run now and will be paused. */
  readonly pauses: readonly Link[];
  /** Links whose queue does not exist; it is never created. */
  readonly missing: readonly Link[];
  readonly precheck: readonly PrecheckItem[];
}

/** A project whose definition differs. */
export interface Change {
  readonly project: Project;
  readonly definition: WantedProject['definition'];
  /** In words, as `definitionChanges` says them. */
  readonly what: readonly string[];
  /** Ids of the links that are added. */
  readonly added: readonly string[];
  readonly pauses: readonly Link[];
  readonly missing: readonly Link[];
  /** Links no longer in it, which stay paused. */
  readonly leftPaused: readonly Link[];
  /** Of the added links. */
  readonly watermarks: Readonly<Record<string, Watermark>>;
}

/** What `apply` would do. Made by reading only. */
export interface Plan {
  readonly create: readonly Creation[];
  readonly change: readonly Change[];
  /** Projects no longer in the file, and the links that stay paused. */
  readonly remove: readonly { readonly project: Project; readonly leftPaused: readonly Link[] }[];
  /** Links that should be paused and run, since an earlier apply was cut off. */
  readonly repause: readonly { readonly project: Project; readonly links: readonly Link[] }[];
  readonly unchanged: readonly ProjectId[];
}

export type Planned =
  | { readonly kind: 'planned'; readonly plan: Plan }
  /** Every reason at once. Nothing was changed. */
  | { readonly kind: 'refused'; readonly refusals: readonly ApplyRefusal[] };

/** Reads everything and says what applying the file would do, or every reason why it is refused. */
export async function planApply(deps: Pick<Deps, 'store' | 'links'>, wanted: WantedProjects): Promise<Planned> {
  const stored = await deps.store.readMany(await deps.store.ids());
  const sorted = sortOut(stored, wanted.projects);
  const seen = await look(deps, sorted);
  const refusals = [
    ...sorted.created.flatMap((project) => creationRefusals(project, seen)),
    ...sorted.changed.flatMap((change) => changeRefusals(change, seen)),
    ...sorted.removed.flatMap(removalRefusals),
  ];
  if (refusals.length > 0) return { kind: 'refused', refusals };
  const plan: Plan = {
    create: await Promise.all(sorted.created.map((project) => creation(deps, project, seen))),
    change: await Promise.all(sorted.changed.map((change) => changeOf(deps, change, seen))),
    remove: await Promise.all(
      sorted.removed.map(async (project) => ({
        project,
        leftPaused: await leftPaused(deps, project.definition.links),
      })),
    ),
    repause: sorted.unchanged
      .map((project) => ({ project, links: isCutOff(project) ? running(project.definition.links, seen) : [] }))
      .filter(({ links }) => links.length > 0),
    unchanged: sorted.unchanged.map(({ id }) => id),
  };
  return { kind: 'planned', plan };
}

/** Whether a plan leaves everything as it is. */
export function nothingToDo({ create, change, remove, repause }: Plan): boolean {
  return create.length + change.length + remove.length + repause.length === 0;
}

async function look(deps: Pick<Deps, 'links'>, { created, changed, unchanged }: Sorted): Promise<Seen> {
  const links = [
    ...created.flatMap(({ definition }) => definition.links),
    ...changed.flatMap(({ added }) => added),
    ...unchanged.filter(isCutOff).flatMap(({ definition }) => definition.links),
  ];
  const readings = await deps.links.observe(links.map((link) => ({ link, watermark: noWatermark })));
  const answered = readings.filter(({ kind }) => kind !== 'unreachable').map(({ link }) => link);
  const signs = await deps.links.workedOn(answered);
  const workedOn = new Map(answered.map((link, index) => [linkId(link), signs[index] ?? null]));
  return new Map(
    readings.map((reading) => {
      const id = linkId(reading.link);
      return [id, { reading, workedOn: workedOn.get(id) ?? null }];
    }),
  );
}

function creationRefusals({ definition, adopt }: WantedProject, seen: Seen): ApplyRefusal[] {
  const { id: project, links } = definition;
  const away = unreachable(links, seen);
  if (away.length > 0) return [{ code: 'links_unreachable', project, links: away }];
  if (!adopt) {
    const used = usedLinks(links, seen);
    return used.length > 0 ? [{ code: 'worked_on', project, links: used }] : [];
  }
  const going = running(links, seen);
  const paused = links.filter((link) => isPaused(link, seen));
  return going.length > 0 && paused.length > 0 ? [{ code: 'adopt_mixed', project, running: going, paused }] : [];
}

function changeRefusals({ project, added, removed }: Changed, seen: Seen): ApplyRefusal[] {
  const { id, state } = project;
  if (allowedAction(state) === null) return [{ code: 'in_transition', project: id, state }];
  if (added.length + removed.length === 0) return [];
  if (linksWanted(state) !== 'paused') return [{ code: 'links_in_use', project: id, state }];
  const away = unreachable(added, seen);
  if (away.length > 0) return [{ code: 'links_unreachable', project: id, links: away }];
  const used = usedLinks(running(added, seen), seen);
  return used.length > 0 ? [{ code: 'added_worked_on', project: id, links: used }] : [];
}

function removalRefusals({ id, state }: Project): ApplyRefusal[] {
  if (state === 'not_started' || state === 'paused') return [];
  return [{ code: allowedAction(state) === null ? 'in_transition' : 'not_removable', project: id, state }];
}

async function creation(deps: Pick<Deps, 'links'>, project: WantedProject, seen: Seen): Promise<Creation> {
  const { links } = project.definition;
  const names = [...new Set(links.map((link) => link.connection))];
  const [connections, workers] = await Promise.all([deps.links.connections(names), deps.links.workers(links)]);
  const going = running(links, seen);
  const paused = links.some((link) => isPaused(link, seen));
  const state = !project.adopt ? 'not_started' : going.length > 0 ? 'running' : paused ? 'paused' : 'not_started';
  const readings = links.flatMap((link) => readingOf(link, seen)).map(withoutOldFailures);
  return {
    ...project,
    first: { state, watermarks: watermarks(links, seen) },
    pauses: state === 'running' ? [] : going,
    missing: missing(links, seen),
    precheck: precheckItems({ connections, workers, links: readings }),
  };
}

async function changeOf(
  deps: Pick<Deps, 'links'>,
  { project, definition, added, removed }: Changed,
  seen: Seen,
): Promise<Change> {
  return {
    project,
    definition,
    what: definitionChanges(project.definition, definition),
    added: added.map(linkId),
    pauses: running(added, seen),
    missing: missing(added, seen),
    leftPaused: await leftPaused(deps, removed),
    watermarks: watermarks(added, seen),
  };
}

/** Links that nobody holds any longer and that are paused, or may be. */
async function leftPaused(deps: Pick<Deps, 'links'>, links: readonly Link[]): Promise<Link[]> {
  const flags = await deps.links.readFlags(links, answerWithinMs);
  return links.filter((_link, index) => flags[index] === 'paused' || flags[index] === 'unreachable');
}
