import { applyPlan } from '../application/apply.ts';
import { describeDiff } from '../application/diff-projects.ts';
import { planApply } from '../application/plan.ts';
import { validateSlackEnvironment } from '../config/environment.ts';
import { formatEnvironmentError } from '../config/errors.ts';
import { botActor } from '../domain/project.ts';
import { applyRefusalText } from '../messages/render.ts';
import type { CommandContext } from './command-context.ts';
import { abortOnSignals, type ExitCode, exitCodes, type Role, StartError } from './context.ts';
import { cliFormatter } from './formatter.ts';

/**
 * `syncbot run`: applies the file when no project is known yet, then runs the role until SIGTERM or SIGINT. Redis and Slack
 * are waited for.
 */
export async function run(context: CommandContext, role: Role): Promise<ExitCode> {
  const { app, environment, log, output, io } = context;
  const errors = role === 'worker' ? [] : validateSlackEnvironment(environment);
  if (errors.length > 0) {
    output.error({ code: 'environment', message: errors.map(formatEnvironmentError).join('\n') });
    return exitCodes.usageError;
  }
  using stopSignal = abortOnSignals(io.signals, ['SIGINT', 'SIGTERM']);
  await app.runRole(role, stopSignal, applyOnFirstRun(context));
  log.info({}, 'stopped');
  return exitCodes.success;
}

/**
 * What is stored counts; the file is applied only at the very first run, all or nothing. A first run that Redis cut off is
 * still the first when it is tried again.
 */
function applyOnFirstRun(context: CommandContext): () => Promise<void> {
  const { app, config, log } = context;
  const { projects } = app.useCaseContext;
  let isFirstRun = false;
  return async () => {
    const stored = await projects.readMany(await projects.listIds());
    isFirstRun ||= stored.length === 0;
    if (isFirstRun) return applyConfig(context);
    for (const difference of describeDiff(stored, config)) log.warn({ difference }, 'file and stored projects differ');
  };
}

async function applyConfig({ app, config, configPath, log }: CommandContext): Promise<void> {
  const planResult = await planApply(app.useCaseContext, config);
  if (planResult.kind === 'refused') {
    const refusalLines = planResult.refusals.map((refusal) => `- ${applyRefusalText(refusal, cliFormatter)}`);
    const headline = `${configPath} cannot be applied, nothing was changed:`;
    throw new StartError(exitCodes.failure, [headline, ...refusalLines].join('\n'));
  }
  const { plan } = planResult;
  const applyResult = await applyPlan(app.useCaseContext, { plan, by: botActor });
  if (applyResult.kind === 'conflict') {
    const message = `${applyResult.project} was created by somebody else in the meantime. Run it again.`;
    throw new StartError(exitCodes.failure, message);
  }
  log.info({ projects: plan.create.map(({ definition }) => definition.id) }, 'file applied at the first run');
}
