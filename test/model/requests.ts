import { z } from 'zod';
import type { BatchResolution } from '../../src/application/batch-store.ts';
import { cancel, confirm } from '../../src/application/confirm.ts';
import type { UseCaseContext } from '../../src/application/context.ts';
import type { ConfirmationResult } from '../../src/application/operation-store.ts';
import { requestAction } from '../../src/application/request-action.ts';
import type { AlertPress } from '../../src/domain/alert-press.ts';
import type { Batch } from '../../src/domain/batch.ts';
import { type Action, isAction } from '../../src/domain/lifecycle.ts';
import { type Operation, refOf } from '../../src/domain/operation.ts';
import { actionIds } from '../../src/slack/action-ids.ts';
import { alertButtonValue, operationRefValue } from '../../src/slack/button-values.ts';
import { onCancel, onOk } from '../../src/slack/listeners/confirmation.ts';
import { onHomeOpened } from '../../src/slack/listeners/home.ts';
import {
  createListener,
  type Listener,
  type ListenerOptions,
  type ListenerResult,
} from '../../src/slack/listeners/listener.ts';
import { onAlertPress, onKeepPaused, onRequestAction } from '../../src/slack/listeners/project-buttons.ts';
import { onRestoreWithout, onRetryAll } from '../../src/slack/listeners/skipped-tasks.ts';
import { onCommand } from '../../src/slack/listeners/sync-command.ts';
import { readBlockAction, readHomeOpened, readSlashCommand, type SlackRequest } from '../../src/slack/requests.ts';
import { runCliInProcess } from '../cli/cli-fixture.ts';
import type { JsonObject } from '../fake-slack/types.ts';
import type { ModelBot } from './bot.ts';
import { buttonBody, commandBody, homeOpenedBody } from './slack-users.ts';
import type { ModelProject, System } from './system.ts';
import { type ModelRun, type Permission, type RequestRecord, recordError, recordErrors } from './trace.ts';

export interface NewRequest {
  readonly project: ModelProject;
  readonly action: RequestRecord['action'];
  readonly by: string;
  /** Whether a restore leaves out the tasks that have failed again. */
  readonly withoutFailedAgain?: boolean;
  /** When a pause ends. Null or absent: not by itself. */
  readonly duration?: string | null;
  /** Whether a pause waits until its project has caught up. */
  readonly whenCaughtUp?: boolean;
}

/** Sends a request to these bots: two if Slack delivers it twice. Returns the operation, or null if there is none. */
export async function sendRequest(
  run: ModelRun,
  bots: readonly ModelBot[],
  request: NewRequest,
): Promise<Operation | null> {
  const { project, action, by } = request;
  const isQueueMissing = watchMissingQueue(project);
  const permission = await watchPermission(run.system, by);
  const calls = createRecorder();
  const refusal = isFromSlack(by)
    ? await requestInSlack(run, bots.map(calls.record), request)
    : await requestInCore(run, bots.map(calls.record), request);
  const [operation = null] = calls.requested;
  const facts = { permission: await permission(), isQueueMissing: await isQueueMissing() };
  const record = { project: project.id, action, by, ...facts };
  if (operation !== null) run.trace.requests.push({ ...record, result: { kind: 'requested', operation } });
  else if (refusal !== null) run.trace.requests.push({ ...record, result: { kind: 'refused', refusal } });
  return operation;
}

async function requestInCore(
  run: ModelRun,
  [bot]: readonly ModelBot[],
  { project, action, by, withoutFailedAgain = false, duration = null, whenCaughtUp = false }: NewRequest,
) {
  if (bot === undefined) return null;
  const limit = duration === null ? null : ({ word: 'for', text: duration, timeZone: 'UTC' } as const);
  const asked = { project: project.id, action, by, limit, whenCaughtUp };
  const request = { ...asked, reason: null, origin: 'cli', channel: null } as const;
  const tasks = { kind: 'failed_again' } as const;
  const result = await recordErrors(run, () =>
    requestAction(bot.context, withoutFailedAgain ? { ...request, tasks } : request),
  );
  return result?.kind === 'refused' ? result.refusal : null;
}

async function requestInSlack(
  run: ModelRun,
  bots: readonly ModelBot[],
  { project, action, by, withoutFailedAgain = false, duration = null, whenCaughtUp = false }: NewRequest,
) {
  const { slack } = run.system;
  if (withoutFailedAgain) {
    const body = buttonBody(slack, by, { actionId: actionIds.restoreWithout.alert, value: project.id });
    return refusalOf(await deliver(run, bots, { listener: { decode: readBlockAction, run: onRestoreWithout }, body }));
  }
  if (isAction(action)) {
    const body = commandBody(slack, by, `${action} ${project.id}${pauseConditions({ duration, whenCaughtUp })}`);
    return refusalOf(await deliver(run, bots, { listener: { decode: readSlashCommand, run: onCommand }, body }));
  }
  const [actionId, listener] =
    action === 'retry' ? [actionIds.retry.all, onRetryAll] : [actionIds.request[action], onRequestAction];
  const body = buttonBody(slack, by, { actionId, value: project.id });
  return refusalOf(await deliver(run, bots, { listener: { decode: readBlockAction, run: listener }, body }));
}

/** What a person types after the projects of a pause. */
export function pauseConditions({
  duration,
  whenCaughtUp,
}: {
  readonly duration: string | null;
  readonly whenCaughtUp: boolean;
}): string {
  return `${whenCaughtUp ? ' when caught up' : ''}${duration === null ? '' : ` for ${duration}`}`;
}

export interface Press {
  readonly operation: Operation;
  readonly by: string;
  readonly isCancel: boolean;
}

/** Presses OK or Cancel in a dialog, or does the same from the command line. */
export async function pressButton(run: ModelRun, bot: ModelBot, { operation, by, isCancel }: Press): Promise<void> {
  const permission = await watchPermission(run.system, by);
  const calls = createRecorder();
  const recorded = calls.record(bot);
  const ref = refOf(operation);
  let refusal = null;
  if (isFromSlack(by)) {
    const actionId = isCancel ? actionIds.cancel : actionIds.ok;
    const body = buttonBody(run.system.slack, by, { actionId, value: operationRefValue(ref) });
    const listener = {
      decode: readBlockAction,
      run: isCancel ? onCancel : onOk,
      deduplicate: 'before_refusal',
    } as const;
    refusal = refusalOf(await deliver(run, [recorded], { listener, body }));
  } else {
    const resolve = isCancel ? cancel : confirm;
    await recordErrors(run, () => resolve(recorded.context, { ref, by, dialog: null }));
  }
  const result = calls.resolved[0] ?? (refusal === null ? null : ({ kind: 'refused', refusal } as const));
  if (result === null) return;
  const decision = isCancel ? 'cancel' : 'confirm';
  run.trace.presses.push({ operation, by, decision, result, permission: await permission() });
}

/** Presses Keep Paused in the reminder of a pause. */
export async function pressKeepPaused(
  run: ModelRun,
  bot: ModelBot,
  { project, by }: Pick<NewRequest, 'project' | 'by'>,
): Promise<void> {
  const permission = await watchPermission(run.system, by);
  const listener = { decode: readBlockAction, run: onKeepPaused };
  const body = buttonBody(run.system.slack, by, { actionId: actionIds.keepPaused, value: project.id });
  const [result] = await deliver(run, [bot], { listener, body });
  if (result === undefined) return;
  const refusal = result.kind === 'refusal' ? result.refusal : null;
  run.trace.keeps.push({ project: project.id, by, refusal, permission: await permission() });
}

/** Presses I've Got It, Snooze 1 h or Take Over / Give Back in `show`. */
export async function pressAlertButton(
  run: ModelRun,
  bot: ModelBot,
  { project, by, press }: Pick<NewRequest, 'project' | 'by'> & { readonly press: AlertPress },
): Promise<void> {
  const permission = await watchPermission(run.system, by);
  const listener = { decode: readBlockAction, run: onAlertPress };
  const value = alertButtonValue({ target: { project: project.id }, seenAt: Date.now() });
  const body = buttonBody(run.system.slack, by, { actionId: actionIds.alert[press], value });
  const [result] = await deliver(run, [bot], { listener, body });
  if (result === undefined) return;
  const refusal = result.kind === 'refusal' ? result.refusal : null;
  run.trace.alertPresses.push({ project: project.id, by, refusal, permission: await permission() });
}

/** Opens the Home tab. The notifier publishes it. */
export async function openHome(run: ModelRun, bot: ModelBot, by: string): Promise<void> {
  const listener = { decode: readHomeOpened, run: onHomeOpened };
  await deliver(run, [bot], { listener, body: homeOpenedBody(run.system.slack, by) });
}

const cliErrorSchema = z.object({ code: z.string() });

/** Runs `syncbot <action> <project> --yes`, which waits for the outcome. */
export async function runCliCommand(
  run: ModelRun,
  bot: ModelBot,
  {
    project,
    action,
    timeoutMs,
  }: { readonly project: ModelProject; readonly action: Action; readonly timeoutMs: number },
): Promise<void> {
  const { trace, system } = run;
  const by = 'cli:alice';
  const isQueueMissing = watchMissingQueue(project);
  const calls = createRecorder();
  const app = {
    useCaseContext: calls.record(bot).context,
    useStoredConfiguration: async () => {},
    trace: <T>(_command: string, run: () => Promise<T>) => run(),
    checkSlack: async () => null,
    runRole: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  const argv = [action, project.id, '--yes', '--json', '--timeout', `${timeoutMs}ms`];
  const { exit, err } = await runCliInProcess(argv, { env: system.cliEnv, openApp: async () => app });
  const code = err === '' ? null : cliErrorSchema.parse(JSON.parse(err)).code;
  const [operation = null] = calls.requested;
  trace.cliRuns.push({ project: project.id, operation, exit, code });
  if (operation === null) return;
  const facts = { permission: 'operator', isQueueMissing: await isQueueMissing() } as const;
  trace.requests.push({ project: project.id, action, by, result: { kind: 'requested', operation }, ...facts });
  for (const result of calls.resolved)
    trace.presses.push({ operation, by, decision: 'confirm', result, permission: 'operator' });
}

export function isFromSlack(by: string): boolean {
  return !by.startsWith('cli:');
}

/** Records what the stores of operations and batches answer to the bots. */
export function createRecorder() {
  const requested: Operation[] = [];
  const resolved: ConfirmationResult[] = [];
  const requestedBatches: Batch[] = [];
  const resolvedBatches: BatchResolution[] = [];
  const batchesOf = ({ batches }: UseCaseContext): UseCaseContext['batches'] => ({
    ...batches,
    async request(batch) {
      const stored = await batches.request(batch);
      requestedBatches.push(stored);
      return stored;
    },
    async resolve(step) {
      const result = await batches.resolve(step);
      resolvedBatches.push(result);
      return result;
    },
  });
  const operationsOf = ({ operations }: UseCaseContext): UseCaseContext['operations'] => ({
    ...operations,
    async request(operation) {
      const stored = await operations.request(operation);
      if (stored.kind === 'requested') requested.push(stored.operation);
      return stored;
    },
    async resolve(step) {
      const result = await operations.resolve(step);
      resolved.push(result);
      return result;
    },
  });
  const record = (bot: ModelBot) =>
    withContext(bot, { operations: operationsOf(bot.context), batches: batchesOf(bot.context) });
  return { requested, resolved, requestedBatches, resolvedBatches, record };
}

/** The bot with other parts of its context. */
export function withContext(bot: ModelBot, parts: Partial<UseCaseContext>): ModelBot {
  return {
    ...bot,
    context: { ...bot.context, ...parts },
    listenerContext: { ...bot.listenerContext, ...parts },
  };
}

export interface Delivered<Request extends SlackRequest> {
  readonly listener: ListenerOptions<Request>;
  readonly body: JsonObject;
  readonly ack?: () => Promise<void>;
}

/** Slack delivers one request to these bots. Returns what the listeners returned. Only one of them may run it. */
export async function deliver<Request extends SlackRequest>(
  run: ModelRun,
  bots: readonly ModelBot[],
  { listener, body, ack = async () => {} }: Delivered<Request>,
): Promise<readonly ListenerResult[]> {
  const results: ListenerResult[] = [];
  let runs = 0;
  const recorded: Listener<Request> = async (context, request) => {
    runs += 1;
    try {
      const result = await listener.run(context, request);
      results.push(result);
      return withoutFollowUp(result);
    } catch (error) {
      recordError(run, error);
      throw error;
    }
  };
  await Promise.all(
    bots.map(({ listenerContext }) => createListener(listenerContext, { ...listener, run: recorded })({ ack, body })),
  );
  if (runs > 1) run.trace.errors.push(`a request that Slack delivered twice was run twice: ${JSON.stringify(body)}`);
  return results;
}

/** A follow-up waits for the worker. The sweep does the same. */
function withoutFollowUp(result: ListenerResult): ListenerResult {
  if (result.kind === 'refusal') return result;
  const { followUp: _followUp, ...rest } = result;
  return rest;
}

export function refusalOf([result]: readonly ListenerResult[]) {
  return result?.kind === 'refusal' ? result.refusal : null;
}

const policyRecordSchema = z.object({ policy: z.object({ operators: z.array(z.string()) }) });

/** Reads the stored policy now. The returned function reads it again and compares. */
export async function watchPermission({ redis }: System, by: string): Promise<() => Promise<Permission>> {
  const read = async () => {
    const [version, json] = await redis.hmget('syncbot:configuration', 'version', 'configuration');
    return { version, isOperator: policyRecordSchema.parse(JSON.parse(json ?? '')).policy.operators.includes(by) };
  };
  if (!isFromSlack(by)) return async () => 'operator';
  const before = await read();
  return async () => {
    if ((await read()).version !== before.version) return null;
    return before.isOperator ? 'operator' : 'not_operator';
  };
}

/** Returns a function that tells whether a queue was missing all the time until then. */
export function watchMissingQueue({ optionalLink }: ModelProject): () => Promise<boolean> {
  if (optionalLink === null) return async () => false;
  const existed = optionalLink.exists();
  const before = optionalLink.changes;
  const isUnchanged = () => before.begun === before.ended && optionalLink.changes.begun === before.begun;
  return async () => !(await existed) && !(await optionalLink.exists()) && isUnchanged();
}
