import { StoreUnavailable } from '../application/faults.ts';
import type { Settled } from '../application/operation-store.ts';
import { type Asked, type Requested, requestAction } from '../application/request.ts';
import { cancel, confirm } from '../application/settle.ts';
import { backlogPhrase, inFlightPhrase, latencyPhrase } from '../domain/figures-words.ts';
import { isOpen, type OperationRef, refOf } from '../domain/operation.ts';
import { actionWords, count, stateClause, unchanged } from '../domain/words.ts';
import { type ExitCode, exitCodes, onSignals } from './context.ts';
import { outcomeJson, outcomeText, unreadable } from './outcome.ts';
import type { ActTask } from './program.ts';
import { askYesNo } from './prompt.ts';
import { refused } from './refused.ts';
import type { Session } from './session.ts';
import { type Ended, waitForEnd } from './wait.ts';

/** `syncbot start|pause|restore <project>`: the same road as in Slack, with a question on the terminal for a dialog. */
export async function act(session: Session, task: ActTask): Promise<ExitCode> {
  const { app, say, shell } = session;
  const by = `cli:${shell.user}`;
  const { action, project, reason } = task;
  const asked: Asked = { project, action, by, reason, origin: 'cli', channel: null };
  const requested = await requestAction(app.deps, asked);
  if (requested.kind === 'refused') return refused(session, requested.refusal);
  const ref = refOf(requested.operation);
  if (!task.yes && !(await askYesNo(shell, question(requested)))) {
    await cancel(app.deps, { ref, by, dialog: null });
    say.fault({ code: 'cancelled', message: `Cancelled. ${unchanged}` });
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

function tell({ say }: Session, { ref, ended }: { ref: OperationRef; ended: Ended }): ExitCode {
  if (ended.kind === 'unknown' || ended.standing === null) {
    say.fault({ code: 'not_known', message: unreadable(ref) });
    return exitCodes.notDone;
  }
  const { operation } = ended.standing;
  const message = outcomeText(ended.standing);
  if (operation.state === 'done') {
    say.result(message, outcomeJson(operation, message));
    return exitCodes.done;
  }
  const code = isOpen(operation) ? 'still_open' : (operation.refusal?.code ?? operation.state);
  say.fault({ code, message });
  return exitCodes.notDone;
}

/** What would happen, and the figures as they are now. */
function question({ project, operation, figures }: Extract<Requested, { kind: 'requested' }>): string {
  const links = count(project.definition.links.length, 'link');
  const facts = [links, backlogPhrase(figures), latencyPhrase(figures), inFlightPhrase(figures)];
  const consequence = operation.action === 'pause' ? ' Latency will grow until it is restored.' : '';
  const { imperative } = actionWords[operation.action];
  return `${stateClause(project.id, project.state)}: ${facts.join(', ')}.${consequence}\n${imperative} ${project.id}?`;
}
