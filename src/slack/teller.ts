import type { Log } from '../application/deps.ts';
import { RetryLater } from '../application/faults.ts';
import type { Teller } from '../application/ports.ts';
import type { ProjectStore } from '../application/store.ts';
import {
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
import { type Chat, put } from './channel-message.ts';
import { isSlackUser } from './mrkdwn.ts';
import { dialogUses, respond } from './response-url.ts';
import { buildOutcome } from './views/outcome.ts';

export interface TellerOptions {
  readonly slack: Chat;
  readonly store: Pick<ProjectStore, 'read' | 'readOperation' | 'told' | 'alertTold' | 'now'>;
  readonly voice: Voice;
  /** Whether masked reasons of failed tasks may appear in channels. */
  readonly showErrors: boolean;
  readonly log: Log;
}

/** What a channel is told of: a request that was never confirmed is between the bot and the requester. */
const inPublic: ReadonlySet<OperationState> = new Set(['confirmed', 'running', 'done', 'refused', 'failed']);

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
  const { slack, store, voice, log } = options;
  return {
    alert: (id) => tellAlerts(options, id),
    async tell(ref) {
      const operation = await store.readOperation(ref);
      if (operation === null || operation.seq === operation.toldSeq) return;
      const [project, now] = await Promise.all([store.read(ref.project), store.now()]);
      const message = buildOutcome({ operation, project, voice, now });
      const done: Done = { message: operation.message, dialogUses: 0 };
      try {
        await tellEverywhere({ slack, log }, { ref, operation, project, message, now, done });
      } catch (error) {
        if (hasChanged(done, operation)) await store.told(ref, { ...done, seq: operation.toldSeq });
        throw error;
      }
      await store.told(ref, { ...done, seq: operation.seq });
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
}

type Slack = Pick<TellerOptions, 'slack' | 'log'>;

/** The channel, then the dialog; when neither can be reached, a direct message at the end. */
async function tellEverywhere(slack: Slack, telling: Telling): Promise<void> {
  const inChannel = await settled(tellChannel(slack, telling));
  const later = inChannel instanceof RetryLater ? inChannel : null;
  const isFresh = telling.operation.dialog?.usesLeft === dialogUses;
  if (later !== null && !isFresh) throw later;
  const inDialog = await tellDialog(telling);
  if (later !== null) throw later;
  if (inChannel === 'told' || inDialog === 'told' || isOpen(telling.operation)) return;
  if (inChannel === 'closed') await tellDirectly(slack, telling);
}

/** `nowhere`: this operation is not told in a channel. */
type Reached = 'told' | 'closed' | 'nowhere';

async function tellChannel(
  { slack, log }: Slack,
  { operation, project, message, done, ref }: Telling,
): Promise<Reached> {
  const channel = project?.definition.channel ?? operation.channel;
  if (!inPublic.has(operation.state) || channel === null) return 'nowhere';
  const placed = await put(slack, message, { ref: operation.message, channel }, log);
  if (placed.kind === 'put') {
    done.message = placed.ref;
    return 'told';
  }
  log.warn(
    { project: ref.project, operationId: ref.operation, channel, code: placed.code },
    'channel cannot be posted to',
  );
  return 'closed';
}

/** At OK and at the end only: five answers is all that a response_url takes. */
async function tellDialog({ operation, message, now, done }: Telling): Promise<Reached> {
  const { dialog } = operation;
  if (dialog === null || dialog.usesLeft <= 0 || dialog.until <= now) return 'closed';
  if (isOpen(operation) && dialog.usesLeft < dialogUses) return 'nowhere';
  const answer = await respond(dialog.url, message, 'replace');
  done.dialogUses = answer.kind === 'spent' ? dialog.usesLeft : Math.min(answer.uses, dialog.usesLeft);
  if (answer.kind === 'later') throw new RetryLater(answer.afterMs);
  return answer.kind === 'done' ? 'told' : 'closed';
}

async function tellDirectly({ slack, log }: Slack, { operation, message, done, ref }: Telling): Promise<void> {
  const fields = { project: ref.project, operationId: ref.operation };
  if (!isSlackUser(operation.by)) return log.warn(fields, 'outcome could not be told in Slack');
  const placed = await put(slack, message, { ref: null, channel: operation.by }, log);
  if (placed.kind === 'put') done.message = placed.ref;
  else log.warn({ ...fields, code: placed.code }, 'outcome could not be told in Slack');
}

function hasChanged(done: Done, operation: Operation): boolean {
  const { message } = operation;
  return done.dialogUses > 0 || done.message?.ts !== message?.ts || done.message?.channel !== message?.channel;
}

/** RetryLater as a value, so that the dialog gets its turn; any other fault is thrown on. */
async function settled<T>(promise: Promise<T>): Promise<T | RetryLater> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof RetryLater) return error;
    throw error;
  }
}
