import { StoreUnavailableError } from '../../src/application/errors.ts';
import type { Batch } from '../../src/domain/batch.ts';
import { actionIds } from '../../src/slack/action-ids.ts';
import {
  onBatchCancel,
  onBatchOk,
  onCancelWaits,
  onGoOn,
  onRestoreThose,
  onRetryFailed,
  onStop,
} from '../../src/slack/listeners/batch.ts';
import type { Listener } from '../../src/slack/listeners/listener.ts';
import { onCommand } from '../../src/slack/listeners/sync-command.ts';
import { type BlockAction, readBlockAction, readSlashCommand } from '../../src/slack/requests.ts';
import { waitFor } from '../support/wait-for.ts';
import type { ModelBot } from './bot.ts';
import type { BatchAnswer, PressBatchButton, RequestBatch } from './commands.ts';
import { createRecorder, deliver, pauseConditions, refusalOf, watchPermission, withContext } from './requests.ts';
import { buttonBody, commandBody } from './slack-users.ts';
import { type BatchRequestRecord, botOf, type ModelRun, pickBatch } from './trace.ts';
import { otherUser } from './users.ts';

/** A user requests an action on several projects, and answers the dialog. */
export async function performBatch(run: ModelRun, command: RequestBatch): Promise<void> {
  const { selection, by, answer, isDeliveredTwice } = command;
  const action = command.action === 'allowed' ? await pickAction(run) : command.action;
  const conditions = action === 'pause' ? pauseConditions(command) : '';
  const body = commandBody(run.system.slack, by, `${action} ${selection}${conditions}`);
  const bots = botsOf(run, command, answer);
  await requestAndAnswer(run, { bots, by, answer, from: selection }, (recorded) =>
    deliver(run, isDeliveredTwice ? recorded : recorded.slice(0, 1), {
      listener: { decode: readSlashCommand, run: onCommand },
      body,
    }),
  );
}

/** What the states of most projects allow. */
async function pickAction({ system: { redis, projects } }: ModelRun): Promise<'pause' | 'restore'> {
  const states = await Promise.all(projects.map(({ id }) => redis.hget(`syncbot:{p:${id}}:state`, 'state')));
  return 2 * states.filter((state) => state === 'running').length > projects.length ? 'pause' : 'restore';
}

type MessageButton = Exclude<PressBatchButton['button'], 'ok' | 'cancel'>;
const messageButtons: Readonly<Record<MessageButton, Listener<BlockAction>>> = {
  restore: onRestoreThose,
  retryFailed: onRetryFailed,
  goOn: onGoOn,
  stop: onStop,
  cancelWaits: onCancelWaits,
};

/** A user presses a button of a batch, whether its message shows it now or not. */
export async function pressBatchButton(run: ModelRun, command: PressBatchButton): Promise<void> {
  const { button, by, answer } = command;
  const batch = pickBatch(run, command.batchIndex);
  if (batch === null) return;
  const bots = botsOf(run, command, answer);
  if (button === 'ok' || button === 'cancel')
    return answerDialog(run, bots[0], { batch, by, isCancel: button === 'cancel' });
  const body = buttonBody(run.system.slack, by, { actionId: actionIds.batch[button], value: batch.id });
  const listener = { decode: readBlockAction, run: messageButtons[button] };
  await requestAndAnswer(run, { bots, by, answer, from: button }, ([recorded]) =>
    deliver(run, recorded === undefined ? [] : [recorded], { listener, body }),
  );
}

type Bots = readonly [ModelBot, ModelBot];

function botsOf({ system }: ModelRun, { bot }: { readonly bot: number }, answer: BatchAnswer): Bots {
  const receiver = (index: number) => {
    const received = botOf(system, index);
    const settings = { ...received.context.settings, confirmationTtlMs: 20 };
    return answer === 'expire' ? withContext(received, { settings }) : received;
  };
  return [receiver(bot), receiver(bot + 1)];
}

interface NewBatch {
  readonly bots: Bots;
  readonly by: string;
  readonly answer: BatchAnswer;
  readonly from: BatchRequestRecord['from'];
}

/** `send` lets these bots handle the request. A selection of one project is the request of an operation. */
async function requestAndAnswer(
  run: ModelRun,
  { bots, by, answer, from }: NewBatch,
  send: (recorded: readonly ModelBot[]) => ReturnType<typeof deliver>,
): Promise<void> {
  const permission = await watchPermission(run.system, by);
  const calls = createRecorder();
  const refusal = refusalOf(await send(bots.map(calls.record)));
  const facts = { by, permission: await permission() };
  const [operation] = calls.requested;
  if (operation !== undefined) {
    const { project, action } = operation;
    const result = { kind: 'requested', operation } as const;
    run.trace.requests.push({ project, action, ...facts, isQueueMissing: false, result });
  }
  const [batch] = calls.requestedBatches;
  if (refusal?.code === 'not_operator' && facts.permission === 'operator')
    run.trace.errors.push(`a batch of the operator ${by} was refused`);
  if (batch === undefined) return;
  run.trace.batchRequests.push({ ...facts, batch, from });
  await answers[answer](run, bots, batch);
}

const answers: Readonly<Record<BatchAnswer, (run: ModelRun, bots: Bots, batch: Batch) => Promise<unknown>>> = {
  ok: (run, [bot], batch) => press(run, bot, batch),
  ok_twice: (run, [bot], batch) => Promise.all([press(run, bot, batch), press(run, bot, batch)]),
  ok_at_both_bots: (run, [bot, other], batch) => Promise.all([press(run, bot, batch), press(run, other, batch)]),
  ok_and_cancel: (run, [bot, other], batch) =>
    Promise.all([press(run, bot, batch), answerDialog(run, other, { batch, by: batch.by, isCancel: true })]),
  cancel: (run, [bot], batch) => answerDialog(run, bot, { batch, by: batch.by, isCancel: true }),
  async other_user_first(run, [bot, other], batch) {
    await answerDialog(run, other, { batch, by: otherUser(batch.by), isCancel: false });
    await press(run, bot, batch);
  },
  async expire(run, [bot], batch) {
    await waitFor(async () => (await bot.context.serverClock.now()) > batch.expiresAt).catch(() => {});
    await press(run, bot, batch);
  },
  ok_and_lost_job: (run, [bot], batch) =>
    press(run, withContext(bot, { jobs: { ...bot.context.jobs, continueBatch: loseJob } }), batch),
  leave_open: async () => {},
};

function press(run: ModelRun, bot: ModelBot, batch: Batch): Promise<void> {
  return answerDialog(run, bot, { batch, by: batch.by, isCancel: false });
}

/** Simulates a bot that dies after it has resolved the batch and before it adds the job. */
async function loseJob(): Promise<void> {
  throw new StoreUnavailableError('no', { cause: new Error('the bot has died') });
}

interface BatchPress {
  readonly batch: Batch;
  readonly by: string;
  readonly isCancel: boolean;
}

/** A user presses OK or Cancel in the dialog of a batch. */
async function answerDialog(run: ModelRun, bot: ModelBot, { batch, by, isCancel }: BatchPress): Promise<void> {
  const permission = await watchPermission(run.system, by);
  const calls = createRecorder();
  const actionId = isCancel ? actionIds.batch.cancel : actionIds.batch.ok;
  const body = buttonBody(run.system.slack, by, { actionId, value: batch.id });
  const listener = {
    decode: readBlockAction,
    run: isCancel ? onBatchCancel : onBatchOk,
    deduplicate: 'before_refusal',
  } as const;
  const refusal = refusalOf(await deliver(run, [calls.record(bot)], { listener, body }));
  const result = calls.resolvedBatches[0] ?? (refusal === null ? null : ({ kind: 'refused', refusal } as const));
  if (result === null) return;
  const decision = isCancel ? 'cancel' : 'confirm';
  run.trace.batchPresses.push({ batch: batch.id, by, decision, result, permission: await permission() });
}
