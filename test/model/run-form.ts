import type { Operation } from '../../src/domain/operation.ts';
import { actionIds, confirmationCallbackId } from '../../src/slack/action-ids.ts';
import type { ListenerOptions, ListenerResult } from '../../src/slack/listeners/listener.ts';
import { acknowledgeOk, onModalClosed, onOkInModal } from '../../src/slack/listeners/modal-answers.ts';
import { onChooseProject } from '../../src/slack/listeners/run-form.ts';
import { acknowledgeSubmission, onRunSubmission } from '../../src/slack/listeners/run-submission.ts';
import { onCommand } from '../../src/slack/listeners/sync-command.ts';
import {
  readConfirmationClosed,
  readConfirmationSubmission,
  readRunSubmission,
} from '../../src/slack/modal-requests.ts';
import { readBlockAction, readSyncCommand, type SlackRequest } from '../../src/slack/requests.ts';
import type { EventDelivery } from '../fake-slack/deliveries.ts';
import type { JsonObject } from '../fake-slack/types.ts';
import { inputsOf } from '../fake-slack/view-inputs.ts';
import type { ModelBot } from './bot.ts';
import type { ModalAnswer } from './commands.ts';
import { createRecorder, deliver, refusalOf, watchMissingQueue, watchPermission } from './requests.ts';
import { commandBody } from './slack-users.ts';
import type { ModelProject, System } from './system.ts';
import type { ModelRun } from './trace.ts';

export interface FormRequest {
  readonly project: ModelProject;
  readonly by: string;
  readonly answer: ModalAnswer;
}

/** A user types `/sync`, chooses a project, presses Next and answers the confirmation. Ends early where a fault hides the modal. */
export async function runForm(run: ModelRun, bot: ModelBot, request: FormRequest): Promise<void> {
  const { by, answer } = request;
  await inTurn(run.system, by, async () => {
    await closeModal(run, bot, by);
    const operation = await requestInModal(run, bot, request);
    if (operation === null || answer === 'leave_open') return;
    if (run.system.slack.views.modalOf(by)?.callbackId !== confirmationCallbackId) return;
    await answerInModal(run, bot, { operation, by, answer });
  });
}

async function inTurn(system: System, user: string, work: () => Promise<void>): Promise<void> {
  const turn = (system.modalTurns.get(user) ?? Promise.resolve()).then(work);
  system.modalTurns.set(
    user,
    turn.catch(() => {}),
  );
  await turn;
}

async function requestInModal(run: ModelRun, bot: ModelBot, { project, by }: FormRequest): Promise<Operation | null> {
  const { slack } = run.system;
  const isQueueMissing = watchMissingQueue(project);
  const permission = await watchPermission(run.system, by);
  const calls = createRecorder();
  const recorded = calls.record(bot);
  const body = commandBody(slack, by, '');
  await deliver(run, [recorded], { listener: { decode: readSyncCommand, run: onCommand }, body });
  const form = slack.views.modalOf(by);
  const menu = inputsOf(form?.blocks ?? []).find(({ actionId }) => actionId === actionIds.run.project);
  const option = optionTexts(menu?.element ?? {}).find((text) => text.startsWith(`${project.id} · `));
  if (option === undefined) return null;
  await handOver(run, recorded, {
    send: () => slack.views.choose({ user: by, input: actionIds.run.project, option }),
    listener: { decode: readBlockAction, run: onChooseProject },
  });
  if (slack.views.modalOf(by)?.submit !== 'Next') return null;
  const results = await handOver(run, recorded, {
    send: () => slack.views.submit(by),
    listener: { decode: readRunSubmission, run: onRunSubmission },
    acknowledge: acknowledgeSubmission,
  });
  const [operation = null] = calls.requested;
  const refusal = refusalOf(results);
  const facts = { permission: await permission(), isQueueMissing: await isQueueMissing() };
  const record = { project: project.id, by, ...facts };
  const { requests } = run.trace;
  if (operation !== null)
    requests.push({ ...record, action: operation.action, result: { kind: 'requested', operation } });
  else if (refusal !== null) {
    const action = 'action' in refusal ? refusal.action : 'start';
    requests.push({ ...record, action, result: { kind: 'refused', refusal } });
  }
  return operation;
}

function optionTexts({ options }: JsonObject): string[] {
  return (Array.isArray(options) ? options : []).flatMap((option) => {
    const text = JSON.parse(JSON.stringify(option))?.text?.text;
    return typeof text === 'string' ? [text] : [];
  });
}

interface ModalPress {
  readonly operation: Operation;
  readonly by: string;
  readonly answer: Exclude<ModalAnswer, 'leave_open'>;
}

/** OK is the submit button of a confirmation in a modal, and Cancel its close button. */
async function answerInModal(run: ModelRun, bot: ModelBot, { operation, by, answer }: ModalPress): Promise<void> {
  const { views } = run.system.slack;
  const permission = await watchPermission(run.system, by);
  const calls = createRecorder();
  const recorded = calls.record(bot);
  const isCancel = answer === 'cancel';
  const results = isCancel
    ? await handOver(run, recorded, { send: () => views.close(by), listener: closed })
    : await handOver(run, recorded, {
        send: () => views.submit(by),
        listener: { decode: readConfirmationSubmission, run: onOkInModal, deduplicate: 'before_refusal' },
        acknowledge: acknowledgeOk,
        ...(answer === 'ok_and_close' ? { whenAcknowledged: () => closeModal(run, bot, by) } : {}),
      });
  const refusal = refusalOf(results);
  const result = calls.resolved[0] ?? (refusal === null ? null : ({ kind: 'refused', refusal } as const));
  if (result === null) return;
  const decision = isCancel ? 'cancel' : 'confirm';
  run.trace.presses.push({ operation, by, decision, result, permission: await permission() });
}

const closed = { decode: readConfirmationClosed, run: onModalClosed, deduplicate: 'before_refusal' } as const;

/** Closes the modal with ✕. Slack notifies the bot if it is a confirmation. */
async function closeModal(run: ModelRun, bot: ModelBot, by: string): Promise<void> {
  const { views } = run.system.slack;
  if (views.modalOf(by) !== undefined) await handOver(run, bot, { send: () => views.close(by, 'x'), listener: closed });
}

interface HandedOver<Request extends SlackRequest> {
  readonly send: () => EventDelivery | null;
  readonly listener: ListenerOptions<Request>;
  /** The content of the acknowledgement. */
  readonly acknowledge?: (body: JsonObject) => object;
  /** What the user does as soon as Slack has the acknowledgement. */
  readonly whenAcknowledged?: () => Promise<void>;
}

/** Gives the event that `send` causes to the bot. Resolves when Slack has its acknowledgement and the listener has ended. */
async function handOver<Request extends SlackRequest>(
  run: ModelRun,
  bot: ModelBot,
  { send, listener, acknowledge = () => ({}), whenAcknowledged = async () => {} }: HandedOver<Request>,
): Promise<readonly ListenerResult[]> {
  let delivered: Promise<readonly ListenerResult[]> = Promise.resolve([]);
  const delivery = run.system.handOver.receiveDuring(send, (body, ack) => {
    const content = (): JsonObject => JSON.parse(JSON.stringify(acknowledge(body)));
    delivered = deliver(run, [bot], { listener, body, ack: () => ack(content()) });
  });
  await delivery?.acked;
  await whenAcknowledged();
  return delivered;
}
