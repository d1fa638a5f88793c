import { type AlertKind, type Condition, type ConditionOf, sampledLinks } from '../domain/conditions.ts';
import { type HistoryEntry, historyEvents } from '../domain/history.ts';
import { alertKindOf, type HistoryLine, mainEntry } from '../domain/history-lines.ts';
import type { PrecheckItem } from '../domain/precheck.ts';
import type {
  ApplyRefusal,
  ApplyRefusalCode,
  ApplyRefusalOf,
  Refusal,
  RefusalCode,
  RefusalOf,
} from '../domain/refusal.ts';
import { messages } from './catalog.ts';
import type { AlertContext, AlertText, CheckText, HistoryContext, OutcomeFacts, OutcomeText } from './facts.ts';
import type { Formatter } from './format.ts';

/** Finds the sentence of a code or kind in the catalog. The generic functions let the compiler pair sentence and facts. */

export function refusalText(refusal: Refusal, format: Formatter): string {
  const render = <Code extends RefusalCode>(code: Code, facts: RefusalOf<Code>) =>
    messages.refusals[code](facts, format);
  return render(refusal.code, refusal);
}

export function applyRefusalText(refusal: ApplyRefusal, format: Formatter): string {
  const render = <Code extends ApplyRefusalCode>(code: Code, facts: ApplyRefusalOf<Code>) =>
    messages.applyRefusals[code](facts, format);
  return render(refusal.code, refusal);
}

/** A firing alert. */
export function alertText(condition: Condition, context: AlertContext): AlertText {
  const render = <Kind extends AlertKind>(kind: Kind, facts: ConditionOf<Kind>) =>
    messages.alerts.firing[kind](facts, context);
  return render(condition.kind, condition);
}

/** The state of an operation, and what it did. */
export function outcomeText(facts: OutcomeFacts): OutcomeText {
  return messages.outcomes[facts.operation.state](facts);
}

/** A history entry, as it follows the name of the person. */
export function historyText(entry: HistoryEntry, context: HistoryContext): string {
  const event = historyEvents.find((known) => known === entry.event);
  if (event !== undefined) return messages.history.events[event](entry, context);
  return messages.history.unknownEvent(context.format.text(entry.event, 60));
}

/** A line of a history, as it follows its times and the name of the person. */
export function historyLineText(line: HistoryLine, context: HistoryContext): string {
  const { kind, newest, entries, failedAfterMs } = line;
  const main = mainEntry(line);
  if (kind === 'operation') {
    // The text of `requested` has its reason and its place.
    const { reason, channel } = main.event === 'requested' ? { reason: null, channel: null } : main;
    const followed = main === newest ? null : { step: historyText(newest, context), at: newest.at };
    return messages.history.operation(
      { step: historyText(main, context), reason, channel, failedAfterMs, followed },
      context.format,
    );
  }
  const failed = entries.find(({ event }) => event === 'failed');
  const alertKind = alertKindOf(newest);
  const condition = entries.find(({ alert }) => alert?.state === 'firing')?.alert;
  // A line about what a person did has the alert, too.
  const isAlert = kind === 'alert' || failed !== undefined;
  if (isAlert && condition?.state === 'firing' && condition.condition.kind === 'project_failed') {
    const text = messages.history.tasksFailed(condition.condition, context);
    if (text !== null) return text;
  }
  if (kind === 'entry' || alertKind === null || failed !== undefined) return historyText(failed ?? newest, context);
  const firing = entries.filter(({ event }) => event === 'alert_firing');
  const [alert = null] = firing.map((entry) => entry.alert);
  const links = alert?.state === 'firing' ? sampledLinks(alert.condition) : [];
  const isResolved = main.event === 'alert_resolved';
  return messages.history.alert({ kind: alertKind, isResolved, links, firings: firing.length }, context.format);
}

/** What a line of a history says without its links and causes. Null for an operation: a person asked for each one. */
export function historySummary(line: HistoryLine, context: HistoryContext): string | null {
  const { kind, newest } = line;
  if (kind === 'operation') return null;
  const alertKind = alertKindOf(newest);
  if (kind === 'entry' || alertKind === null) return historyText(newest, context);
  const isResolved = mainEntry(line).event === 'alert_resolved';
  return messages.history.alert({ kind: alertKind, isResolved, links: [], firings: 1 }, context.format);
}

export function precheckText(item: PrecheckItem, format: Formatter): CheckText {
  const { title, message } = messages.precheck;
  return { item: title(item, format), result: item.result, message: message(item, format) };
}
