import type { AlertKind, Condition, ConditionOf } from '../domain/conditions.ts';
import { type HistoryEntry, historyEvents } from '../domain/history.ts';
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

export function precheckText(item: PrecheckItem, format: Formatter): CheckText {
  const { title, message } = messages.precheck;
  return { item: title(item, format), result: item.result, message: message(item, format) };
}
