import type { types } from '@slack/bolt';
import type { RequestedBatch } from '../../application/request-batch.ts';
import {
  type Batch,
  countItems,
  doneItems,
  failedItems,
  partFor,
  type RefusedItem,
  unchangedItems,
} from '../../domain/batch.ts';
import type { Action } from '../../domain/lifecycle.ts';
import { messages } from '../../messages/catalog.ts';
import type { BatchFacts } from '../../messages/facts.ts';
import { type Formatter, joinDots } from '../../messages/format.ts';
import { actionIds } from '../action-ids.ts';
import { blockId } from '../block-ids.ts';
import type { ModalOrigin } from '../modal-metadata.ts';
import {
  actionsBlock,
  type Button,
  button,
  contextBlock,
  type Message,
  messageWithButtons,
  sectionBlock,
  textMessage,
} from './blocks.ts';
import { sectionBudgetChars } from './limits.ts';
import { confirmationPage } from './modal.ts';
import { truncateMrkdwn } from './mrkdwn.ts';

/** How many projects a message names with a line each. */
const maxLines = 10;
/** How many projects the dialog names. */
const maxNames = 30;

export interface BatchDialogView extends RequestedBatch {
  /** The batches that the selection names. */
  readonly earlier: readonly Batch[];
  readonly format: Formatter;
}

/** The OK/Cancel dialog of a batch. Only the requester sees it. */
export function buildBatchDialog(view: BatchDialogView): Message {
  return buildDialog(view, answerButtons(view));
}

/** The same dialog as the page of a modal. */
export function buildBatchPage(view: BatchDialogView, origin: ModalOrigin): types.ModalView {
  return confirmationPage(buildDialog(view, []), origin, view.batch.id);
}

function buildDialog(view: BatchDialogView, buttons: Button[]): Message {
  const { batch, earlier, links, backlog, latencyMs, logEnds, format } = view;
  const { batch: texts, confirmation, format: formats, onlyYouSeeThis } = messages;
  const facts = { ...batch, links };
  const question = texts.question(facts);
  const reason = formats.reason(batch.reason, format);
  const details = [
    texts.inWaves(facts),
    texts.plannedEnd(batch.items, format),
    texts.endsTooLate(logEnds, format),
    texts.restoreBefore(logEnds, format),
  ].filter((line) => line !== null);
  const refused = refusedLines(batch.refused, format);
  const names = batch.items.slice(0, maxNames).map(({ project }) => project);
  const hidden = batch.items.length - names.length;
  return {
    text: joinDots(
      texts.headline(facts),
      texts.allowed(facts),
      confirmation.answerBefore(format.time(batch.expiresAt)),
    ),
    blocks: [
      sectionBlock([`*${question}?*`, texts.effect(facts), ...details]),
      sectionBlock(
        joinDots(
          texts.allowed(facts),
          formats.linkCount(links),
          formats.backlog({ backlog }),
          formats.latency({ latencyMs }),
        ),
      ),
      sectionBlock([names.join(', '), ...(hidden > 0 ? [messages.format.more(hidden)] : [])]),
      ...(refused.length === 0
        ? []
        : [sectionBlock(truncateMrkdwn([texts.leftOutTitle, ...refused].join('\n'), sectionBudgetChars))]),
      ...(reason === null ? [] : [sectionBlock(confirmation.reason(reason))]),
      ...(buttons.length === 0 ? [] : [actionsBlock(blockId('batch', batch.id), buttons)]),
      contextBlock(
        joinDots(
          onlyYouSeeThis,
          confirmation.requestedBy(format.person(batch.by)),
          texts.selected(batch.selection, earlier, format),
          confirmation.expires(format.at(batch.expiresAt)),
        ),
      ),
    ],
  };
}

function answerButtons({ batch, links }: BatchDialogView): Button[] {
  const { ok, cancel, accessibilityLabels } = messages.buttons;
  return [
    button({
      label: ok,
      actionId: actionIds.batch.ok,
      value: batch.id,
      primary: true,
      accessibilityLabel: accessibilityLabels.ok(messages.batch.question({ ...batch, links })),
    }),
    button({
      label: cancel,
      actionId: actionIds.batch.cancel,
      value: batch.id,
      accessibilityLabel: accessibilityLabels.cancel,
    }),
  ];
}

/** No project of the selection can be changed: why. */
export function buildNoneAllowed(
  { action, refused }: { readonly action: Action; readonly refused: readonly RefusedItem[] },
  format: Formatter,
): Message {
  const lines = [messages.batch.noneAllowed({ action, refused }), ...refusedLines(refused, format)];
  return textMessage(truncateMrkdwn(lines.join('\n'), sectionBudgetChars));
}

export interface BatchView {
  readonly batch: Batch;
  /** The channel of the message: it shows all projects, or only those of this channel. Null for all. */
  readonly channel: string | null;
  readonly format: Formatter;
}

/** The message of a batch in a channel. When the batch has ended it stays true for ever. */
export function buildBatch({ batch, channel, format }: BatchView): Message {
  const texts = messages.batch;
  const part = channel === null ? batch : partFor(batch, channel);
  const facts: BatchFacts = { batch, items: part.items, refused: part.refused, format };
  const failed = failedItems({ ...batch, items: part.items });
  const lines = failed.slice(0, maxLines).flatMap((item) => {
    const result = batch.results[item.project];
    return result === undefined ? [] : [texts.failedLine(item, result, facts)];
  });
  const hidden = failed.length - lines.length;
  const { waiting } = countItems(batch, part.items);
  const hasEnded = batch.state === 'done';
  const plannedEnd = texts.plannedEndNow(facts);
  const changes = [texts.changedSince(facts), texts.failedLater(facts)].filter((line) => line !== null);
  const text = [
    joinDots(texts.state(facts), texts.attribution(facts)),
    ...lines,
    ...(hidden > 0 ? [messages.format.more(hidden)] : []),
    ...(plannedEnd === null ? [] : [plannedEnd]),
    ...(batch.state === 'confirmed' && batch.catchingUp !== null
      ? [messages.catchUp.catchingUp(batch.catchingUp, format)]
      : []),
    ...(batch.state === 'confirmed' && batch.unclaimed !== null ? [texts.unclaimed(batch.unclaimed, format)] : []),
    ...changes,
    ...(hasEnded && waiting > 0 ? [texts.notBegun(waiting, facts)] : []),
    ...(part.refused.length > 0 ? [texts.leftOut(facts)] : []),
    ...(batch.state === 'stopped' ? [texts.stoppedAdvice(countItems(batch).waiting)] : []),
  ];
  return messageWithButtons(
    truncateMrkdwn(text.join('\n'), sectionBudgetChars),
    `batch:${batch.id}:${batch.version}`,
    buttonsFor(batch),
  );
}

/** One line for the requester, in place of the dialog, when the message in `channel` has the whole outcome. */
export function buildBatchSummary({ batch, channel, format }: BatchView & { readonly channel: string }): Message {
  const { batch: texts } = messages;
  const state = texts.state({ batch, items: batch.items, refused: batch.refused, format });
  return textMessage(joinDots(state, texts.seeMessage(format.channel(channel))));
}

/** A reply that mentions the requester: how a batch ended whose pauses waited until their projects had caught up. */
export function buildBatchReply({ batch, format }: Omit<BatchView, 'channel'>): Message {
  const state = messages.batch.state({ batch, items: batch.items, refused: batch.refused, format });
  return textMessage(joinDots(format.person(batch.by), state));
}

/** Another person's answer was first, or the batch has ended. */
export function buildNotStopped({ batch, format }: Omit<BatchView, 'channel'>): Message {
  return textMessage(messages.batch.notStopped({ batch, items: batch.items, refused: batch.refused, format }));
}

/** Cancel, after the last one of its pauses has ended to wait. */
export function buildNoneWaits({ batch, format }: Omit<BatchView, 'channel'>): Message {
  return textMessage(messages.batch.noneWaits({ batch, items: batch.items, refused: batch.refused, format }));
}

function refusedLines(refused: readonly RefusedItem[], format: Formatter): string[] {
  const { batch: texts } = messages;
  const lines = refused.slice(0, maxLines).map((item) => texts.refusedLine(item, format));
  return refused.length > lines.length ? [...lines, messages.format.more(refused.length - lines.length)] : lines;
}

/** They concern the whole batch, also in the channel of one project. */
function buttonsFor(batch: Batch): Button[] {
  const { batch: texts } = messages;
  const batchButton = (label: string, actionId: string) =>
    button({ label, actionId, value: batch.id, accessibilityLabel: label });
  if (batch.state === 'stopped')
    return [batchButton(texts.goOn, actionIds.batch.goOn), batchButton(texts.stop, actionIds.batch.stop)];
  if (batch.state === 'confirmed') return batch.catchingUp === null ? [] : [cancelWaitsButton(batch)];
  if (batch.state !== 'done') return [];
  const done = unchangedItems(batch, doneItems(batch)).length;
  const failed = unchangedItems(batch, failedItems(batch)).length;
  return [
    ...(failed > 0 ? [batchButton(texts.retryFailed, actionIds.batch.retryFailed)] : []),
    ...(batch.action === 'pause' && done > 0 ? [batchButton(texts.restoreThose(done), actionIds.batch.restore)] : []),
  ];
}

function cancelWaitsButton({ id }: Batch): Button {
  const { cancel, accessibilityLabels } = messages.buttons;
  const accessibilityLabel = accessibilityLabels.wait.cancelAll;
  return button({ label: cancel, actionId: actionIds.batch.cancelWaits, value: id, accessibilityLabel });
}
