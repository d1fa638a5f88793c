import { type ApplyResult, applyPlan } from '../application/apply.ts';
import { isEmpty, type Plan, planApply } from '../application/plan.ts';
import { messages } from '../messages/catalog.ts';
import { applyRefusalText } from '../messages/render.ts';
import type { CommandContext } from './command-context.ts';
import { type ExitCode, exitCodes } from './context.ts';
import { cliFormatter } from './formatter.ts';
import type { Output } from './output.ts';
import { planText } from './plan-text.ts';
import { isInteractive, notInteractive, promptYesNo } from './prompt.ts';

/** `syncbot apply [file]`: shows the plan, asks, applies all or nothing. */
export async function apply(context: CommandContext, { yes }: { readonly yes: boolean }): Promise<ExitCode> {
  const { app, config, output, io } = context;
  const planResult = await planApply(app.useCaseContext, config);
  if (planResult.kind === 'refused') {
    const refusalLines = planResult.refusals.map((refusal) => `- ${applyRefusalText(refusal, cliFormatter)}`);
    output.error({ code: 'refused', message: ['Not applied, nothing was changed:', ...refusalLines].join('\n') });
    return exitCodes.failure;
  }
  const { plan } = planResult;
  output.result(planText(plan), null);
  if (isEmpty(plan)) return exitCodes.success;
  if (!yes && !isInteractive(io)) {
    output.error(notInteractive);
    return exitCodes.usageError;
  }
  if (!yes && !(await promptYesNo(io, 'Apply this?'))) {
    output.error({ code: 'cancelled', message: `Not applied. ${messages.nothingChanged}` });
    return exitCodes.failure;
  }
  const applyResult = await applyPlan(app.useCaseContext, { plan, by: `cli:${io.user}` });
  return printResult(output, applyResult, plan);
}

/** How an apply ended, in a sentence, and what that means for the exit code. */
function printResult(output: Output, result: ApplyResult, plan: Plan): ExitCode {
  if (result.kind === 'conflict') {
    const outcome =
      result.written.length === 0
        ? `so the file was not applied. ${messages.nothingChanged}`
        : `so the file was applied only in part: ${result.written.join(', ')}.`;
    const message = `${result.project} was changed by somebody else in the meantime, ${outcome} Apply again.`;
    output.error({ code: 'conflict', message });
    return exitCodes.failure;
  }
  if (result.notPaused.length > 0) {
    const links = result.notPaused.map((link) => link.queue).join(', ');
    const message = `Applied, but not yet paused: ${links}. A worker goes on trying; or check the connection and apply again.`;
    output.error({ code: 'not_paused', message });
    return exitCodes.failure;
  }
  const counts = [
    [plan.create.length, 'created'],
    [plan.update.length, 'changed'],
    [plan.remove.length, 'removed'],
    [plan.pauseAgain.length, 'paused again'],
  ].flatMap(([projectCount, verb]) => (projectCount === 0 ? [] : [`${projectCount} ${verb}`]));
  output.result(`Applied: ${counts.join(', ')}.`, null);
  return exitCodes.success;
}
