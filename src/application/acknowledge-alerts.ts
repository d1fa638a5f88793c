import type { Acknowledgement } from '../domain/acknowledgement.ts';
import { acknowledge, firingAlerts } from '../domain/alert.ts';
import { isFiring } from '../domain/alert-group.ts';
import { type AlertPress, type AlertTarget, type PressFacts, pressAlert } from '../domain/alert-press.ts';
import type { AlertKind } from '../domain/conditions.ts';
import type { Project, ProjectId } from '../domain/project.ts';
import { toChunks } from '../lib/async.ts';
import { type ChangedAlerts, requestAlertDelivery } from './alert-channels.ts';
import type { UseCaseContext } from './context.ts';
import type { Refused } from './queries.ts';

export interface AlertPressRequest extends Omit<PressFacts, 'now'> {
  readonly press: AlertPress;
  readonly target: AlertTarget;
}

/** Projects are read and written in chunks: a group can have thousands of alerts. */
const chunkSize = 50;
/** Each conflict means that another person or the observer was faster. */
const maxAttempts = 5;

/**
 * A person takes, snoozes or hands over every alert of the target that fires. An alert that joins its group later is not
 * acknowledged. The person is authorized already. Refused if another person has all of them, or if none fires any more. Throws
 * `StoreUnavailableError`.
 */
export async function pressAlerts(
  context: UseCaseContext,
  request: AlertPressRequest,
): Promise<{ readonly kind: 'acknowledged' } | Refused> {
  const [occurrences, now] = await Promise.all([findOccurrences(context, request.target), context.serverClock.now()]);
  const results: OccurrenceResult[] = [];
  for (const chunk of toChunks(occurrences, chunkSize))
    results.push(...(await pressChunk(context, chunk, { ...request, now })));
  const changed = results.filter((result) => result.kind === 'changed');
  if (changed.length > 0) {
    const { press, by } = request;
    context.log.info({ by, press, alerts: changed.length }, 'alerts acknowledged');
    await requestAlertDelivery(context, changed, { wake: true });
  }
  if (changed.length > 0 || results.some(({ kind }) => kind === 'unchanged')) return { kind: 'acknowledged' };
  const held = results.find((result) => result.kind === 'held');
  if (held === undefined) return { kind: 'refused', refusal: { code: 'alert_over' } };
  const { project, acknowledgement } = held;
  const { kind, by, at, until } = acknowledgement;
  const { target } = request;
  return {
    kind: 'refused',
    refusal: { code: 'alert_held', project, target, held: kind, by, at, until, seenAt: now },
  };
}

/** An alert that fired when it was found. */
interface Occurrence {
  readonly project: ProjectId;
  readonly kind: AlertKind;
  readonly since: number;
}

async function findOccurrences(context: UseCaseContext, target: AlertTarget): Promise<Occurrence[]> {
  if ('project' in target) {
    const project = await context.projects.read(target.project);
    const firing = project === null ? [] : firingAlerts(project.alerts);
    return firing.map(({ condition: { kind }, since }) => ({ project: target.project, kind, since }));
  }
  const { alerts } = await context.alertGroups.read(target.channel);
  const group = alerts.groups.get(target.group);
  if (group === undefined) return [];
  const firing = [...group.members].filter(([, member]) => isFiring(member));
  return firing.map(([project, { since }]) => ({ project, kind: group.kind, since }));
}

type OccurrenceResult =
  | ({ readonly kind: 'changed' } & ChangedAlerts)
  | { readonly kind: 'unchanged' | 'over' }
  | { readonly kind: 'held'; readonly project: ProjectId; readonly acknowledgement: Acknowledgement };

/**
 * Reads the projects of a chunk and writes their alerts by compare-and-set. Does both again for the alerts that have changed
 * meanwhile. A project whose record cannot be read counts as one whose alert is over.
 */
async function pressChunk(
  context: UseCaseContext,
  chunk: readonly Occurrence[],
  facts: AlertPressRequest & PressFacts,
): Promise<OccurrenceResult[]> {
  const results: OccurrenceResult[] = [];
  let remaining = chunk;
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const projects = await context.projects.readMany([...new Set(remaining.map(({ project }) => project))]);
    const attempts = await Promise.all(
      remaining.map(async (occurrence) => {
        const project = projects.find(({ id }) => id === occurrence.project);
        return {
          occurrence,
          result: project ? await pressOccurrence(context, { ...occurrence, project }, facts) : over,
        };
      }),
    );
    results.push(...attempts.flatMap(({ result }) => (result.kind === 'conflict' ? [] : [result])));
    remaining = attempts.filter(({ result }) => result.kind === 'conflict').map(({ occurrence }) => occurrence);
    if (remaining.length === 0) return results;
  }
  throw new Error('the alert changes all the time');
}

const over = { kind: 'over' } as const;

/** `conflict`: the alert has changed since the project was read. */
async function pressOccurrence(
  context: UseCaseContext,
  { project, kind, since }: Omit<Occurrence, 'project'> & { readonly project: Project },
  { press, ...facts }: AlertPressRequest & PressFacts,
): Promise<OccurrenceResult | { readonly kind: 'conflict' }> {
  const { alert: before, delivered = null } = project.alerts[kind] ?? {};
  if (before?.state !== 'firing' || before.since !== since) return over;
  const result = pressAlert(before.acknowledgement ?? null, press, facts);
  if (result.kind === 'unchanged') return result;
  if (result.kind === 'held') return { ...result, project: project.id };
  const after = acknowledge(before, result.acknowledgement);
  const saved = await context.alerts.acknowledge(project.id, {
    kind,
    before,
    after,
    by: facts.by,
    event: result.event,
  });
  if (saved.kind === 'conflict') return saved;
  return { kind: 'changed', project, alerts: [{ alert: after, delivered }] };
}
