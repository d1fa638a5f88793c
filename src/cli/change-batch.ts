import { Temporal } from 'temporal-polyfill';
import { findTouched } from '../application/batch-selection.ts';
import type { BatchResolution } from '../application/batch-store.ts';
import { cancelBatch, confirmBatch } from '../application/confirm-batch.ts';
import { StoreUnavailableError } from '../application/errors.ts';
import { requestBatch } from '../application/request-batch.ts';
import { resolveSelection } from '../application/resolve-selection.ts';
import { type Batch, failedItems, maxBatchProjects, type RefusedItem } from '../domain/batch.ts';
import type { Action } from '../domain/lifecycle.ts';
import type { ProjectId } from '../domain/project.ts';
import { formatSelection } from '../domain/selection.ts';
import { messages } from '../messages/catalog.ts';
import { type Formatter, joinDots } from '../messages/format.ts';
import type { ChangeBatchCommand } from './change-arguments.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type CommandContext, printRefusal } from './command-context.ts';
import { abortOnStopSignal } from './process-io.ts';
import { promptYesNo } from './prompt.ts';
import { type GoalOption, isInEffectAlready, waitForProjects, waitWithoutOperation } from './wait.ts';

const texts = messages.cli.changeBatch;
const pollIntervalMs = 200;
const confirmRetryDelayMs = 500;

/** `syncbot pause label:prod`: requests a batch, asks for confirmation, confirms it and waits until it has ended. */
export async function changeBatch(context: CommandContext, command: ChangeBatchCommand): Promise<ExitCode> {
  const { app, output, format, io } = context;
  const { action, limit, whenCaughtUp, reason, wait, yes, json } = command;
  const useCases = app.useCaseContext;
  const names = { readName: (text: string) => ({ text, channel: null }), onlyIds: yes || json };
  const resolved = await resolveSelection(useCases, command.selection, names);
  const selection = formatSelection(command.selection);
  if (resolved.kind === 'unknown_name') {
    const message = messages.selection.unknownName({ name: resolved.name, command: `${action} ${selection}` }, format);
    return fail(context, 'unknown_project', message);
  }
  if (resolved.kind === 'empty')
    return fail(context, 'selection_empty', messages.selection.empty({ ...resolved, selection }, format));
  const by = `cli:${io.user}`;
  const requested = await requestBatch(useCases, {
    action,
    by,
    reason,
    limit: limit === null ? null : { ...limit, timeZone: Temporal.Now.timeZoneId() },
    whenCaughtUp,
    selection: formatSelection(resolved.selection),
    after: null,
    origin: 'cli',
    channel: null,
    threadTs: null,
    projects: resolved.projects,
    excluded: findTouched(action, resolved),
    waves: useCases.settings.waves,
  });
  if (requested.kind === 'too_many')
    return fail(context, requested.kind, messages.batch.tooMany(requested.count, maxBatchProjects));
  if (requested.kind === 'refused') return printRefusal(context, requested.refusal);
  if (requested.kind === 'none_allowed') return refuse(context, command, requested.refused);
  const { batch, links } = requested;
  for (const line of refusedLines(batch.refused, format)) output.note(line);
  const already = wait === null ? [] : alreadyInEffect(action, batch.refused);
  if (wait !== null && !canReach(wait, { projects: already, refused: batch.refused })) {
    await cancelBatch(useCases, { id: batch.id, by, dialog: null });
    const ids = batch.refused.map(({ project }) => project).filter((id) => !already.includes(id));
    return fail(context, 'cannot_be_quiet', messages.wait.cannotPause(ids));
  }
  if (wait !== null && already.length > 0) output.note(messages.wait.already(wait.goal, already));
  const warning = yes ? messages.batch.endsTooLate(requested.logEnds, format) : null;
  if (warning !== null) output.note(warning);
  if (!yes && !(await promptYesNo(io, texts.question({ ...batch, links }, requested, format)))) {
    await cancelBatch(useCases, { id: batch.id, by, dialog: null });
    return fail(context, 'cancelled', messages.cli.change.cancelled);
  }
  const items = batch.items.map(({ project }) => project);
  output.step('requested', { id: batch.id, action, projects: items, already });
  using signal = abortOnStopSignal(io.signals);
  const end: WaitOptions = { id: batch.id, deadlineAt: useCases.clock.monotonicNow() + command.timeoutMs, signal };
  const confirmed = await confirmWithRetry(context, { ...end, by });
  if (confirmed.kind === 'not_requester') return printRefusal(context, { code: 'not_requester', by: confirmed.by });
  const ended = await waitForEnd(context, end);
  if (wait === null || ended === null || !isDone(ended)) return printOutcome(context, batch.id, ended);
  const message = outcomeMessage(ended, format);
  const data = batchJson(ended, message);
  output.step('done', data, message);
  const restore = action === 'pause' ? `batch:${batch.id}` : null;
  // Awaited here: the signal is of this function.
  return await waitForProjects(context, { wait, projects: [...items, ...already].sort(), signal, data, restore });
}

/** No project can be changed. A command that waits still waits for those that need no operation. */
async function refuse(
  context: CommandContext,
  { action, wait }: ChangeBatchCommand,
  refused: readonly RefusedItem[],
): Promise<ExitCode> {
  const projects = alreadyInEffect(action, refused);
  const lines = refusedLines(refused, context.format);
  if (wait === null || projects.length === 0 || !canReach(wait, { projects, refused }))
    return fail(context, 'not_allowed', [messages.batch.noneAllowed({ action, refused }), ...lines].join('\n'));
  for (const line of lines) context.output.note(line);
  return waitWithoutOperation(context, { wait, action, projects });
}

/** The refused projects whose state already has the effect of the action. */
function alreadyInEffect(action: Action, refused: readonly RefusedItem[]): ProjectId[] {
  return refused.flatMap(({ project, refusal }) => (isInEffectAlready(action, refusal) ? [project] : []));
}

/** A project that runs and cannot be paused has tasks in flight. A restore leaves out what it must not restore. */
function canReach(
  { goal }: GoalOption,
  { projects, refused }: { readonly projects: readonly ProjectId[]; readonly refused: readonly RefusedItem[] },
): boolean {
  return goal === 'caught_up' || projects.length === refused.length;
}

function fail({ output }: CommandContext, code: string, message: string): ExitCode {
  output.error({ code, message });
  return exitCodes.failure;
}

function refusedLines(refused: readonly RefusedItem[], format: Formatter): string[] {
  return refused.map((item) => messages.batch.refusedLine(item, format));
}

interface WaitOptions {
  readonly id: string;
  /** Ms of the monotonic clock. */
  readonly deadlineAt: number;
  readonly signal: AbortSignal;
}

/** Confirms again if the reply of Redis was lost. This is safe: a second confirmation gets the first answer. */
async function confirmWithRetry(
  { app, output }: CommandContext,
  { id, by, deadlineAt, signal }: WaitOptions & { readonly by: string },
): Promise<BatchResolution> {
  const { clock } = app.useCaseContext;
  for (let attempt = 1; ; attempt++) {
    try {
      return await confirmBatch(app.useCaseContext, { id, by, dialog: null });
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
    if (clock.monotonicNow() >= deadlineAt || signal.aborted) return { kind: 'unknown' };
    if (attempt === 1) output.note(texts.checking);
    await clock.sleep(confirmRetryDelayMs, signal);
  }
}

/** Reads the batch until it has ended or waits for a decision, the deadline has passed, or the signal is aborted. */
async function waitForEnd({ app }: CommandContext, { id, deadlineAt, signal }: WaitOptions): Promise<Batch | null> {
  const { batches, clock } = app.useCaseContext;
  let last: Batch | null = null;
  for (;;) {
    last = await batches.read(id).catch((error: unknown) => {
      if (error instanceof StoreUnavailableError) return last;
      throw error;
    });
    const remainingMs = deadlineAt - clock.monotonicNow();
    const goesOn = last === null || last.state === 'confirmed';
    if (!goesOn || remainingMs <= 0 || signal.aborted) return last;
    await clock.sleep(Math.min(pollIntervalMs, remainingMs), signal);
  }
}

/** Exit code 0 only if each project that could be changed is done. */
function printOutcome({ output, format }: CommandContext, id: string, batch: Batch | null): ExitCode {
  if (batch === null) {
    output.error({ code: 'not_known', message: texts.unknownOutcome(id, format.command('list')), data: { id } });
    return exitCodes.failure;
  }
  const message = outcomeMessage(batch, format);
  const data = batchJson(batch, message);
  const isOpen = batch.state === 'confirmed';
  if (output.format === 'json-lines') {
    const [code, text] = isOpen ? ['still_open', texts.stillOpen(id, format.command('list'))] : ['not_done', message];
    output.error({ code, message: text, data });
    return exitCodes.failure;
  }
  output.result(message, data);
  if (isDone(batch)) return exitCodes.success;
  if (isOpen) output.error({ code: 'still_open', message: texts.stillOpen(id, format.command('list')) });
  return exitCodes.failure;
}

function isDone({ state, items, results }: Batch): boolean {
  return state === 'done' && items.every(({ project }) => results[project]?.state === 'done');
}

function outcomeMessage(batch: Batch, format: Formatter): string {
  const facts = { batch, items: batch.items, refused: batch.refused, format };
  const lines = failedItems(batch).flatMap((item) => {
    const result = batch.results[item.project];
    return result === undefined ? [] : [messages.batch.failedLine(item, result, facts)];
  });
  return [joinDots(messages.batch.state(facts), messages.batch.attribution(facts)), ...lines].join('\n');
}

/** A batch in the `--json` output. */
function batchJson(
  { id, action, state, by, reason, selection, requestedAt, finishedAt, ...batch }: Batch,
  message: string,
) {
  const projects = batch.items.map(({ project }) => ({
    project,
    state: batch.results[project]?.state ?? null,
    code: batch.results[project]?.refusal?.code ?? null,
  }));
  const refused = batch.refused.map(({ project, refusal }) => ({ project, state: 'refused', code: refusal.code }));
  return {
    id,
    action,
    state,
    by,
    reason,
    selection,
    requestedAt,
    finishedAt,
    projects: [...projects, ...refused],
    message,
  };
}
