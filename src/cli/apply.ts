import { type Applied, applyPlan } from '../application/apply.ts';
import { explainApplyRefusal } from '../application/apply-refusal.ts';
import { nothingToDo, type Plan, planApply } from '../application/plan.ts';
import { unchanged } from '../domain/words.ts';
import { type ExitCode, exitCodes } from './context.ts';
import { planText } from './plan-text.ts';
import { askYesNo, canAsk, nobodyToAsk } from './prompt.ts';
import type { Say } from './say.ts';
import type { Session } from './session.ts';

/** `syncbot apply [file]`: shows the plan, asks, applies all or nothing. */
export async function apply(session: Session, { yes }: { readonly yes: boolean }): Promise<ExitCode> {
  const { app, config, say, shell } = session;
  const planned = await planApply(app.deps, config);
  if (planned.kind === 'refused') {
    const sentences = planned.refusals.map((refusal) => `- ${explainApplyRefusal(refusal)}`);
    say.fault({ code: 'refused', message: ['Not applied, nothing was changed:', ...sentences].join('\n') });
    return exitCodes.notDone;
  }
  const { plan } = planned;
  say.result(planText(plan), null);
  if (nothingToDo(plan)) return exitCodes.done;
  if (!yes && !canAsk(shell)) {
    say.fault(nobodyToAsk);
    return exitCodes.usage;
  }
  if (!yes && !(await askYesNo(shell, 'Apply this?'))) {
    say.fault({ code: 'cancelled', message: `Not applied. ${unchanged}` });
    return exitCodes.notDone;
  }
  const applied = await applyPlan(app.deps, { plan, by: `cli:${shell.user}` });
  return tell(say, applied, plan);
}

/** How an apply ended, in a sentence, and what that means for the exit code. */
function tell(say: Say, applied: Applied, plan: Plan): ExitCode {
  if (applied.kind === 'conflict') {
    const outcome =
      applied.written.length === 0
        ? `so the file was not applied. ${unchanged}`
        : `so the file was applied only in part: ${applied.written.join(', ')}.`;
    const message = `${applied.project} was changed by somebody else in the meantime, ${outcome} Apply again.`;
    say.fault({ code: 'conflict', message });
    return exitCodes.notDone;
  }
  if (applied.notPaused.length > 0) {
    const links = applied.notPaused.map((link) => link.queue).join(', ');
    const message = `Applied, but not yet paused: ${links}. A worker goes on trying; or check the connection and apply again.`;
    say.fault({ code: 'not_paused', message });
    return exitCodes.notDone;
  }
  const counts = [
    [plan.create.length, 'created'],
    [plan.change.length, 'changed'],
    [plan.remove.length, 'removed'],
    [plan.repause.length, 'paused again'],
  ].flatMap(([amount, verb]) => (amount === 0 ? [] : [`${amount} ${verb}`]));
  say.result(`Applied: ${counts.join(', ')}.`, null);
  return exitCodes.done;
}
