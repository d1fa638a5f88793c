import { type AlertKind, isDue, type KnownAlert, type Told } from '../domain/alert.ts';
import { findingKinds } from '../domain/finding.ts';
import type { Project, ProjectId } from '../domain/project.ts';
import type { Message } from './blocks.ts';
import { boundLog } from './bound-log.ts';
import { put } from './channel-message.ts';
import { isSlackUser } from './mrkdwn.ts';
import type { TellerOptions } from './teller.ts';
import { buildAlert, buildAlertOver } from './views/alert.ts';

/** What nobody was told of in time is told when it is over: tasks may have been worked on that were to be held. */
const toldAfterwards: ReadonlySet<AlertKind> = new Set(['loose', 'not_held', 'appeared']);

/**
 * Brings the alerts of a project up to date in its channel: one message for each, edited in place as it goes on and when it
 * is over. Throws RetryLater when Slack asks for that. What could not be told stays due: the sweep asks again, since somebody
 * may invite the bot meanwhile, or name another channel.
 */
export async function tellAlerts(options: TellerOptions, id: ProjectId): Promise<void> {
  const project = await options.store.read(id);
  if (project === null) return;
  for (const kind of findingKinds) {
    const known = project.alerts[kind];
    if (known === undefined || !isDue(known)) continue;
    const told = await tellAlert(options, { project, kind, ...known });
    if (told === null) continue;
    const isNew = told.message !== null && told.message.ts !== known.told?.message?.ts;
    await options.store.alertTold(id, kind, told, isNew);
  }
}

interface Telling extends KnownAlert {
  readonly project: Project;
  readonly kind: AlertKind;
}

/** What the channel was told; null: it could not be. */
async function tellAlert(options: TellerOptions, telling: Telling): Promise<Told | null> {
  const { kind, alert, told } = telling;
  const { seq, since, finding } = alert;
  const isSame = told !== null && told.since === since;
  const standing = told !== null && !told.over ? told.message : null;
  if (alert.open && finding !== null) {
    if (standing !== null && !isSame) await tellOver(options, telling, { ref: standing, lastedMs: null });
    const ref = isSame ? told.message : null;
    const now = buildAlert({ ...options, ...telling }, finding);
    const edited = await say(options, telling, now, ref);
    const message = edited === 'closed' && ref !== null ? await say(options, telling, now, null) : edited;
    return message === 'closed' ? null : { seq, since, message, over: false };
  }
  const lastedMs = isSame || told === null ? alert.changedAt - since : null;
  if (standing !== null) {
    const message = await tellOver(options, telling, { ref: standing, lastedMs });
    return { seq, since: told?.since ?? since, message, over: true };
  }
  const isLate = finding === null && !isSame && toldAfterwards.has(kind);
  if (!isLate) return { seq, since, message: told?.message ?? null, over: true };
  const over = buildAlertOver({ ...options, ...telling }, alert.changedAt - since);
  const message = await say(options, telling, over, null);
  return message === 'closed' ? null : { seq, since, message, over: true };
}

interface Over {
  readonly ref: NonNullable<Told['message']>;
  /** Null: not known. */
  readonly lastedMs: number | null;
}

async function tellOver(options: TellerOptions, telling: Telling, { ref, lastedMs }: Over): Promise<Told['message']> {
  const said = await say(options, telling, buildAlertOver({ ...options, ...telling }, lastedMs), ref);
  return said === 'closed' ? ref : said;
}

/** Where it stands now; null: there is nowhere to tell it, but the history and `show` have it. */
async function say(
  { slack, store, log }: TellerOptions,
  { project, kind }: Telling,
  message: Message,
  ref: Told['message'],
): Promise<Told['message'] | 'closed'> {
  const channels = await channelsOf(store, project, ref);
  const about = boundLog(log, { project: project.id, kind });
  for (const channel of channels) {
    const placed = await put(slack, message, { ref, channel }, about);
    if (placed.kind === 'put') return placed.ref;
    about.warn({ channel, code: placed.code }, 'alert could not be told in the channel');
  }
  if (channels.length > 0) return 'closed';
  about.warn({}, 'alert could not be told: the project names no channel');
  return null;
}

/** Where it stands already; else the project's own channel, where it was last dealt with, and whoever dealt with it. */
async function channelsOf(
  store: TellerOptions['store'],
  { id, definition, lastOperation, by }: Project,
  ref: Told['message'],
): Promise<string[]> {
  if (ref !== null) return [ref.channel];
  const last = lastOperation === null ? null : await store.readOperation({ project: id, operation: lastOperation });
  const channels = [definition.channel, last?.channel ?? null, isSlackUser(by) ? by : null];
  return [...new Set(channels.filter((channel) => channel !== null))];
}
