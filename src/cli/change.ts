import { cancel, confirm } from '../application/confirm.ts';
import { StoreUnavailableError } from '../application/errors.ts';
import { type ActionRequest, type RequestResult, requestAction } from '../application/request.ts';
import type { ConfirmationResult } from '../application/stores.ts';
import { isOpen, type OperationRef, refOf } from '../domain/operation.ts';
import { messages } from '../messages/catalog.ts';
import type { ChangeCommand } from './arguments.ts';
import type { CommandContext } from './command-context.ts';
import { abortOnSignals, type ExitCode, exitCodes } from './context.ts';
import { outcomeJson, outcomeMessage, unknownOutcomeText } from './outcome.ts';
import { printRefusal } from './output-refusal.ts';
import { promptYesNo } from './prompt.ts';
import { type WaitResult, waitForOutcome } from './wait-for-outcome.ts';

/** `syncbot start|pause|restore <project>`: the same road as in Slack, with a question on the terminal for a dialog. */
export async function changeState(context: CommandContext, command: ChangeCommand): Promise<ExitCode> {
  const { app, output, io } = context;
  const by = `cli:${io.user}`;
  const { action, project, reason } = command;
  const request: ActionRequest = { project, action, by, reason, origin: 'cli', channel: null };
  const requestResult = await requestAction(app.useCaseContext, request);
  if (requestResult.kind === 'refused') return printRefusal(context, requestResult.refusal);
  const ref = refOf(requestResult.operation);
  if (!command.yes && !(await promptYesNo(io, confirmationQuestion(requestResult)))) {
    await cancel(app.useCaseContext, { ref, by, dialog: null });
    output.error({ code: 'cancelled', message: `Cancelled. ${messages.nothingChanged}` });
    return exitCodes.failure;
  }
  using stopSignal = abortOnSignals(io.signals, ['SIGINT', 'SIGTERM']);
  const deadlineAt = app.useCaseContext.clock.now() + command.timeoutMs;
  const confirmation = await confirmWithRetry(context, { ref, by, deadlineAt, signal: stopSignal });
  if (confirmation?.kind === 'refused') return printRefusal(context, confirmation.refusal);
  return printOutcome(context, {
    ref,
    waitResult: await waitForOutcome(app.useCaseContext, { ref, deadlineAt, signal: stopSignal }),
  });
}

interface ConfirmOptions {
  readonly ref: OperationRef;
  readonly by: string;
  readonly deadlineAt: number;
  readonly signal: AbortSignal;
}

/** A lost reply is asked for again: a repeat gets the first answer. Null: nobody knows. */
async function confirmWithRetry(
  { app, output }: CommandContext,
  { ref, by, deadlineAt, signal }: ConfirmOptions,
): Promise<ConfirmationResult | null> {
  for (let attempts = 0; ; attempts++) {
    try {
      return await confirm(app.useCaseContext, { ref, by, dialog: null });
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      if (app.useCaseContext.clock.now() >= deadlineAt || signal.aborted) return null;
      if (attempts === 0) output.note("The bot's Redis does not answer: checking…");
      await app.useCaseContext.clock.sleep(retryDelayMs, signal);
    }
  }
}

const retryDelayMs = 500;

function printOutcome(
  { output }: CommandContext,
  { ref, waitResult }: { ref: OperationRef; waitResult: WaitResult },
): ExitCode {
  if (waitResult.kind === 'unknown' || waitResult.snapshot === null) {
    output.error({ code: 'not_known', message: unknownOutcomeText(ref) });
    return exitCodes.failure;
  }
  const { operation } = waitResult.snapshot;
  const message = outcomeMessage(waitResult.snapshot);
  if (operation.state === 'done') {
    output.result(message, outcomeJson(operation, message));
    return exitCodes.success;
  }
  const code = isOpen(operation) ? 'still_open' : (operation.refusal?.code ?? operation.state);
  output.error({ code, message });
  return exitCodes.failure;
}

/** What would happen, and the figures as they are now. */
function confirmationQuestion({ project, operation, stats }: Extract<RequestResult, { kind: 'requested' }>): string {
  const { format } = messages;
  const links = format.linkCount(project.definition.links.length);
  const facts = [links, format.backlog(stats), format.latency(stats), format.inFlight(stats)];
  const consequence = operation.action === 'pause' ? ' Latency will grow until it is restored.' : '';
  const { label } = messages.actions[operation.action];
  return `${messages.stateClause(project.id, project.state)}: ${facts.join(', ')}.${consequence}\n${label} ${project.id}?`;
}
