import { isAllowed } from '../../domain/lifecycle.ts';
import { type CheckResult, type PrecheckItem, precheckPassed } from '../../domain/precheck.ts';
import type { Project } from '../../domain/project.ts';
import { messages } from '../../messages/catalog.ts';
import { type Formatter, joinDots, type TextContext } from '../../messages/format.ts';
import { precheckText } from '../../messages/render.ts';
import { blockId } from '../contract.ts';
import { actionsBlock, contextBlock, type Message, requestButton, sectionBlock, showButton } from './blocks.ts';
import { sectionBudgetChars } from './limits.ts';

export interface PrecheckView extends TextContext {
  readonly project: Project;
  readonly items: readonly PrecheckItem[];
  /** Why this person can only look. Null if they may change projects here. */
  readonly restriction: string | null;
}

const resultOrder: readonly CheckResult[] = ['fail', 'unknown', 'pass'];

/** The precheck of a project, one line for each item, failed ones first. */
export function buildPrecheck({ project, items, restriction, format, now }: PrecheckView): Message {
  const { precheck, onlyYouSeeThis } = messages;
  const passed = precheckPassed(items);
  const counts = resultOrder
    .map((result) => ({ result, count: items.filter((item) => item.result === result).length }))
    .filter(({ count }) => count > 0);
  const summary = precheck.summary(passed, counts);
  const canStart = passed && isAllowed(project.state, 'start') && restriction === null;
  const buttons = [...(canStart ? [requestButton('start', project.id)] : []), showButton(project.id)];
  return {
    text: joinDots(project.id, messages.states[project.state], summary),
    blocks: [
      sectionBlock(joinDots(`*${project.id}*`, messages.states[project.state], summary)),
      sectionBlock(precheckLines(items, format)),
      actionsBlock(blockId('precheck', project.id, now), buttons),
      contextBlock(joinDots(onlyYouSeeThis, precheck.unknownHint)),
      ...(restriction === null ? [] : [contextBlock(restriction)]),
    ],
  };
}

/** The items that fit into `maxChars`, failed ones first. The last line says how many do not fit. */
export function precheckLines(
  items: readonly PrecheckItem[],
  format: Formatter,
  maxChars = sectionBudgetChars,
): string[] {
  const { precheck } = messages;
  if (items.length === 0) return [precheck.empty];
  const sorted = resultOrder.flatMap((result) => items.filter((item) => item.result === result));
  const lines: string[] = [];
  let remainingChars = maxChars - precheck.more(sorted.length).length;
  for (const item of sorted) {
    const line = itemLine(item, format);
    remainingChars -= line.length + 1;
    if (remainingChars < 0) return [...lines, precheck.more(sorted.length - lines.length)];
    lines.push(line);
  }
  return lines;
}

function itemLine(item: PrecheckItem, format: Formatter): string {
  const { item: title, result, message } = precheckText(item, format);
  const label = `${messages.precheck.results[result]} · ${title}`;
  return result === 'pass' ? label : `${label}: ${message}`;
}
