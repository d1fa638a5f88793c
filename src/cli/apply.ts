import { type ApplyResult, applyPlan } from '../application/apply-plan.ts';
import { isEmpty, type Plan, type PlannedCreate, type PlannedUpdate, planApply } from '../application/plan.ts';
import type { Link } from '../domain/link.ts';
import { messages } from '../messages/catalog.ts';
import { applyRefusalText, precheckText } from '../messages/render.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import type { CommandContext } from './command-context.ts';
import type { Output } from './output.ts';
import { isInteractive, notInteractiveError, promptYesNo } from './prompt.ts';
import { cliFormatter, sanitizeText } from './terminal-text.ts';

const texts = messages.cli.apply;

/** `syncbot apply [file]`: shows the plan, asks for confirmation, and applies it. */
export async function apply(context: CommandContext, { yes }: { readonly yes: boolean }): Promise<ExitCode> {
  const { app, config, output, io } = context;
  const planned = await planApply(app.useCaseContext, config);
  if (planned.kind === 'refused') {
    output.error({
      code: 'refused',
      message: texts.refused(planned.refusals.map((refusal) => applyRefusalText(refusal, cliFormatter))),
    });
    return exitCodes.failure;
  }
  const { plan } = planned;
  output.result(planText(plan), null);
  if (isEmpty(plan)) return exitCodes.success;
  if (!yes && !isInteractive(io)) {
    output.error(notInteractiveError);
    return exitCodes.usageError;
  }
  if (!yes && !(await promptYesNo(io, texts.question))) {
    output.error({ code: 'cancelled', message: texts.cancelled });
    return exitCodes.failure;
  }
  const result = await applyPlan(app.useCaseContext, { plan, by: `cli:${io.user}` });
  return printResult(output, { plan, result });
}

function printResult(
  output: Output,
  { plan, result }: { readonly plan: Plan; readonly result: ApplyResult },
): ExitCode {
  if (result.kind === 'conflict') {
    output.error({ code: 'conflict', message: texts.conflict(result.project, result.written) });
    return exitCodes.failure;
  }
  if (result.notPaused.length > 0) {
    output.error({ code: 'not_paused', message: texts.notPaused(result.notPaused.map(({ queue }) => queue)) });
    return exitCodes.failure;
  }
  const text = texts.applied({
    created: plan.create.length,
    changed: plan.update.length,
    removed: plan.remove.length,
    pausedAgain: plan.pauseAgain.length,
  });
  output.result(text, null);
  return exitCodes.success;
}

/** What applying the plan would change. Names each queue that it would pause. */
function planText(plan: Plan): string {
  const unchanged = plan.unchanged.length === 0 ? [] : [texts.unchanged(plan.unchanged.length)];
  if (isEmpty(plan)) return [texts.nothingToDo, ...unchanged].join(' ');
  return [
    ...plan.create.flatMap(createLines),
    ...plan.update.flatMap(updateLines),
    ...plan.remove.flatMap(({ project, leftPaused }) => [
      texts.remove(project.id),
      ...linkLine(texts.leftPaused, leftPaused),
    ]),
    ...plan.pauseAgain.flatMap(({ project, links }) => [texts.pauseAgain(project.id), ...pauseLines(links)]),
    ...unchanged.map((text) => `= ${text}`),
  ].join('\n');
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
