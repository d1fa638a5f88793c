import type { OperationKind } from '../../domain/lifecycle.ts';
import type { OperationState } from '../../domain/operation.ts';
import type { ProjectState } from '../../domain/project-state.ts';

/** The states of the OMS console. */
export const states: Readonly<Record<ProjectState, string>> = {
  not_started: 'Not Started',
  starting: 'Starting',
  running: 'Running',
  pausing: 'Pausing',
  paused: 'Paused',
  restoring: 'Restoring',
  failed: 'Failed',
};

/** Button label, verb in a sentence ("asked to pause it"), in progress, done. */
export interface ActionWords {
  readonly label: string;
  readonly verb: string;
  readonly doing: string;
  readonly done: string;
}

export const actions: Readonly<Record<OperationKind, ActionWords>> = {
  start: { label: 'Start', verb: 'start', doing: 'Starting', done: 'started' },
  pause: { label: 'Pause', verb: 'pause', doing: 'Pausing', done: 'paused' },
  restore: { label: 'Restore', verb: 'restore', doing: 'Restoring', done: 'restored' },
  reapply: { label: 'Re-apply', verb: 're-apply', doing: 'Re-applying', done: 're-applied' },
  adopt: { label: 'Adopt', verb: 'adopt', doing: 'Adopting', done: 'adopted' },
  retry: { label: 'Retry', verb: 'retry skipped tasks of', doing: 'Retrying', done: 'retried' },
};

const onProject = (label: string, project: string) => `${label} ${project}`;

/** The other buttons. */
export const buttons = {
  ok: 'OK',
  cancel: 'Cancel',
  help: 'Help',
  whoami: 'Whoami',
  list: 'List',
  show: 'Show',
  showAll: 'Show All',
  showDialog: 'Show Dialog',
  runbook: 'Runbook',
  allLinks: 'All Links',
  precheck: 'Precheck',
  history: 'History',
  skipped: 'Skipped',
  retryAll: 'Retry All',
  /** `Restore Without 1 Task`. */
  restoreWithout: (tasks: number) => `${actions.restore.label} Without ${tasks} ${tasks === 1 ? 'Task' : 'Tasks'}`,
  next: 'Next',
  previous: 'Previous',
  keepPaused: 'Keep Paused',
  /** Of a pause that waits until its project has caught up. */
  pauseNow: 'Pause Now',
  extend: 'Extend',
  extendByHour: 'Extend 1 h',
  restoreNow: 'Restore Now',
  runCommand: 'Run a command…',
  alertPresses: { own: "I've Got It", snooze: 'Snooze 1 h', hand_over: 'Take Over / Give Back' },
  /** The same button where its reader does not have the alert. */
  takeOver: 'Take Over',
  older: 'Older',
  newest: 'Newest',
  /** `Pause orders`. */
  onProject,
  /** `History since 2h`. */
  since: (label: string, time: string) => `${label} since ${time}`,
  /** For a screen reader, which reads these instead of the labels. */
  accessibilityLabels: {
    ok: (question: string) => `OK: ${question}`,
    cancel: 'Cancel: change nothing',
    onProject,
    page: (label: string) => `${label} page`,
    showAll: 'Show all projects with this alert',
    alertPresses: {
      own: "I've Got It: I work on this alert",
      snooze: 'Snooze this alert for 1 hour',
      hand_over: 'Take Over / Give Back: change who has this alert',
    },
    pauseEnd: {
      extend: (project: string) => `Extend the pause of ${project} by 1 hour`,
      keepPaused: (project: string) => `Keep ${project} Paused after the end of its pause`,
    },
    wait: {
      now: (project: string) => `Pause ${project} now, before it has caught up`,
      cancel: (project: string) => `Cancel: do not pause ${project}`,
      cancelAll: 'Cancel: do not pause the projects that wait',
    },
    retryAll: (project: string) => `Retry all skipped tasks of ${project}`,
    retryTask: (task: string) => `Retry task ${task}`,
  },
};

export const operationStates: Readonly<Record<OperationState, string>> = {
  requested: 'waits for OK',
  confirmed: 'waits for a syncbot worker',
  running: 'in progress',
  done: 'done',
  refused: 'refused',
  failed: 'failed',
  cancelled: 'cancelled',
  expired: 'expired',
  superseded: 'replaced by a newer request',
};

export const nothingChanged = 'Nothing was changed.';

export const onlyYouSeeThis = 'Only you can see this';

/** `orders is Paused`. */
export function stateClause(project: string, state: ProjectState): string {
  return `${project} is ${states[state]}`;
}
