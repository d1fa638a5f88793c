import { randomBytes } from 'node:crypto';
import type { Deps } from '../../application/deps.ts';
import { StoreUnavailable } from '../../application/faults.ts';
import { loggedFault } from '../../domain/logged-fault.ts';
import type { Refusal, RefusalCode } from '../../domain/refusal.ts';
import type { Voice } from '../../domain/words.ts';
import type { Message } from '../blocks.ts';
import type { Fetch } from '../calls.ts';
import { type Heard, readOperationRef } from '../contract.ts';
import type { Directory } from '../directory.ts';
import type { OnRejected } from '../rejection.ts';
import { type How, respond } from '../response-url.ts';
import { buildFault, buildNotDone, buildRefusal } from '../views/refusal.ts';

/** What every handler is given. */
export interface Desk {
  readonly deps: Deps;
  readonly directory: Directory;
  readonly voice: Voice;
  /** `settings.showErrors`: failed tasks' masked reasons may be shown to everybody. */
  readonly showErrors: boolean;
  /** Is told of each request that gets nothing done for whom it comes from. */
  readonly onRejected?: OnRejected | undefined;
  /** Aborted when the bot stops: nothing waits any longer then. */
  readonly stopping: AbortSignal;
  /** How a response_url is posted to. */
  readonly respondWith?: Fetch;
  /** Is told of each refusal. */
  readonly onRefused?: ((code: RefusalCode) => void) | undefined;
}

const tries = 5;
const longestWaitMs = 30_000;

/** Answers the person who spoke, and nobody else. Tries again when Slack did not take it, for a minute or so; never throws. */
export async function say(desk: Desk, heard: Heard, message: Message, how: How = 'new'): Promise<void> {
  const address = { url: heard.responseUrl, send: desk.respondWith };
  let answer = await respond(address, message, how);
  for (let tried = 1; answer.kind === 'later' && tried < tries && answer.afterMs <= longestWaitMs; tried++) {
    if (desk.stopping.aborted) break;
    await desk.deps.clock.sleep(answer.afterMs, desk.stopping);
    answer = await respond(address, message, how);
  }
  if (answer.kind !== 'done')
    desk.deps.log.warn({ ...aboutOf(heard), channel: heard.channel, kind: answer.kind }, 'answer could not be shown');
}

/** Says a refusal; `verb` is what was asked for, to suggest it with the name repaired. */
export async function refuse(desk: Desk, heard: Heard, refusal: Refusal, verb: string | null = null): Promise<void> {
  const { user, channel } = heard;
  desk.onRefused?.(refusal.code);
  desk.deps.log.info({ ...aboutOf(heard), user, channel, code: refusal.code }, 'refused in Slack');
  await say(desk, heard, buildRefusal({ refusal, verb, voice: desk.voice, now: await timeFor(desk, refusal) }));
}

/** Slack may deliver twice, over two sockets: only the first delivery within ten minutes counts. */
export async function isFirstDelivery({ deps }: Desk, { triggerId, user }: Heard): Promise<boolean> {
  if (triggerId === null) return true;
  try {
    const isFirst = await deps.store.firstTime(`trigger:${triggerId}`, 10 * 60_000);
    if (!isFirst) deps.log.info({ user }, 'second delivery dropped');
    return isFirst;
  } catch (error) {
    if (error instanceof StoreUnavailable) throw new StoreUnavailable('no', { cause: error });
    throw error;
  }
}

/** A fault becomes a sentence; the log line with the same id says what it was. Nothing raw reaches Slack. */
export async function sayFault(desk: Desk, heard: Heard, error: unknown): Promise<void> {
  if (error instanceof StoreUnavailable) {
    desk.deps.log.warn({ ...aboutOf(heard), error: loggedFault(error) }, 'not done: Redis did not answer');
    return say(desk, heard, buildNotDone());
  }
  const logId = randomBytes(4).toString('hex');
  desk.deps.log.error({ ...aboutOf(heard), logId, error: loggedFault(error) }, 'a Slack request failed');
  await say(desk, heard, buildFault(logId));
}

/** The operation that a press is about, for a log line. */
function aboutOf(heard: Heard & { readonly value?: unknown }) {
  const ref = readOperationRef(heard.value);
  return ref === null ? {} : { project: ref.project, operationId: ref.operation };
}

/** Sentences that tell a duration need the clock of Redis; the others do without it. */
async function timeFor({ deps }: Desk, refusal: Refusal): Promise<number> {
  return 'since' in refusal ? deps.store.now() : deps.clock.now();
}
