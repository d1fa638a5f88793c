import type { ProjectDetails } from '../../application/queries.ts';
import { isAllowed } from '../../domain/lifecycle.ts';
import { type CheckResult, type PrecheckItem, precheckPassed } from '../../domain/precheck.ts';
import type { Project } from '../../domain/project.ts';
import { messages } from '../../messages/catalog.ts';
import { type Formatter, joinDots, type TextContext } from '../../messages/format.ts';
import { blockId } from '../block-ids.ts';
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
  const facts = joinDots(messages.states[project.state], precheck.summary(items, format));
  const canStart = precheckPassed(items) && isAllowed(project.state, 'start') && restriction === null;
  const buttons = [...(canStart ? [requestButton('start', project.id)] : []), showButton(project.id)];
  const sorted = resultOrder.flatMap((result) => items.filter((item) => item.result === result));
  const lines = sorted.map(
    (item) => `${precheck.results[item.result]} · ${precheck.line(item, project.state, format)}`,
  );
  return {
    text: joinDots(project.id, facts),
    blocks: [
      sectionBlock(joinDots(`*${project.id}*`, facts)),
      ...(lines.length === 0 ? [] : [sectionBlock(linesThatFit(lines, sectionBudgetChars))]),
      actionsBlock(blockId('precheck', project.id, now), buttons),
      contextBlock(joinDots(onlyYouSeeThis, precheck.unknownHint)),
      ...(restriction === null ? [] : [contextBlock(restriction)]),
    ],
  };
}

/** How many items pass, and what to do about those that fail. At most about `maxChars`. */
export function precheckSummary(
  { project, precheck: items }: Pick<ProjectDetails, 'project' | 'precheck'>,
  format: Formatter,
  maxChars: number,
): string[] {
  const { precheck } = messages;
  const failed = items
    .filter(({ result }) => result === 'fail')
    .map((item) => precheck.line(item, project.state, format));
  return [`*${precheck.summary(items, format)}*`, ...linesThatFit(failed, maxChars)];
}

/** The lines that fit into `maxChars`. The last line says how many do not fit. */
export function linesThatFit(all: readonly string[], maxChars: number): string[] {
  const { precheck } = messages;
  const lines: string[] = [];
  let remainingChars = maxChars - precheck.more(all.length).length;
  for (const line of all) {
    remainingChars -= line.length + 1;
    if (remainingChars < 0) return [...lines, precheck.more(all.length - lines.length)];
    lines.push(line);
  }
  return lines;
}
