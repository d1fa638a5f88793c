import { applyPlan } from '../application/apply-plan.ts';
import { readProjectsAndUnreadable } from '../application/list-projects.ts';
import { planApply } from '../application/plan.ts';
import type { ProjectsAndUnreadable } from '../application/project-store.ts';
import { validateSlackEnvironment } from '../config/environment.ts';
import { formatEnvironmentError } from '../config/errors.ts';
import { configurationChanges } from '../domain/configuration.ts';
import { type DesiredProjects, diffProjects } from '../domain/diff-projects.ts';
import { botActor } from '../domain/project.ts';
import { messages } from '../messages/catalog.ts';
import { applyRefusalText } from '../messages/render.ts';
import { type ExitCode, exitCodes, type Role, StartError } from './cli-app.ts';
import type { CommandContext } from './command-context.ts';
import { abortOnStopSignal } from './process-io.ts';
import { cliFormatter } from './terminal-text.ts';

const texts = messages.cli.run;

/**
 * `syncbot run`: runs the role until SIGTERM or SIGINT. Waits for Redis and Slack while they do not answer. Applies
 * syncbot.yml if Redis has no project yet.
 */
export async function run(context: CommandContext, role: Role): Promise<ExitCode> {
  const { app, environment, log, output, io } = context;
  const errors = role === 'worker' ? [] : validateSlackEnvironment(environment);
  if (errors.length > 0) {
    output.error({ code: 'environment', message: errors.map(formatEnvironmentError).join('\n') });
    return exitCodes.usageError;
  }
  using stopSignal = abortOnStopSignal(io.signals);
  await app.runRole(role, stopSignal, applyOnFirstRun(context));
  log.info({}, 'stopped');
  return exitCodes.success;
}

/**
 * Returns a function that applies the file if no project is stored, and otherwise logs how the stored projects differ from
 * the file. If Redis interrupts the first run, the next call is still the first run.
 */
function applyOnFirstRun(context: CommandContext): () => Promise<void> {
  const { app, config, log } = context;
  let isFirstRun = false;
  return async () => {
    const stored = await readProjectsAndUnreadable(app.useCaseContext);
    isFirstRun ||= stored.projects.length + stored.unreadable.length === 0;
    if (isFirstRun) return applyConfig(context);
    for (const difference of await configurationDifferences(context))
      log.warn({ difference }, 'file and stored configuration differ');
    for (const difference of projectDifferences(config, stored))
      log.warn({ difference }, 'file and stored projects differ');
  };
}

/** How the stored projects differ from those of the file. Leaves out those that cannot be read. */
export function projectDifferences(
  desired: DesiredProjects,
  { projects, unreadable }: ProjectsAndUnreadable,
): string[] {
  const readable = desired.projects.filter(({ definition }) => !unreadable.includes(definition.id));
  return messages.definition.diff(diffProjects(projects, readable));
}

/** How the stored policy, settings and connections differ from the file. The stored ones are used. */
export async function configurationDifferences({ app, config }: CommandContext): Promise<string[]> {
  const stored = await app.useCaseContext.configurations.read();
  const { notApplied, unreadable, change, differs } = messages.configuration;
  if (stored.kind === 'none') return [notApplied];
  if (stored.kind === 'unreadable') return [unreadable];
  const changes = configurationChanges(stored.configuration, config.configuration);
  return changes.length === 0 ? [] : [differs(changes.map(change))];
}

/** A file without projects does not replace a stored configuration: another process may have a fuller file. */
async function applyConfig(context: CommandContext): Promise<void> {
  const { app, config, configPath, log } = context;
  const stored = await app.useCaseContext.configurations.read();
  const storesConfiguration = config.projects.length > 0 || stored.kind === 'none';
  const planned = await planApply(app.useCaseContext, storesConfiguration ? config : { projects: config.projects });
  if (planned.kind === 'refused') {
    const reasons = planned.refusals.map((refusal) => applyRefusalText(refusal, cliFormatter));
    throw new StartError(exitCodes.failure, texts.refused(configPath, reasons));
  }
  const { plan } = planned;
  const result = await applyPlan(app.useCaseContext, { plan, by: botActor });
  if (result.kind === 'configuration_conflict') {
    if (config.projects.length === 0) return;
    throw new StartError(exitCodes.failure, texts.configurationConflict);
  }
  if (result.kind === 'conflict') throw new StartError(exitCodes.failure, texts.conflict(result.project));
  log.info({ projects: plan.create.map(({ definition }) => definition.id) }, 'file applied at the first run');
}
