import { StoreUnavailable } from '../../application/faults.ts';
import { cancel, confirm, noteRefusedAnswer } from '../../application/settle.ts';
import { loggedFault } from '../../domain/logged-fault.ts';
import type { FreshDialog, OperationRef } from '../../domain/operation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { type HeardPress, readOperationRef } from '../contract.ts';
import { dialogLifetimeMs, dialogUses } from '../response-url.ts';
import type { Scene } from '../views/phrases.ts';
import { buildNotDone, buildNotKnown, buildRefusal, buildSentence } from '../views/refusal.ts';
import { type Desk, isFirstDelivery, refuse, say } from './desk.ts';
import { sayStale } from './stale.ts';

const checkEveryMs = 2_000;
const checkForMs = 2 * 60_000;

/**
 * OK: who may is decided again, then one atomic step settles the operation. The teller shows how it stands in
 * the pressed dialog: it is the one writer of it, so a repeated or late press is answered there too. That step knows the same
 * press when it is delivered twice, so nothing is asked before it.
 */
export async function onOk(desk: Desk, heard: HeardPress): Promise<void> {
  const ref = readOperationRef(heard.value);
  if (ref === null) return sayStale(desk, heard);
  const refusal = await desk.directory.authorizeSlack(heard);
  if (refusal !== null) return sayRefused(desk, heard, { ref, refusal });
  await answer(desk, heard, ref, confirm);
}

/** Cancel: nothing is changed by it, so whoever asked may always press it. */
export async function onCancel(desk: Desk, heard: HeardPress): Promise<void> {
  const ref = readOperationRef(heard.value);
  if (ref === null) return sayStale(desk, heard);
  await answer(desk, heard, ref, cancel);
}

type Settle = typeof confirm;

async function answer(desk: Desk, heard: HeardPress, ref: OperationRef, settle: Settle): Promise<void> {
  const { deps } = desk;
  const dialog: FreshDialog = { url: heard.responseUrl, lifetimeMs: dialogLifetimeMs, usesLeft: dialogUses };
  try {
    const settled = await settle(deps, { ref, by: heard.user, dialog });
    if (settled.kind === 'refused') return await sayRefused(desk, heard, { ref, refusal: settled.refusal });
    await deps.notifier.tell(ref);
  } catch (error) {
    if (!(error instanceof StoreUnavailable) || error.sent === 'no') throw error;
    deps.log.warn(
      { project: ref.project, operationId: ref.operation, error: loggedFault(error) },
      'reply to a press lost',
    );
    await check(desk, heard, ref);
  }
}

interface RefusedPress {
  readonly ref: OperationRef;
  readonly refusal: Refusal;
}

/** A dialog of a forgotten request is replaced, since nobody else will; other refusals stand below it, and in the history. */
async function sayRefused(desk: Desk, heard: HeardPress, { ref, refusal }: RefusedPress): Promise<void> {
  if (!(await isFirstDelivery(desk, heard))) return;
  if (refusal.code !== 'unknown_operation') {
    await refuse(desk, heard, refusal);
    return noteRefusedAnswer(desk.deps, { ref, by: heard.user, channel: heard.channel, refusal });
  }
  desk.onRefused?.(refusal.code);
  const scene: Scene = { voice: desk.voice, now: await desk.deps.store.now() };
  await say(desk, heard, buildRefusal({ refusal, verb: null, ...scene }), 'replace');
}

/** Redis took the press, or did not: its reply was lost. Asks by id until it is known. */
async function check(desk: Desk, heard: HeardPress, ref: OperationRef): Promise<void> {
  const { clock, store, notifier } = desk.deps;
  await say(desk, heard, buildSentence("Checking whether this got through: the bot's Redis did not reply."));
  const deadline = clock.now() + checkForMs;
  while (clock.now() < deadline && !desk.stopping.aborted) {
    await clock.sleep(checkEveryMs, desk.stopping);
    const found = await known(() => store.readOperation(ref));
    if (found === 'not known') continue;
    if (found === null) return sayRefused(desk, heard, { ref, refusal: { code: 'unknown_operation' } });
    if (found.state === 'requested') return say(desk, heard, buildNotDone());
    return notifier.tell(ref);
  }
  await say(desk, heard, buildNotKnown(ref.project, desk.voice));
}

async function known<T>(read: () => Promise<T>): Promise<T | 'not known'> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof StoreUnavailable) return 'not known';
    throw error;
  }
}
