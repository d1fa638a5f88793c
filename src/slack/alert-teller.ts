import { type Alert, type AlertKind, isDue, type KnownAlert, type Told } from '../domain/alert.ts';
import { findingKinds } from '../domain/finding.ts';
import type { Project, ProjectId } from '../domain/project.ts';
import { put } from './channel-message.ts';
import type { TellerOptions } from './teller.ts';
import { buildAlert, buildAlertOver } from './views/alert.ts';

/** What nobody was told of in time is told when it is over: tasks may have been worked on that were to be held. */
const toldAfterwards: ReadonlySet<AlertKind> = new Set(['loose', 'not_held', 'appeared']);

/**
 * Brings the alerts of a project up to date in its channel: one message for each, edited in place as it goes on and when it
 * is over. Throws RetryLater when Slack asks for that.
 */
export async function tellAlerts(options: TellerOptions, id: ProjectId): Promise<void> {
  const project = await options.store.read(id);
  if (project === null) return;
  for (const kind of findingKinds) {
    const known = project.alerts[kind];
    if (known === undefined || !isDue(known)) continue;
    await tellAlert(options, { project, kind, ...known });
  }
}

interface Telling extends KnownAlert {
  readonly project: Project;
  readonly kind: AlertKind;
}

async function tellAlert(options: TellerOptions, telling: Telling): Promise<void> {
  const { project, kind, alert, told } = telling;
  const isSame = told !== null && told.since === alert.since;
  // The end of an older occurrence that nobody was told of comes first: its message stands there with its buttons.
  if (!isSame && told?.message)
    await say(options, telling, { over: { since: told.since, changedAt: alert.since }, ref: told.message });
  const ref = isSame ? told.message : null;
  const message = await bringUpToDate(options, telling, ref);
  const next: Told = { seq: alert.seq, since: alert.since, message };
  await options.store.alertTold(project.id, kind, next, message !== null && message.ts !== ref?.ts);
}

async function bringUpToDate(options: TellerOptions, telling: Telling, ref: Told['message']): Promise<Told['message']> {
  const { kind, alert } = telling;
  if (alert.finding !== null) return say(options, telling, { ref });
  if (ref === null && !toldAfterwards.has(kind)) return null;
  await say(options, telling, { over: alert, ref });
  return null;
}

interface Saying {
  readonly ref: Told['message'];
  /** The occurrence that is over; without: the alert as it is. */
  readonly over?: Pick<Alert, 'since' | 'changedAt'>;
}

/** Null: it can be told nowhere; the history and `show` have it. */
async function say(options: TellerOptions, telling: Telling, { over, ref }: Saying): Promise<Told['message']> {
  const { slack, store, log } = options;
  const { project, kind, alert } = telling;
  const { finding } = alert;
  const view = { ...options, project, alert };
  const message =
    over === undefined && finding !== null ? buildAlert(view, finding) : buildAlertOver(view, kind, over ?? alert);
  const channels = await channelsOf(store, project, ref);
  for (const channel of channels) {
    const placed = await put(slack, message, { ref, channel }, log);
    if (placed.kind === 'put') return placed.ref;
    log.warn({ project: project.id, kind, channel, code: placed.code }, 'alert could not be told in the channel');
  }
  if (channels.length === 0)
    log.warn({ project: project.id, kind }, 'alert could not be told: the project names no channel');
  return null;
}

/** Where it stands already; else the project's own channel, and where it was last dealt with. */
async function channelsOf(
  store: TellerOptions['store'],
  { id, definition, lastOperation }: Project,
  ref: Told['message'],
): Promise<string[]> {
  if (ref !== null) return [ref.channel];
  const operation =
    lastOperation === null ? null : await store.readOperation({ project: id, operation: lastOperation });
  return [...new Set([definition.channel, operation?.channel ?? null].filter((channel) => channel !== null))];
}
