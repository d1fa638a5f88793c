import { type Arbitrary, array, boolean, constantFrom, integer, noBias, oneof, record, subarray } from 'fast-check';
import { type AlertPress, alertPresses } from '../../src/domain/alert-press.ts';
import type { Action, Correction, OperationKind } from '../../src/domain/lifecycle.ts';
import type { LostMessage } from '../support/faulty-redis-proxy.ts';

/** The users of Slack. The policy names those who may change projects. */
export const slackUsers = ['U0ALICE', 'U0BOB', 'U0CAROL'] as const;
/** Everybody who requests something. The command line needs no permission. */
export const users = [...slackUsers, 'cli:alice'] as const;
export type User = (typeof users)[number];

/** How the dialog is answered. */
export const confirmationOutcomes = [
  'ok',
  'ok_twice',
  'ok_at_both_bots',
  'ok_and_cancel',
  'cancel',
  'other_user_first',
  'expire',
  'ok_after_changes',
  'ok_and_lost_job',
  'leave_open',
] as const;
export type ConfirmationOutcome = (typeof confirmationOutcomes)[number];

export interface RequestCommand {
  readonly kind: 'request';
  readonly project: number;
  /** `restore_without`: a restore without the tasks that have failed again. `allowed`: the action that the state allows. With `waitForOutcome` the user also waits for the end of a transition. */
  readonly action: OperationKind | 'allowed' | 'restore_without';
  /** Used if the action is a pause. Null without an end. */
  readonly duration: string | null;
  /** Used if the action is a pause: whether it waits until the project has caught up. */
  readonly whenCaughtUp: boolean;
  readonly by: User;
  readonly bot: number;
  /** Whether Slack delivers the request to both bots. */
  readonly isDeliveredTwice: boolean;
  readonly confirmation: ConfirmationOutcome;
  /** Whether the user waits for the outcome before the next command. */
  readonly waitForOutcome: boolean;
}

/** How long a pause may last, as a person types it after `for`. A minute passes by itself in a long run. */
export const pauseDurations = ['1m', '2h', '1d'] as const;

/** What a batch selects, as a person types it. */
export const selections = [
  'orders payments',
  'orders users invoices payments events',
  'label:prod',
  'label:prod except orders',
  'label:prod label:billing',
  'label:billing except invoices',
  'state:running',
  'state:paused state:failed',
] as const;
export type Selection = (typeof selections)[number];

/** How the dialog of a batch is answered. */
export const batchAnswers = [
  'ok',
  'ok_twice',
  'ok_at_both_bots',
  'ok_and_cancel',
  'cancel',
  'other_user_first',
  'expire',
  'ok_and_lost_job',
  'leave_open',
] as const;
export type BatchAnswer = (typeof batchAnswers)[number];

/** A user of Slack requests one action on several projects. */
export interface RequestBatch {
  readonly kind: 'request_batch';
  /** `allowed`: what the states of most projects allow. */
  readonly action: Action | 'allowed';
  readonly selection: Selection;
  /** Of a pause. Null without an end. */
  readonly duration: string | null;
  /** Of a pause: whether it waits for each project until it has caught up. */
  readonly whenCaughtUp: boolean;
  readonly by: (typeof slackUsers)[number];
  readonly bot: number;
  readonly isDeliveredTwice: boolean;
  readonly answer: BatchAnswer;
}

/** The buttons of a batch: those of its message, and those of its dialog. */
export const batchButtons = ['restore', 'retryFailed', 'goOn', 'stop', 'cancelWaits', 'ok', 'cancel'] as const;
export type BatchButton = (typeof batchButtons)[number];

/** A user of Slack presses a button of one of the last batches, and answers the dialog that follows, if any. */
export interface PressBatchButton {
  readonly kind: 'press_batch_button';
  readonly batchIndex: number;
  readonly button: BatchButton;
  readonly by: (typeof slackUsers)[number];
  readonly bot: number;
  readonly answer: BatchAnswer;
}

export interface PressOldButton {
  readonly kind: 'press_old_button';
  readonly operationIndex: number;
  /** Whether to prefer a dialog that was left open. */
  readonly preferOpen: boolean;
  readonly cancel: boolean;
  /** Whether a user other than the requester presses. */
  readonly byOtherUser: boolean;
}

/** How a worker that runs is broken. With a broken connection it cannot reach the links of `far`. */
export const workerFaults = ['lacks_connection', 'no_route', 'clock_ahead', 'clock_behind'] as const;
export type WorkerFault = (typeof workerFaults)[number];

/** How the confirmation in a modal is answered. A modal that is left open is closed with ✕ before the next one. */
export const modalAnswers = ['ok', 'cancel', 'ok_and_close', 'leave_open'] as const;
export type ModalAnswer = (typeof modalAnswers)[number];

/** How Slack fails. After `lost_reply` it has edited a message, and the bot does not know it. */
export const slackFaults = ['rate_limited', 'server_error', 'refused_connection', 'lost_reply'] as const;
export type SlackFault = (typeof slackFaults)[number];

/** A person pauses or resumes links with BullMQ's own tools. Then a user requests a correction, or not. */
export interface ChangeFlags {
  readonly kind: 'change_flags';
  readonly project: number;
  readonly link: number;
  /** Whether all links of the project are changed. */
  readonly all: boolean;
  readonly correction: Correction | null;
  readonly by: User;
}

/** An apply after which these users of Slack may change projects, while one of them requests something. */
export interface ApplyPolicy {
  readonly kind: 'apply_policy';
  readonly operators: readonly string[];
  readonly by: (typeof slackUsers)[number];
  readonly project: number;
  readonly bot: number;
}

/** What a person decides about a pause that waits until its project has caught up. */
export const waitDecisions = ['cancel', 'pause_now'] as const;
export type WaitDecision = (typeof waitDecisions)[number];

/** A user of Slack presses Cancel or Pause Now of a pause that waits, or has waited. */
export interface DecideWait {
  readonly kind: 'decide_wait';
  readonly project: number;
  readonly decision: WaitDecision;
  /** What another user decides at the other bot at the same time. */
  readonly other: WaitDecision | null;
  readonly by: (typeof slackUsers)[number];
  readonly bot: number;
}

/** One command of a run. A number selects an item, modulo the number of items. */
export type Command =
  | RequestCommand
  | PressOldButton
  | ChangeFlags
  | ApplyPolicy
  | RequestBatch
  | PressBatchButton
  | DecideWait
  /** The longest time of a pause passes that waits until its project has caught up. */
  | { readonly kind: 'pass_wait_time'; readonly project: number }
  /** A user of Slack moves the end of a pause with `/sync extend`, or with a button that shows its end. */
  | {
      readonly kind: 'extend_pause' | 'press_extend' | 'keep_beyond_end';
      readonly project: number;
      readonly by: (typeof slackUsers)[number];
      readonly bot: number;
    }
  /** Time passes until the end of a pause, or until shortly before it. */
  | { readonly kind: 'pass_pause_time'; readonly project: number; readonly until: 'end' | 'notice' }
  /** A user of Slack answers the reminder of a pause with Keep Paused. */
  | {
      readonly kind: 'keep_paused';
      readonly project: number;
      readonly by: (typeof slackUsers)[number];
      readonly bot: number;
    }
  /** A user of Slack takes, snoozes or hands over the alerts of a project. */
  | {
      readonly kind: 'press_alert';
      readonly project: number;
      readonly press: AlertPress;
      readonly by: (typeof slackUsers)[number];
      readonly bot: number;
    }
  | { readonly kind: 'open_home'; readonly by: (typeof slackUsers)[number]; readonly bot: number }
  /** A user of Slack requests what the state allows in the form of `/sync`, and answers its confirmation. */
  | {
      readonly kind: 'run_form';
      readonly project: number;
      readonly by: (typeof slackUsers)[number];
      readonly bot: number;
      readonly answer: ModalAnswer;
    }
  /** A day passes for the digest. */
  | { readonly kind: 'pass_digest_hour' }
  /** The next call of a bot to Slack fails. */
  | { readonly kind: 'slack_fault'; readonly fault: SlackFault }
  | { readonly kind: 'redeliver_job'; readonly operationIndex: number }
  | { readonly kind: 'sweep_at_both_bots' }
  | { readonly kind: 'observe'; readonly bot: number }
  | { readonly kind: 'reconcile'; readonly project: number }
  | { readonly kind: 'kill_worker'; readonly worker: number }
  | { readonly kind: 'kill_bot'; readonly bot: number }
  | { readonly kind: 'break_worker'; readonly worker: number; readonly fault: WorkerFault }
  | { readonly kind: 'suspend_worker'; readonly worker: number; readonly durationMs: number }
  | { readonly kind: 'start_worker'; readonly worker: number }
  | { readonly kind: 'drop_connection'; readonly lost: LostMessage; readonly connectionIndex: number }
  | { readonly kind: 'delay_proxy'; readonly delayMs: number; readonly proxy: number }
  | { readonly kind: 'outage'; readonly durationMs: number; readonly proxy: number }
  | {
      readonly kind: 'deliver_late';
      readonly delayMs: number;
      readonly connectionIndex: number;
      /** Whether it is the next request that sets pause flags, of any connection. */
      readonly setsFlags: boolean;
    }
  /** An outage of the Redis of some links that begins at the next request that sets pause flags. */
  | { readonly kind: 'outage_at_flags'; readonly durationMs: number }
  /** An outage in which running and confirmed operations pass their limit of two minutes. */
  | { readonly kind: 'long_outage'; readonly proxy: number }
  | { readonly kind: 'delete_queue' }
  | { readonly kind: 'create_queue' }
  | { readonly kind: 'add_tasks'; readonly project: number; readonly link: number; readonly count: number }
  | { readonly kind: 'add_failing_tasks'; readonly project: number; readonly link: number }
  | { readonly kind: 'repair_targets'; readonly project: number }
  | { readonly kind: 'restart_link_worker'; readonly project: number; readonly link: number };

const anyIndex = integer({ min: 0, max: 59 });
const kind = <Kind extends Command['kind']>(of: Kind) => constantFrom(of);

const requestCommand: Arbitrary<RequestCommand> = record({
  kind: kind('request'),
  project: anyIndex,
  action: oneof(
    { weight: 20, arbitrary: constantFrom('allowed') },
    { weight: 10, arbitrary: constantFrom('start', 'pause', 'restore') },
    { weight: 1, arbitrary: constantFrom('reapply', 'adopt') },
    { weight: 4, arbitrary: constantFrom('restore_without', 'restore_without', 'retry') },
  ),
  duration: constantFrom(null, null, ...pauseDurations),
  whenCaughtUp: constantFrom(true, false, false),
  by: constantFrom(...users),
  bot: anyIndex,
  isDeliveredTwice: constantFrom(true, false, false, false),
  confirmation: constantFrom(...confirmationOutcomes, 'ok', 'ok', 'ok', 'ok', 'leave_open'),
  waitForOutcome: constantFrom(true, true, false),
});

const changeFlags: Arbitrary<ChangeFlags> = record({
  kind: kind('change_flags'),
  project: anyIndex,
  link: anyIndex,
  all: boolean(),
  correction: constantFrom(null, 'reapply', 'adopt', 'adopt', 'adopt'),
  by: constantFrom(...users),
});

const batchAnswer = constantFrom(...batchAnswers, 'ok', 'ok', 'ok', 'ok');

const requestBatch: Arbitrary<RequestBatch> = record({
  kind: kind('request_batch'),
  action: constantFrom('allowed', 'allowed', 'allowed', 'pause', 'restore', 'start'),
  selection: constantFrom(...selections),
  duration: constantFrom(null, null, ...pauseDurations),
  whenCaughtUp: constantFrom(true, false, false),
  by: constantFrom(...slackUsers),
  bot: anyIndex,
  isDeliveredTwice: constantFrom(true, false, false, false),
  answer: batchAnswer,
});

const pressBatchButton: Arbitrary<PressBatchButton> = record({
  kind: kind('press_batch_button'),
  batchIndex: integer({ min: 0, max: 3 }),
  button: constantFrom(...batchButtons, 'restore', 'goOn', 'cancelWaits'),
  by: constantFrom(...slackUsers),
  bot: anyIndex,
  answer: batchAnswer,
});

const decideWait: Arbitrary<DecideWait> = record({
  kind: kind('decide_wait'),
  project: anyIndex,
  decision: constantFrom(...waitDecisions),
  other: constantFrom(null, null, ...waitDecisions),
  by: constantFrom(...slackUsers),
  bot: anyIndex,
});

const command: Arbitrary<Command> = oneof(
  { weight: 100, arbitrary: requestCommand },
  { weight: 40, arbitrary: requestBatch },
  { weight: 16, arbitrary: pressBatchButton },
  { weight: 24, arbitrary: decideWait },
  { weight: 6, arbitrary: record({ kind: kind('pass_wait_time'), project: anyIndex }) },
  {
    weight: 12,
    arbitrary: record({
      kind: constantFrom('extend_pause', 'press_extend', 'keep_beyond_end'),
      project: anyIndex,
      by: constantFrom(...slackUsers),
      bot: anyIndex,
    }),
  },
  {
    weight: 14,
    arbitrary: record({
      kind: kind('pass_pause_time'),
      project: anyIndex,
      until: constantFrom('end', 'end', 'notice'),
    }),
  },
  {
    weight: 20,
    arbitrary: record({
      kind: kind('press_old_button'),
      operationIndex: anyIndex,
      preferOpen: constantFrom(true, false),
      cancel: constantFrom(true, false, false, false),
      byOtherUser: constantFrom(true, false, false, false),
    }),
  },
  { weight: 14, arbitrary: changeFlags },
  {
    weight: 6,
    arbitrary: record({
      kind: kind('apply_policy'),
      operators: oneof(constantFrom([...slackUsers]), subarray([...slackUsers], { minLength: 1 })),
      by: constantFrom(...slackUsers),
      project: anyIndex,
      bot: anyIndex,
    }),
  },
  {
    weight: 6,
    arbitrary: record({
      kind: kind('keep_paused'),
      project: anyIndex,
      by: constantFrom(...slackUsers),
      bot: anyIndex,
    }),
  },
  {
    weight: 6,
    arbitrary: record({
      kind: kind('press_alert'),
      project: anyIndex,
      press: constantFrom(...alertPresses),
      by: constantFrom(...slackUsers),
      bot: anyIndex,
    }),
  },
  {
    weight: 6,
    arbitrary: record({ kind: kind('open_home'), by: constantFrom(...slackUsers), bot: anyIndex }),
  },
  {
    weight: 12,
    arbitrary: record({
      kind: kind('run_form'),
      project: anyIndex,
      by: constantFrom(...slackUsers),
      bot: anyIndex,
      answer: constantFrom('ok', ...modalAnswers),
    }),
  },
  { weight: 4, arbitrary: record({ kind: kind('pass_digest_hour') }) },
  { weight: 5, arbitrary: record({ kind: kind('slack_fault'), fault: constantFrom(...slackFaults) }) },
  { weight: 12, arbitrary: record({ kind: kind('redeliver_job'), operationIndex: anyIndex }) },
  { weight: 6, arbitrary: record({ kind: kind('sweep_at_both_bots') }) },
  { weight: 4, arbitrary: record({ kind: kind('observe'), bot: anyIndex }) },
  { weight: 4, arbitrary: record({ kind: kind('reconcile'), project: anyIndex }) },
  { weight: 4, arbitrary: record({ kind: kind('kill_worker'), worker: anyIndex }) },
  {
    weight: 4,
    arbitrary: record({
      kind: kind('suspend_worker'),
      worker: anyIndex,
      durationMs: constantFrom(20, 300, 1_500, 3_000),
    }),
  },
  { weight: 2, arbitrary: record({ kind: kind('kill_bot'), bot: anyIndex }) },
  {
    weight: 3,
    arbitrary: record({ kind: kind('break_worker'), worker: anyIndex, fault: constantFrom(...workerFaults) }),
  },
  {
    weight: 12,
    arbitrary: record({
      kind: kind('deliver_late'),
      delayMs: constantFrom(200, 1_000, 3_000, 6_000),
      connectionIndex: anyIndex,
      setsFlags: constantFrom(true, true, true, false),
    }),
  },
  { weight: 2, arbitrary: record({ kind: kind('outage_at_flags'), durationMs: constantFrom(1_000, 7_000) }) },
  { weight: 2, arbitrary: record({ kind: kind('long_outage'), proxy: anyIndex }) },
  { weight: 3, arbitrary: record({ kind: kind('delete_queue') }) },
  { weight: 6, arbitrary: record({ kind: kind('create_queue') }) },
  { weight: 8, arbitrary: record({ kind: kind('start_worker'), worker: anyIndex }) },
  {
    weight: 10,
    arbitrary: record({
      kind: kind('drop_connection'),
      lost: constantFrom<LostMessage[]>('reply', 'request'),
      connectionIndex: anyIndex,
    }),
  },
  { weight: 3, arbitrary: record({ kind: kind('outage'), durationMs: constantFrom(20, 300, 2_500), proxy: anyIndex }) },
  {
    weight: 8,
    arbitrary: record({ kind: kind('delay_proxy'), delayMs: constantFrom(0, 0, 1, 5, 30), proxy: anyIndex }),
  },
  {
    weight: 14,
    arbitrary: record({
      kind: kind('add_tasks'),
      project: anyIndex,
      link: anyIndex,
      count: integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 6, arbitrary: record({ kind: kind('add_failing_tasks'), project: anyIndex, link: anyIndex }) },
  { weight: 4, arbitrary: record({ kind: kind('repair_targets'), project: anyIndex }) },
  { weight: 3, arbitrary: record({ kind: kind('restart_link_worker'), project: anyIndex, link: anyIndex }) },
);

export function commandSequence(length: number): Arbitrary<Command[]> {
  return noBias(array(command, { minLength: length, maxLength: length, size: 'max' }));
}
