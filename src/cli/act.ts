import { StoreUnavailable } from '../application/faults.ts';
import type { OperationRef, Settled } from '../application/ports.ts';
import { type Requested, requestAction } from '../application/request.ts';
import { cancel, confirm } from '../application/settle.ts';
import { explain } from '../domain/explain.ts';
import { isOpen } from '../domain/operation.ts';
import type { Refusal } from '../domain/refusal.ts';
import { actionWords, count, duration, stateClause } from '../domain/words.ts';
import { type ExitCode, exitCodes, onSignals } from './context.ts';
import { outcomeJson, outcomeSentence, stillOpen, unreadable } from './outcome.ts';
import type { ActTask } from './program.ts';
import { askYesNo } from './prompt.ts';
import type { Session } from './session.ts';
import { cliVoice } from './voice.ts';
import { type Ended, waitForEnd } from './wait.ts';

/** `syncbot start|pause|restore <project>`: the same road as in Slack, with a question on the terminal for a dialog. */
export async function act(session: Session, task: ActTask): Promise<ExitCode> {
  const { app, say, shell } = session;
  const by = `cli:${shell.user}`;
  const { action, project, reason } = task;
  const asked = { project, action, by, reason, origin: 'cli', channel: null } as const;
  const requested = await requestAction(app.deps, asked);
  if (requested.kind === 'refused') return refused(session, requested.refusal);
  const ref = { project: requested.operation.project, operation: requested.operation.id };
  if (!task.yes && !(await askYesNo(shell, question(requested)))) {
    await cancel(app.deps, { ref, by, dialog: null });
    say.fault({ code: 'cancelled', message: 'Cancelled. Nothing was changed.' });
    return exitCodes.notDone;
  }
  using stop = onSignals(shell.signals, ['SIGINT', 'SIGTERM']);
  const giveUpAt = app.deps.clock.now() + task.timeoutMs;
  const settled = await confirmUntil(session, { ref, by, giveUpAt, signal: stop });
  if (settled?.kind === 'refused') return refused(session, settled.refusal);
  return tell(session, { ref, ended: await waitForEnd(app.deps, { ref, giveUpAt, signal: stop }) });
}

interface Confirming {
  readonly ref: OperationRef;
  readonly by: string;
  readonly giveUpAt: number;
  readonly signal: AbortSignal;
}

/** A lost reply is asked for again: a repeat gets the first answer. Null: nobody knows. */
async function confirmUntil({ app, say }: Session, { ref, by, giveUpAt, signal }: Confirming): Promise<Settled | null> {
  for (let tries = 0; ; tries++) {
    try {
      return await confirm(app.deps, { ref, by, dialog: null });
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (app.deps.clock.now() >= giveUpAt || signal.aborted) return null;
      if (tries === 0) say.remark("The bot's Redis does not answer: checking…");
      await app.deps.clock.sleep(retryMs, signal);
    }
  }
}

const retryMs = 500;

function tell({ app, say }: Session, { ref, ended }: { ref: OperationRef; ended: Ended }): ExitCode {
  if (ended.kind === 'unknown' || ended.operation === null) {
    say.fault({ code: 'not_known', message: unreadable(ref) });
    return exitCodes.notDone;
  }
  const { operation } = ended;
  if (isOpen(operation)) {
    say.fault({ code: 'still_open', message: stillOpen(operation) });
    return exitCodes.notDone;
  }
  const message = outcomeSentence(operation, app.deps.clock.now());
  if (operation.state === 'done') {
    say.result(message, outcomeJson(operation, message));
    return exitCodes.done;
  }
  say.fault({ code: operation.refusal?.code ?? operation.state, message });
  return exitCodes.notDone;
}

function refused({ app, say }: Session, refusal: Refusal): ExitCode {
  say.fault({ code: refusal.code, message: explain(refusal, cliVoice, app.deps.clock.now()) });
  return exitCodes.notDone;
}

/** What would happen, and the figures as they are now. */
export function question({ project, operation, figures }: Extract<Requested, { kind: 'requested' }>): string {
  const { backlog, latencyMs, inFlight } = figures;
  const facts = [
    count(project.definition.links.length, 'link'),
    backlog === null ? 'backlog unknown' : `backlog ${backlog}`,
    latencyMs === null ? 'latency unknown' : `latency ${duration(latencyMs)}`,
    ...(inFlight === null || inFlight === 0 ? [] : [`${count(inFlight, 'task')} in flight`]),
  ];
  const consequence = operation.action === 'pause' ? ' Latency will grow until it is restored.' : '';
  const { imperative } = actionWords[operation.action];
  return `${stateClause(project.id, project.state)}: ${facts.join(', ')}.${consequence}\n${imperative} ${project.id}?`;
}
