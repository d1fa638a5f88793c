import { type AlertPress, alertPresses } from '../domain/alert-press.ts';
import { type ProjectOperationKind, projectOperationKinds } from '../domain/lifecycle.ts';

/**
 * The ids of the buttons and menus. A message stays in Slack for ever, so an id carries a version: a press of an outdated id is
 * answered with "older version".
 */
export const actionIds = {
  ok: 'sync:v1:ok',
  cancel: 'sync:v1:cancel',
  show: 'sync:v1:show',
  keepPaused: 'sync:v1:keep-paused',
  /** The end of a pause: moves it by an hour, or removes it. */
  pauseEnd: { extend: 'sync:v1:pause-end:extend', keep: 'sync:v1:pause-end:keep' },
  /** A pause that waits until its project has caught up: begins it, or cancels it. */
  wait: { now: 'sync:v1:wait:now', cancel: 'sync:v1:wait:cancel' },
  alert: { own: 'sync:v1:alert:own', snooze: 'sync:v1:alert:snooze', hand_over: 'sync:v1:alert:hand-over' },
  /** Opens a URL. Slack also sends the press. */
  runbook: 'sync:v1:runbook',
  request: {
    start: 'sync:v1:request:start',
    pause: 'sync:v1:request:pause',
    restore: 'sync:v1:request:restore',
    reapply: 'sync:v1:request:reapply',
    adopt: 'sync:v1:request:adopt',
  },
  /** A restore that leaves out tasks: a button of an alert, and one of the dialog of a restore. */
  restoreWithout: { alert: 'sync:v1:restore-without', dialog: 'sync:v1:dialog:restore-without' },
  retry: { one: 'sync:v1:retry:one', all: 'sync:v1:retry:all' },
  page: { next: 'sync:v1:page:next', previous: 'sync:v1:page:previous' },
  /** The selects of the list. The value of an option is a filter. */
  filter: { state: 'sync:v1:list:state', label: 'sync:v1:list:label' },
  /** The same selects in Home. */
  homeFilter: { state: 'sync:v1:home:state', label: 'sync:v1:home:label' },
  /** The dialog and the message of a batch. */
  batch: {
    ok: 'sync:v1:batch:ok',
    cancel: 'sync:v1:batch:cancel',
    retryFailed: 'sync:v1:batch:retry-failed',
    restore: 'sync:v1:batch:restore',
    goOn: 'sync:v1:batch:go-on',
    stop: 'sync:v1:batch:stop',
    /** Cancels the pauses that wait until their projects have caught up. */
    cancelWaits: 'sync:v1:batch:cancel-waits',
    showDialog: 'sync:v1:batch:show-dialog',
  },
  /** Shows an open dialog again. */
  showDialog: 'sync:v1:show-dialog',
  historyPage: { older: 'sync:v1:history:older', newest: 'sync:v1:history:newest' },
  links: { all: 'sync:v1:links:all', next: 'sync:v1:links:next', previous: 'sync:v1:links:previous' },
  /** The form of `/sync` without a command: the button that opens it, and the menu of projects. */
  run: { open: 'sync:v1:run:open', project: 'sync:v1:run:project' },
  /** Buttons that run a command. Slack refuses an action id that is twice in a block. */
  commands: Array.from({ length: 10 }, (_button, index) => commandActionId(index)),
} as const;

/** Every action id that has a listener. */
export const handledActionIds: readonly string[] = [
  actionIds.ok,
  actionIds.cancel,
  actionIds.show,
  actionIds.keepPaused,
  ...Object.values(actionIds.pauseEnd),
  ...Object.values(actionIds.wait),
  actionIds.runbook,
  ...Object.values(actionIds.alert),
  ...Object.values(actionIds.request),
  ...Object.values(actionIds.restoreWithout),
  ...Object.values(actionIds.retry),
  ...Object.values(actionIds.page),
  ...Object.values(actionIds.filter),
  ...Object.values(actionIds.homeFilter),
  ...Object.values(actionIds.batch),
  actionIds.showDialog,
  ...Object.values(actionIds.historyPage),
  ...Object.values(actionIds.links),
  ...Object.values(actionIds.run),
  ...actionIds.commands,
];

/** Matches every action id without a listener. Bolt runs all listeners that match. */
export const outdatedActionIdPattern = new RegExp(`^(?!(?:${handledActionIds.join('|')})$)`, 's');
export const requestActionIdPattern = new RegExp(`^(?:${Object.values(actionIds.request).join('|')})$`);
export const alertActionIdPattern = new RegExp(`^(?:${Object.values(actionIds.alert).join('|')})$`);
export const pageActionIdPattern = new RegExp(`^(?:${Object.values(actionIds.page).join('|')})$`);
export const filterActionIdPattern = new RegExp(`^(?:${Object.values(actionIds.filter).join('|')})$`);
export const commandActionIdPattern = new RegExp(`^(?:${actionIds.commands.join('|')})$`);
/** The menus of projects. In one of them the choice shows the project. */
export const projectMenuActionIdPattern = new RegExp(`^(?:${actionIds.run.project}|${actionIds.show})$`);
export const homeFilterActionIdPattern = new RegExp(`^(?:${Object.values(actionIds.homeFilter).join('|')})$`);
export const linksPageActionIdPattern = new RegExp(`^(?:${actionIds.links.next}|${actionIds.links.previous})$`);
export const historyPageActionIdPattern = new RegExp(`^(?:${Object.values(actionIds.historyPage).join('|')})$`);

/** The action id of the button with this number in a message that suggests commands. */
export function commandActionId(index: number): string {
  return `sync:v1:command:${index}`;
}

/** Returns the operation kind of a request button's action id, or null. */
export function readOperationKind(actionId: string): ProjectOperationKind | null {
  return projectOperationKinds.find((kind) => actionIds.request[kind] === actionId) ?? null;
}

/** Returns what a button of an alert does, by its action id, or null. */
export function readAlertPress(actionId: string): AlertPress | null {
  return alertPresses.find((press) => actionIds.alert[press] === actionId) ?? null;
}

/** The callback id of a confirmation in a modal. */
export const confirmationCallbackId = 'sync:v1:confirmation';

/** The callback id of the message shortcut in `manifest.yml`. */
export const messageShortcutId = 'sync:v1:message';
