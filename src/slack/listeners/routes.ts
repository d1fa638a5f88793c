import type { App, types } from '@slack/bolt';
import { serializeError } from '../../logging/serialize-error.ts';
import {
  actionIds,
  alertActionIdPattern,
  commandActionIdPattern,
  filterActionIdPattern,
  historyPageActionIdPattern,
  homeFilterActionIdPattern,
  linksPageActionIdPattern,
  messageShortcutId,
  outdatedActionIdPattern,
  pageActionIdPattern,
  projectMenuActionIdPattern,
  requestActionIdPattern,
  runForm,
} from '../contract.ts';
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
import { readRunSubmission } from '../run-form-requests.ts';
import { buildLoadingModal } from '../views/modal.ts';
import { onBatchCancel, onBatchOk, onGoOn, onRestoreThose, onRetryFailed, onStop } from './batch.ts';
import { onCancel, onOk, onShowDialog } from './confirmation.ts';
import { onHomeFilter, onHomeOpened } from './home.ts';
import { createListener, type Listener, type ListenerContext, onOutdatedButton } from './listener.ts';
import { onMessageShortcut } from './message-shortcut.ts';
import {
  onAlertPress,
  onAllLinks,
  onFilter,
  onHistoryPage,
  onKeepPaused,
  onLinksPage,
  onPage,
  onRequestAction,
  onShow,
} from './project-buttons.ts';
import { onChooseProject, onProjectSearch, onRunSubmission, showRunForm } from './run-form.ts';
import { onRestoreWithout, onRestoreWithoutInDialog, onRetry, onRetryAll } from './skipped-tasks.ts';
import { onCommand, onCommandButton, onOtherCommand } from './sync-command.ts';

/** The routing table. Bolt runs every listener that matches, so the last listener of each kind excludes the other names. */
export function registerListeners(app: App, commandName: string, context: ListenerContext): void {
  const command = (run: Listener<CommandRequest>) => createListener(context, { decode: readSlashCommand, run });
  const action = (run: Listener<BlockAction>) => createListener(context, { decode: readBlockAction, run });
  const confirmation = (run: Listener<BlockAction>) =>
    createListener(context, { decode: readBlockAction, run, deduplicate: 'before_refusal' });
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
  app.action(actionIds.ok, confirmation(onOk));
  app.action(actionIds.cancel, confirmation(onCancel));
  app.action(actionIds.batch.ok, confirmation(onBatchOk));
  app.action(actionIds.batch.cancel, confirmation(onBatchCancel));
  app.action(actionIds.batch.retryFailed, action(onRetryFailed));
  app.action(actionIds.batch.restore, action(onRestoreThose));
  app.action(actionIds.batch.goOn, action(onGoOn));
  app.action(actionIds.batch.stop, action(onStop));
  app.action(actionIds.show, action(onShow));
  app.action(actionIds.keepPaused, action(onKeepPaused));
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
  const submission = createListener(context, { decode: readRunSubmission, run: onRunSubmission });
  app.view({ type: 'view_submission', callback_id: runForm.callbackId }, ({ ack, body }) =>
    submission({ ack: () => ack({ response_action: 'update', view: loadingPage(body) }), body }),
  );
  app.options(projectMenuActionIdPattern, ({ ack, body }) => onProjectSearch(context, { ack, body }));
  app.action(outdatedActionIdPattern, action(onOutdatedButton));
  app.error(async (error) => context.log.error({ error: serializeError(error) }, 'Bolt could not handle a request'));
}

/** What the modal shows until it has the answer to a submission. */
function loadingPage(body: unknown): types.ModalView {
  return buildLoadingModal(readRunSubmission(body) ?? { channel: null, threadTs: null });
}

/** Bolt acknowledges events before it calls a listener. */
async function acknowledgedByBolt(): Promise<void> {}

function exceptCommand(command: string): RegExp {
  return new RegExp(`^(?!${command.replace(/[^\w/]/g, '\\$&')}$)`);
}
