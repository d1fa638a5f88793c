import { Temporal } from 'temporal-polyfill';
import { cancel, confirm } from '../application/confirm.ts';
import type { UseCaseContext } from '../application/context.ts';
import { StoreUnavailableError } from '../application/errors.ts';
import type { ConfirmationResult } from '../application/operation-store.ts';
import { requestAction } from '../application/request-action.ts';
import { isUnfinished, isWaitingToCatchUp, type Operation, type OperationRef, refOf } from '../domain/operation.ts';
import type { Refusal } from '../domain/refusal.ts';
import { messages } from '../messages/catalog.ts';
import { type Formatter, joinDots } from '../messages/format.ts';
import { outcomeText, refusalText } from '../messages/render.ts';
import type { ChangeCommand } from './change-arguments.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type CommandContext, printRefusal } from './command-context.ts';
import { abortOnStopSignal } from './process-io.ts';
import { promptYesNo } from './prompt.ts';
import { isInEffectAlready, waitForProjects, waitWithoutOperation } from './wait.ts';

const texts = messages.cli.change;

/**
 * `syncbot start|pause|restore|retry <project>`: requests the operation, asks for confirmation, confirms it and waits for its
 * outcome. The same path as in Slack, with a question on the terminal instead of a dialog.
 */
export async function changeState(context: CommandContext, command: ChangeCommand): Promise<ExitCode> {
  const { app, output, io } = context;
  const { action, project, tasks, limit, whenCaughtUp, reason, timeoutMs, wait: goal, yes } = command;
  const by = `cli:${io.user}`;
  const requested = await requestAction(app.useCaseContext, {
    project,
    action,
    by,
    reason,
    limit: limit === null ? null : { ...limit, timeZone: Temporal.Now.timeZoneId() },
    whenCaughtUp,
    origin: 'cli',
    channel: null,
    ...(tasks.length === 0 ? {} : { tasks: { kind: 'named', names: tasks } }),
  });
  if (requested.kind === 'refused') return refuse(context, command, requested.refusal);
  const ref = refOf(requested.operation);
  const now = await app.useCaseContext.serverClock.now();
  const facts = { ...requested, now, format: context.format };
  const warning = yes && action === 'pause' ? texts.endsTooLate(facts) : '';
  if (warning !== '') output.note(warning);
  if (!yes && !(await promptYesNo(io, texts.question(facts)))) {
    await cancel(app.useCaseContext, { ref, by, dialog: null });
    output.error({ code: 'cancelled', message: texts.cancelled });
    return exitCodes.failure;
  }
  output.step('requested', { id: ref.operation, action, projects: [project] });
  using signal = abortOnStopSignal(io.signals);
  const wait: WaitOptions = { ref, deadlineAt: app.useCaseContext.clock.monotonicNow() + timeoutMs, signal };
  const confirmed = await confirmWithRetry(context, { ...wait, by });
  if (confirmed.kind === 'refused') return printRefusal(context, confirmed.refusal);
  const result = await waitForOutcome(context, wait);
  if (goal === null || result.kind !== 'read' || result.operation.state !== 'done')
    return printOutcome(context, { ref, result });
  const message = outcomeMessage(result.operation, context.format);
  const data = outcomeJson(result.operation, message);
  output.step('done', data, message);
  const restore = action === 'pause' ? project : null;
  // Awaited here: the signal is of this function.
  return await waitForProjects(context, { wait: goal, projects: [project], signal, data, restore });
}

/** A project whose state already has the effect of the action needs no operation. A command that waits still waits for it. */
async function refuse(
  context: CommandContext,
  { action, project, wait }: ChangeCommand,
  refusal: Refusal,
): Promise<ExitCode> {
  if (wait === null || action === 'retry' || !isInEffectAlready(action, refusal)) return printRefusal(context, refusal);
  context.output.note(refusalText(refusal, context.format));
  return waitWithoutOperation(context, { wait, action, projects: [project] });
}

interface WaitOptions {
  readonly ref: OperationRef;
  /** Ms of the monotonic clock. */
  readonly deadlineAt: number;
  readonly signal: AbortSignal;
}

/** Confirms again if the reply of Redis was lost. This is safe: a second confirmation gets the first answer. */
async function confirmWithRetry(
  { app, output }: CommandContext,
  { ref, by, deadlineAt, signal }: WaitOptions & { readonly by: string },
): Promise<ConfirmationResult | { readonly kind: 'unknown' }> {
  const { clock } = app.useCaseContext;
  for (let attempt = 1; ; attempt++) {
    try {
      return await confirm(app.useCaseContext, { ref, by, dialog: null });
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
    if (clock.monotonicNow() >= deadlineAt || signal.aborted) return { kind: 'unknown' };
    if (attempt === 1) output.note(texts.checking);
    await clock.sleep(confirmRetryDelayMs, signal);
  }
}

const confirmRetryDelayMs = 500;

type OperationResult =
  | { readonly kind: 'read'; readonly operation: Operation }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unavailable' };

/**
 * Reads the operation until it is finished, the deadline has passed or the signal is aborted. Returns what was read last.
 * Returns `unavailable` if Redis never answered. Prints what a pause `--when-caught-up` waits for.
 */
async function waitForOutcome(
  { app: { useCaseContext: context }, output, format }: CommandContext,
  { ref, deadlineAt, signal }: WaitOptions,
): Promise<OperationResult> {
  let last: OperationResult = { kind: 'unavailable' };
  let noted = '';
  for (;;) {
    const current = await readOperation(context, ref);
    if (current.kind !== 'unavailable') last = current;
    if (current.kind === 'read' && isWaitingToCatchUp(current.operation)) {
      const { headline } = outcomeText({ operation: current.operation, format });
      if (headline !== noted) output.note(headline);
      noted = headline;
    }
    const isFinal = current.kind === 'missing' || (current.kind === 'read' && !isUnfinished(current.operation));
    const remainingMs = deadlineAt - context.clock.monotonicNow();
    if (isFinal || remainingMs <= 0 || signal.aborted) return last;
    await context.clock.sleep(Math.min(pollIntervalMs, remainingMs), signal);
  }
}

const pollIntervalMs = 100;

async function readOperation(
  { operations }: Pick<UseCaseContext, 'operations'>,
  ref: OperationRef,
): Promise<OperationResult> {
  try {
    const operation = await operations.read(ref);
    return operation === null ? { kind: 'missing' } : { kind: 'read', operation };
  } catch (error) {
    if (error instanceof StoreUnavailableError) return { kind: 'unavailable' };
    throw error;
  }
}

function printOutcome(
  { output, format }: CommandContext,
  { ref, result }: { readonly ref: OperationRef; readonly result: OperationResult },
): ExitCode {
  if (result.kind !== 'read') {
    const data = { id: ref.operation, project: ref.project };
    output.error({
      code: 'not_known',
      message: texts.unknownOutcome(ref, format.command(`show ${ref.project}`)),
      data,
    });
    return exitCodes.failure;
  }
  const { operation } = result;
  const message = outcomeMessage(operation, format);
  const data = outcomeJson(operation, message);
  if (operation.state === 'done') {
    output.result(message, data);
    return exitCodes.success;
  }
  const code = isUnfinished(operation) ? 'still_open' : (operation.refusal?.code ?? operation.state);
  output.error({ code, message, data });
  return exitCodes.failure;
}

function outcomeMessage(operation: Operation, format: Formatter): string {
  const { headline, attribution, more } = outcomeText({ operation, format });
  // The lines of an open operation already name a missing worker.
  const openLines = stillOpenLines(operation, format);
  return [joinDots(headline, attribution), ...(openLines.length > 0 ? openLines : more)].join('\n');
}

function stillOpenLines(operation: Operation, format: Formatter): string[] {
  switch (operation.state) {
    case 'requested':
    case 'confirmed':
    case 'running':
      return [
        stillOpenText(operation, operation.state),
        texts.checkLater(operation.id, format.command(`show ${operation.project}`)),
      ];
    default:
      return [];
  }
}

function stillOpenText(operation: Operation, state: 'requested' | 'confirmed' | 'running'): string {
  return texts.stillOpen[isWaitingToCatchUp(operation) ? 'waiting' : state];
}

/** A finished operation in the `--json` output. */
function outcomeJson(operation: Operation, message: string) {
  const { id, project, action, state, by, reason, requestedAt, finishedAt, toState, pauseUntil } = operation;
  const until = pauseUntil === null ? {} : { pausedUntil: pauseUntil.at };
  return { id, project, action, state, by, reason, requestedAt, finishedAt, projectState: toState, ...until, message };
}
