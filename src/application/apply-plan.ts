import { definitionChanges } from '../domain/diff-projects.ts';
import { digestKey, newDigestRecords } from '../domain/digest.ts';
import { desiredLinkState } from '../domain/lifecycle.ts';
import type { Link } from '../domain/link.ts';
import { linkTimeoutMs } from '../domain/operation.ts';
import type { Actor, Project, ProjectId } from '../domain/project.ts';
import { requestAlertDelivery } from './alert-channels.ts';
import type { UseCaseContext } from './context.ts';
import type { Plan, PlannedConfiguration, PlannedCreate, PlannedUpdate } from './plan.ts';
import type { WriteResult } from './project-store.ts';
import { reconcileIdle } from './reconcile.ts';

export interface ApplyRequest {
  readonly plan: Plan;
  readonly by: Actor;
}

export type ApplyResult =
  /** `notPaused`: links that should be paused and may still run. A worker tries again, and so does a second apply. */
  | { readonly kind: 'applied'; readonly notPaused: readonly Link[] }
  /** The project's version changed after the plan was made. The rest was written before it. */
  | ({ readonly kind: 'conflict'; readonly project: ProjectId } & WrittenParts)
  /** Another `apply` stored a configuration after the plan was made. Nothing was written. */
  | { readonly kind: 'configuration_conflict' };

/** What an apply wrote before a conflict stopped it. */
export interface WrittenParts {
  readonly isConfigurationStored: boolean;
  readonly written: readonly ProjectId[];
}

/** How long links that do not answer are tried again, ms. A worker continues after that. */
const applyReconcileTimeoutMs = 10_000;

/**
 * Applies a plan: checks that no project has changed since it was made, writes the records, then pauses links.
 * A Redis Cluster has no transaction over several projects, so a conflict in the middle stops it there. What was written is
 * consistent, and a second apply does the rest. Throws `StoreUnavailableError`.
 */
export async function applyPlan(context: UseCaseContext, { plan, by }: ApplyRequest): Promise<ApplyResult> {
  const { projects, log } = context;
  const planned = [...plan.remove, ...plan.update].map(({ project }) => project);
  const versions = await Promise.all(planned.map(({ id }) => projects.readVersion(id)));
  const changed = planned.find(({ version }, index) => versions[index] !== version);
  if (changed !== undefined) {
    return { kind: 'conflict', project: changed.id, isConfigurationStored: false, written: [] };
  }

  // First: a removed operator loses the rights at once, and the workers know the connections of new links.
  if (plan.configuration !== null) {
    const { configuration, expectedVersion } = plan.configuration;
    const saved = await context.configurations.save(configuration, expectedVersion, by);
    if (saved.kind === 'conflict') return { kind: 'configuration_conflict' };
    await updateDigestRecords(context, plan.configuration);
  }

  const steps = [
    ...plan.remove.map(({ project }) => ({ id: project.id, write: () => removeProject(context, project, by) })),
    ...plan.update.map((update) => ({ id: update.project.id, write: () => writeUpdate(context, update, by) })),
    ...plan.create.map((create) => ({ id: create.definition.id, write: () => writeCreate(context, create, by) })),
  ];
  const written: ProjectId[] = [];
  for (const { id, write } of steps) {
    if ((await write()).kind === 'conflict') {
      return { kind: 'conflict', project: id, isConfigurationStored: plan.configuration !== null, written };
    }
    written.push(id);
  }
  const notPaused = await pauseLinks(context, plan);
  log.info({ by, written, notPaused: notPaused.length }, 'definitions applied');
  return { kind: 'applied', notPaused };
}

/**
 * Adds the records of new digests before it removes those of others, so that a digest at another time reports what the earlier
 * one has not. Without its record, a digest that is added again begins anew.
 */
async function updateDigestRecords(
  { digests, serverClock }: Pick<UseCaseContext, 'digests' | 'serverClock'>,
  { configuration }: PlannedConfiguration,
): Promise<void> {
  const [records, now] = await Promise.all([digests.readAll(), serverClock.now()]);
  await digests.save(newDigestRecords(configuration.digests, { records, now }));
  const kept = new Set(configuration.digests.map(digestKey));
  await digests.remove([...records.keys()].filter((key) => !kept.has(key)));
}

/** Its messages end: the one of its last operation, and those of its alerts. */
async function removeProject(context: UseCaseContext, project: Project, by: Actor): Promise<WriteResult> {
  const { id, version } = project;
  const removed = await context.projects.remove(id, version, by);
  if (removed.kind !== 'written') return removed;
  if (removed.operationToNotify !== null)
    await context.notifications.operationChanged({ project: id, operation: removed.operationToNotify });
  const alerts = Object.values(project.alerts).filter(({ delivered }) => delivered !== null);
  if (alerts.length > 0) await requestAlertDelivery(context, [{ project, alerts }], { wake: false });
  return removed;
}

/** Writes the watermarks first. Otherwise a restore in between could retry tasks that failed before the link was added. */
async function writeUpdate(
  { projects }: UseCaseContext,
  { project, definition, watermarks, added }: PlannedUpdate,
  by: Actor,
): Promise<WriteResult> {
  const { id, version: expectedVersion } = project;
  if (Object.keys(watermarks).length > 0) {
    const written = await projects.setWatermarks(id, expectedVersion, watermarks);
    if (written.kind === 'conflict') return written;
  }
  return projects.save(definition, { expectedVersion, added }, by);
}

/** Two processes that start together apply the same file. The second one finds the project with the same definition. */
async function writeCreate(
  { projects }: UseCaseContext,
  { definition, initialState }: PlannedCreate,
  by: Actor,
): Promise<WriteResult> {
  const result = await projects.save(definition, initialState, by);
  if (result.kind === 'written') return result;
  const existing = await projects.read(definition.id);
  const isSame = existing !== null && definitionChanges(existing.definition, definition).length === 0;
  return { kind: isSame ? 'written' : 'conflict' };
}

/** Pauses links now, in this process: there may be no worker. Returns the links that may still run. */
async function pauseLinks(context: UseCaseContext, { create, update, pauseAgain }: Plan): Promise<Link[]> {
  const definitions = [
    ...create
      .filter(({ initialState }) => desiredLinkState(initialState.state) === 'paused')
      .map(({ definition }) => definition),
    ...update.filter(({ linksToPause }) => linksToPause.length > 0).map(({ definition }) => definition),
    ...pauseAgain.map(({ project }) => project.definition),
  ];
  await Promise.all(definitions.map(({ id }) => reconcileIdle(context, id, applyReconcileTimeoutMs)));
  const links = definitions.flatMap((definition) => definition.links);
  const statuses = await context.links.readStatuses(links, linkTimeoutMs);
  return links.filter((_link, index) => statuses[index] === 'resumed' || statuses[index] === 'unreachable');
}
