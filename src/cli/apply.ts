import { type ApplyResult, applyPlan } from '../application/apply-plan.ts';
import { isEmpty, type Plan, type PlannedCreate, type PlannedUpdate, planApply } from '../application/plan.ts';
import type { ConfigurationChange } from '../domain/configuration.ts';
import type { DesiredProject } from '../domain/diff-projects.ts';
import type { Link } from '../domain/link.ts';
import { messages } from '../messages/catalog.ts';
import { applyRefusalText, precheckText } from '../messages/render.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import type { CommandContext } from './command-context.ts';
import type { Output } from './output.ts';
import { planJson } from './plan-json.ts';
import { programName } from './process-io.ts';
import { isInteractive, notInteractiveError, promptYesNo } from './prompt.ts';
import { processProblems, waitForProcesses } from './running-processes.ts';
import { cliFormatter, sanitizeText } from './terminal-text.ts';

const texts = messages.cli.apply;

export interface ApplyOptions {
  /** Does not ask for confirmation. */
  readonly yes: boolean;
  /** Removes the projects that are not in the file. */
  readonly prune: boolean;
  /** Prints the plan only. */
  readonly plan: boolean;
}

/** `syncbot apply [file]`: shows the plan, asks for confirmation, and applies it. */
export async function apply(
  context: CommandContext,
  { yes, prune, plan: isPlanOnly }: ApplyOptions,
): Promise<ExitCode> {
  const { app, config, output, io } = context;
  const planned = await planApply(app.useCaseContext, config, { prune });
  if (planned.kind === 'refused') {
    output.error({
      code: 'refused',
      message: texts.refused(planned.refusals.map((refusal) => applyRefusalText(refusal, cliFormatter))),
    });
    return exitCodes.failure;
  }
  const { plan } = planned;
  output.result(planText(plan, config.projects, programName(io)), planJson(plan));
  if (isPlanOnly) return isEmpty(plan) ? exitCodes.success : exitCodes.wouldChange;
  if (isEmpty(plan)) {
    await noteProcesses(context);
    await noteNextStep(context);
    return exitCodes.success;
  }
  if (!yes && !isInteractive(io)) {
    output.error(notInteractiveError);
    return exitCodes.usageError;
  }
  if (!yes && !(await promptYesNo(io, texts.question))) {
    output.error({ code: 'cancelled', message: texts.cancelled });
    return exitCodes.failure;
  }
  const result = await applyPlan(app.useCaseContext, { plan, by: `cli:${io.user}` });
  const exitCode = printResult(output, { plan, result });
  if (result.kind === 'applied' && plan.configuration !== null)
    printProblems(output, await waitForProcesses(app.useCaseContext, plan.configuration.expectedVersion + 1));
  if (exitCode === exitCodes.success) await noteNextStep(context);
  return exitCode;
}

/** On a terminal the next step is to start syncbot, if no process of it runs. */
async function noteNextStep({ app, output, io }: CommandContext): Promise<void> {
  if (!isInteractive(io)) return;
  const processes = await app.useCaseContext.configurations.listProcesses();
  if (processes.length === 0) output.note(texts.next(programName(io)));
}

/** Notes which running processes do not use what is stored. */
async function noteProcesses({ app, output }: CommandContext): Promise<void> {
  const { configurations } = app.useCaseContext;
  const [stored, processes] = await Promise.all([configurations.read(), configurations.listProcesses()]);
  if (stored.kind === 'read') printProblems(output, processProblems(processes, stored.version));
}

function printProblems(output: Output, problems: readonly string[]): void {
  if (problems.length > 0) output.note(texts.processes(problems));
}

function printResult(
  output: Output,
  { plan, result }: { readonly plan: Plan; readonly result: ApplyResult },
): ExitCode {
  if (result.kind === 'configuration_conflict') {
    output.error({ code: 'conflict', message: texts.configurationConflict });
    return exitCodes.failure;
  }
  if (result.kind === 'conflict') {
    output.error({ code: 'conflict', message: texts.conflict(result.project, result) });
    return exitCodes.failure;
  }
  if (result.notPaused.length > 0) {
    output.error({ code: 'not_paused', message: texts.notPaused(result.notPaused.map(({ queue }) => queue)) });
    return exitCodes.failure;
  }
  const text = texts.applied({
    configuration: plan.configuration !== null,
    created: plan.create.length,
    changed: plan.update.length,
    removed: plan.remove.length,
    pausedAgain: plan.pauseAgain.length,
  });
  output.result(text, null);
  return exitCodes.success;
}

/** What applying the plan would change. Names each queue that it would pause. */
function planText(plan: Plan, projects: readonly DesiredProject[], program: string): string {
  const unchanged = plan.unchanged.length === 0 ? [] : [texts.unchanged(plan.unchanged.length)];
  const kept = plan.kept.length === 0 ? [] : [texts.kept(plan.kept, program)];
  const unreadable = plan.unreadable.length === 0 ? [] : [texts.unreadable(plan.unreadable)];
  if (isEmpty(plan)) return [[texts.nothingToDo, ...unchanged].join(' '), ...kept, ...unreadable].join('\n');
  return [
    ...configurationLines(plan, projects),
    ...plan.create.flatMap(createLines),
    ...onFailureLine(plan.create),
    ...plan.update.flatMap(updateLines),
    ...plan.remove.flatMap(({ project, leftPaused }) => [
      texts.remove(project.id),
      ...linkLine(texts.leftPaused, leftPaused),
    ]),
    ...plan.pauseAgain.flatMap(({ project, links }) => [texts.pauseAgain(project.id), ...pauseLines(links)]),
    ...[...unchanged, ...kept, ...unreadable].map((text) => `= ${text}`),
  ].join('\n');
}

function configurationLines({ configuration }: Plan, projects: readonly DesiredProject[]): string[] {
  if (configuration === null) return [];
  const lines = configuration.changes.flatMap((change) => [
    texts.configuration(sanitizeText(messages.configuration.change(change))),
    ...connectionLines(change, projects).map(indent),
  ]);
  return configuration.expectedVersion === 0 ? [texts.configurationFirst, ...lines] : lines;
}

function connectionLines(change: ConfigurationChange, projects: readonly DesiredProject[]): string[] {
  if (change.kind !== 'connection_added' && change.kind !== 'connection_changed') return [];
  const users = projects
    .filter(({ definition }) => definition.links.some(({ connection }) => connection === change.name))
    .map(({ definition }) => definition.id);
  return [
    ...(users.length === 0 ? [] : [texts.connectionUsers(users)]),
    ...(change.source.kind === 'file' ? [texts.urlInFile] : []),
  ];
}

function createLines({ definition, adopt, initialState, linksToPause, missing, precheck }: PlannedCreate): string[] {
  const { id, links } = definition;
  const adoptedFrom = missing.length === links.length ? 'noQueues' : 'queues';
  const stateFrom = adopt ? adoptedFrom : 'default';
  const unpassedItems = precheck.filter(({ result }) => result !== 'pass');
  return [
    texts.create({ project: id, state: initialState.state, linkCount: links.length, stateFrom }),
    ...pauseLines(linksToPause),
    ...linkLine(texts.missing, missing),
    ...unpassedItems.map((item) => indent(texts.precheck(precheckText(item, cliFormatter)))),
  ];
}

/** Not Started projects have no tasks in flight: the line is for queues in use. */
function onFailureLine(created: readonly PlannedCreate[]): string[] {
  const pausing = created.filter(({ definition, adopt }) => adopt && definition.onFailure === 'pause');
  return pausing.length === 0 ? [] : [texts.pausesOnFailure(pausing.map(({ definition }) => definition.id))];
}

function updateLines({ project, changes, linksToPause, missing, leftPaused }: PlannedUpdate): string[] {
  return [
    texts.change(project.id, messages.definition.changes(changes).map(sanitizeText)),
    ...pauseLines(linksToPause),
    ...linkLine(texts.missing, missing),
    ...linkLine(texts.leftPaused, leftPaused),
  ];
}

function pauseLines(links: readonly Link[]): string[] {
  return links.map((link) => indent(texts.pauses(linkText(link))));
}

function linkLine(text: (links: readonly string[]) => string, links: readonly Link[]): string[] {
  return links.length === 0 ? [] : [indent(text(links.map(linkText)))];
}

function linkText({ queue, connection, prefix }: Link): string {
  return sanitizeText(`${queue} (${connection}, ${prefix})`);
}

function indent(line: string): string {
  return `    ${line}`;
}
