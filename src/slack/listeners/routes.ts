import type { App, SlackViewMiddlewareArgs, ViewSubmitAction } from '@slack/bolt';
import { serializeError } from '../../logging/serialize-error.ts';
import {
  actionIds,
  alertActionIdPattern,
  commandActionIdPattern,
  confirmationCallbackId,
  filterActionIdPattern,
  historyPageActionIdPattern,
  homeFilterActionIdPattern,
  linksPageActionIdPattern,
  messageShortcutId,
  outdatedActionIdPattern,
  pageActionIdPattern,
  projectMenuActionIdPattern,
  requestActionIdPattern,
} from '../action-ids.ts';
import {
  type ConfirmationPress,
  type RunSubmission,
  readConfirmationClosed,
  readConfirmationSubmission,
  readRunSubmission,
} from '../modal-requests.ts';
import {
  type BlockAction,
  type CommandRequest,
  readAppMention,
  readBlockAction,
  readHomeChoice,
  readHomeOpened,
  readMessageShortcut,
  readSlashCommand,
  readSyncCommand,
} from '../requests.ts';
import { runForm } from '../run-form-ids.ts';
import {
  onBatchCancel,
  onBatchOk,
  onCancelWaits,
  onGoOn,
  onRestoreThose,
  onRetryFailed,
  onShowBatchDialog,
  onStop,
} from './batch.ts';
import { onCancel, onOk, onShowDialog } from './confirmation.ts';
import { onHomeFilter, onHomeOpened } from './home.ts';
import { createListener, type Listener, type ListenerContext, onOutdatedButton } from './listener.ts';
import { onMessageShortcut } from './message-shortcut.ts';
import { acknowledgeOk, onModalClosed, onOkInModal } from './modal-answers.ts';
import {
  onAlertPress,
  onAllLinks,
  onExtendPause,
  onFilter,
  onHistoryPage,
  onKeepPaused,
  onKeepPausedBeyondEnd,
  onLinksPage,
  onPage,
  onRequestAction,
  onShow,
  onWaitPress,
} from './project-buttons.ts';
import { onChooseProject, onProjectSearch, showRunForm } from './run-form.ts';
import { acknowledgeSubmission, onRunSubmission, onShowSubmission } from './run-submission.ts';
import { onRestoreWithout, onRestoreWithoutInDialog, onRetry, onRetryAll } from './skipped-tasks.ts';
import { onCommand, onCommandButton, onOtherCommand } from './sync-command.ts';

/** The routing table. Bolt runs every listener that matches, so the last listener of each kind excludes the other names. */
export function registerListeners(app: App, commandName: string, context: ListenerContext): void {
  const command = (run: Listener<CommandRequest>) => createListener(context, { decode: readSlashCommand, run });
  const action = (run: Listener<BlockAction>) => createListener(context, { decode: readBlockAction, run });
  const confirmation = <Press extends ConfirmationPress>(
    decode: (body: unknown) => Press | null,
    run: Listener<ConfirmationPress>,
  ) => createListener(context, { decode, run, deduplicate: 'before_refusal' });
  app.command(commandName, createListener(context, { decode: readSyncCommand, run: onCommand }));
  app.command(exceptCommand(commandName), command(onOtherCommand));
  const mention = createListener(context, { decode: readAppMention, run: onCommand });
  app.event('app_mention', ({ body }) => mention({ ack: acknowledgedByBolt, body }));
  const homeOpened = createListener(context, { decode: readHomeOpened, run: onHomeOpened });
  app.event('app_home_opened', async ({ body, event }) => {
    if (event.tab === 'home') await homeOpened({ ack: acknowledgedByBolt, body });
  });
  const shortcut = createListener(context, { decode: readMessageShortcut, run: onMessageShortcut });
  app.shortcut({ type: 'message_action', callback_id: messageShortcutId }, shortcut);
  app.action(actionIds.ok, confirmation(readBlockAction, onOk));
  app.action(actionIds.cancel, confirmation(readBlockAction, onCancel));
  app.action(actionIds.batch.ok, confirmation(readBlockAction, onBatchOk));
  app.action(actionIds.batch.cancel, confirmation(readBlockAction, onBatchCancel));
  app.action(actionIds.batch.retryFailed, action(onRetryFailed));
  app.action(actionIds.batch.restore, action(onRestoreThose));
  app.action(actionIds.batch.goOn, action(onGoOn));
  app.action(actionIds.batch.stop, action(onStop));
  app.action(actionIds.batch.cancelWaits, action(onCancelWaits));
  app.action(actionIds.batch.showDialog, action(onShowBatchDialog));
  app.action(actionIds.show, action(onShow));
  app.action(actionIds.keepPaused, action(onKeepPaused));
  app.action(actionIds.pauseEnd.extend, action(onExtendPause));
  app.action(actionIds.pauseEnd.keep, action(onKeepPausedBeyondEnd));
  app.action(actionIds.wait.now, action(onWaitPress));
  app.action(actionIds.wait.cancel, action(onWaitPress));
  app.action(alertActionIdPattern, action(onAlertPress));
  // Slack opens the URL by itself.
  app.action(actionIds.runbook, ({ ack }) => ack());
  app.action(requestActionIdPattern, action(onRequestAction));
  app.action(actionIds.restoreWithout.alert, action(onRestoreWithout));
  app.action(actionIds.restoreWithout.dialog, action(onRestoreWithoutInDialog));
  app.action(actionIds.retry.one, action(onRetry));
  app.action(actionIds.retry.all, action(onRetryAll));
  app.action(pageActionIdPattern, action(onPage));
  app.action(filterActionIdPattern, action(onFilter));
  app.action(homeFilterActionIdPattern, createListener(context, { decode: readHomeChoice, run: onHomeFilter }));
  app.action(actionIds.showDialog, action(onShowDialog));
  app.action(historyPageActionIdPattern, action(onHistoryPage));
  app.action(actionIds.links.all, action(onAllLinks));
  app.action(linksPageActionIdPattern, action(onLinksPage));
  app.action(commandActionIdPattern, action(onCommandButton));
  app.action(actionIds.run.open, action(showRunForm));
  app.action(actionIds.run.project, action(onChooseProject));
  const submission = (run: Listener<RunSubmission>) => {
    const listener = createListener(context, { decode: readRunSubmission, run });
    return ({ ack, body }: SubmissionArgs) => listener({ ack: () => ack(acknowledgeSubmission(body)), body });
  };
  app.view({ type: 'view_submission', callback_id: runForm.callbackId }, submission(onRunSubmission));
  app.view({ type: 'view_submission', callback_id: runForm.showCallbackId }, submission(onShowSubmission));
  const okInModal = confirmation(readConfirmationSubmission, onOkInModal);
  app.view({ type: 'view_submission', callback_id: confirmationCallbackId }, ({ ack, body }) =>
    okInModal({ ack: () => ack(acknowledgeOk(body)), body }),
  );
  const modalClosed = confirmation(readConfirmationClosed, onModalClosed);
  app.view({ type: 'view_closed', callback_id: confirmationCallbackId }, ({ ack, body }) => modalClosed({ ack, body }));
  app.options(projectMenuActionIdPattern, ({ ack, body }) => onProjectSearch(context, { ack, body }));
  app.action(outdatedActionIdPattern, action(onOutdatedButton));
  app.error(async (error) => context.log.error({ error: serializeError(error) }, 'Bolt could not handle a request'));
}

type SubmissionArgs = Pick<SlackViewMiddlewareArgs<ViewSubmitAction>, 'ack' | 'body'>;

/** Bolt acknowledges events before it calls a listener. */
async function acknowledgedByBolt(): Promise<void> {}

function exceptCommand(command: string): RegExp {
  return new RegExp(`^(?!${command.replace(/[^\w/]/g, '\\$&')}$)`);
}
