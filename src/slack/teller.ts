import type { Log } from '../application/deps.ts';
import { RetryLater } from '../application/faults.ts';
import type { Teller } from '../application/ports.ts';
import type { ProjectStore } from '../application/store.ts';
import {
  type Dialog,
  isOpen,
  type MessageRef,
  type Operation,
  type OperationRef,
  type OperationState,
} from '../domain/operation.ts';
import type { Project } from '../domain/project.ts';
import type { Voice } from '../domain/words.ts';
import { tellAlerts } from './alert-teller.ts';
import type { Message } from './blocks.ts';
import { boundLog } from './bound-log.ts';
import type { Fetch } from './calls.ts';
import { type Chat, put } from './channel-message.ts';
import { isSlackUser } from './mrkdwn.ts';
import { dialogUses, respond } from './response-url.ts';
import { buildOutcome } from './views/outcome.ts';

export interface TellerOptions {
  readonly slack: Chat;
  /** How a response_url is posted to. */
  readonly respondWith?: Fetch;
  readonly store: Pick<ProjectStore, 'read' | 'readOperation' | 'told' | 'alertTold' | 'now'>;
  readonly voice: Voice;
  /** Whether masked reasons of failed tasks may appear in channels. */
  readonly showErrors: boolean;
  readonly log: Log;
}

/** What a channel is told of: a request that was never confirmed is between the bot and the requester. */
const inPublic: ReadonlySet<OperationState> = new Set(['confirmed', 'running', 'done', 'refused', 'failed']);

/** How soon an operation is looked at again while one place keeps it waiting: the other has news to show. Ms. */
const lookAgainMs = { open: 1_000, over: 5_000 };

/** What this process remembers of an operation that waits. Lost with the process, it costs Slack a call too many. */
interface Waiting {
  /** No call before these moments of `performance.now()`. */
  channel: number;
  dialog: number;
  /** What the dialog was told last. */
  dialogSeq: number;
  /** A message that Slack has taken and Redis may not know yet. */
  message: MessageRef | null;
}

/** What one telling did, as far as it got. */
interface Done {
  message: MessageRef | null;
  dialogUses: number;
}

/**
 * Brings the messages of an operation up to date: its one message in a channel, and the requester's dialog at
 * OK and at the end. Renders from what is so now, so it may be late or repeated, and is never wrong.
 */
export function createTeller(options: TellerOptions): Teller {
  const { store, voice } = options;
  const waits = new Map<string, Waiting>();
  return {
    alert: (id) => tellAlerts(options, id),
    async tell(ref) {
      const found = await store.readOperation(ref);
      if (found === null || found.seq === found.toldSeq) return;
      const waiting = waits.get(ref.operation) ?? { channel: 0, dialog: 0, dialogSeq: 0, message: null };
      const operation = { ...found, message: found.message ?? waiting.message };
      const [project, now] = await Promise.all([store.read(ref.project), store.now()]);
      const message = buildOutcome({ operation, project, voice, now });
      const done: Done = { message: operation.message, dialogUses: 0 };
      if (waits.size > 10_000) waits.clear();
      waits.set(ref.operation, waiting);
      const log = boundLog(options.log, { project: ref.project, operationId: ref.operation });
      let places: Place[] = [];
      try {
        places = await tellEverywhere({ ...options, log }, { ref, operation, project, message, now, done, waiting });
      } catch (error) {
        waiting.message = done.message;
        if (hasChanged(done, found)) await store.told(ref, { ...done, seq: operation.toldSeq });
        throw error;
      }
      waiting.message = done.message;
      await store.told(ref, { ...done, seq: operation.seq });
      waits.delete(ref.operation);
      if (!isOpen(operation)) log.info({ state: operation.state, places }, 'operation told');
    },
  };
}

interface Telling {
  readonly ref: OperationRef;
  readonly operation: Operation;
  readonly project: Project | null;
  readonly message: Message;
  readonly now: number;
  readonly done: Done;
  readonly waiting: Waiting;
}

type Slack = Pick<TellerOptions, 'slack' | 'log' | 'respondWith'>;

type Place = 'channel' | 'dialog' | 'direct';

/**
 * The channel and the dialog at once, neither kept waiting by the other; when neither can be reached, a direct message at
 * the end.
 */
async function tellEverywhere(slack: Slack, telling: Telling): Promise<Place[]> {
  const { operation, waiting } = telling;
  const [inChannel, inDialog] = await Promise.all([
    unlessWaiting(waiting.channel, () => tellChannel(slack, telling)),
    unlessWaiting(waiting.dialog, () => tellDialog(slack, telling)),
  ]);
  if (inChannel instanceof RetryLater || inDialog instanceof RetryLater) throw waitFor(telling, inChannel, inDialog);
  const places: Place[] = [];
  if (inChannel === 'told') places.push('channel');
  if (inDialog === 'told') places.push('dialog');
  if (places.length > 0 || isOpen(operation) || inChannel !== 'closed') return places;
  return (await tellDirectly(slack, telling)) ? ['direct'] : [];
}

/** The wait for whichever place comes first; the other is left alone for as long as Slack asked for. */
function waitFor({ operation, now, waiting }: Telling, channel: Told, dialog: Told): RetryLater {
  const wait = (told: Told) => (told instanceof RetryLater ? told.afterMs : Number.POSITIVE_INFINITY);
  const lookAgain = isLive(operation.dialog, now) ? lookAgainMs[isOpen(operation) ? 'open' : 'over'] : wait(channel);
  const afterMs = Math.min(wait(channel), wait(dialog), lookAgain);
  if (channel instanceof RetryLater && channel.afterMs > afterMs) waiting.channel = performance.now() + channel.afterMs;
  if (dialog instanceof RetryLater && dialog.afterMs > afterMs) waiting.dialog = performance.now() + dialog.afterMs;
  return new RetryLater(afterMs, { cause: channel instanceof RetryLater ? channel : dialog });
}

/** `nowhere`: this operation is not told in a channel. */
type Reached = 'told' | 'closed' | 'nowhere';
type Told = Reached | RetryLater;

async function tellChannel({ slack, log }: Slack, { operation, project, message, done }: Telling): Promise<Reached> {
  const channel = project?.definition.channel ?? operation.channel;
  if (!inPublic.has(operation.state) || channel === null) return 'nowhere';
  const placed = await put(slack, message, { ref: operation.message, channel }, log);
  if (placed.kind === 'put') {
    done.message = placed.ref;
    return 'told';
  }
  log.warn({ channel, code: placed.code }, 'channel cannot be posted to');
  return 'closed';
}

/** At OK and at the end only: five answers is all that a response_url takes. */
async function tellDialog(
  { respondWith: send }: Slack,
  { operation, message, now, done, waiting }: Telling,
): Promise<Reached> {
  const { dialog, seq } = operation;
  if (dialog === null || !isLive(dialog, now)) return 'closed';
  if (waiting.dialogSeq === seq) return 'told';
  if (isOpen(operation) && dialog.usesLeft < dialogUses) return 'nowhere';
  const answer = await respond({ url: dialog.url, send }, message, 'replace');
  done.dialogUses = answer.kind === 'spent' ? dialog.usesLeft : Math.min(answer.uses, dialog.usesLeft);
  if (answer.kind === 'later') throw new RetryLater(answer.afterMs);
  if (answer.kind === 'spent') return 'closed';
  waiting.dialogSeq = seq;
  return 'told';
}

function isLive(dialog: Dialog | null, now: number): boolean {
  return dialog !== null && dialog.usesLeft > 0 && dialog.until > now;
}

async function tellDirectly({ slack, log }: Slack, { operation, message, done }: Telling): Promise<boolean> {
  const placed = isSlackUser(operation.by)
    ? await put(slack, message, { ref: null, channel: operation.by }, log)
    : null;
  if (placed?.kind === 'put') done.message = placed.ref;
  else log.warn({ code: placed?.code }, 'outcome could not be told in Slack');
  return placed?.kind === 'put';
}

function hasChanged(done: Done, operation: Operation): boolean {
  const { message } = operation;
  return done.dialogUses > 0 || done.message?.ts !== message?.ts || done.message?.channel !== message?.channel;
}

/** RetryLater as a value, so that the other place gets its turn; any other fault is thrown on. */
async function unlessWaiting(until: number, tell: () => Promise<Reached>): Promise<Told> {
  const leftMs = until - performance.now();
  if (leftMs > 0) return new RetryLater(Math.ceil(leftMs));
  try {
    return await tell();
  } catch (error) {
    if (error instanceof RetryLater) return error;
    throw error;
  }
}
