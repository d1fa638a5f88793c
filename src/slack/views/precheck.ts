import { decide } from '../../domain/lifecycle.ts';
import { precheckPassed } from '../../domain/precheck.ts';
import type { Project } from '../../domain/project.ts';
import type { PrecheckItem } from '../../domain/refusal.ts';
import { blockId } from '../contract.ts';
import { actionsBlock, contextBlock, type Message, requestButton, sectionBlock, showButton } from './blocks.ts';
import type { ViewContext } from './context.ts';
import { safeText } from './mrkdwn.ts';

export interface PrecheckView extends ViewContext {
  readonly project: Project;
  readonly items: readonly PrecheckItem[];
}

const resultOrder: readonly PrecheckItem['result'][] = ['fail', 'unknown', 'pass'];

/** What must hold before a project may be started, item by item, what failed first. */
export function buildPrecheck({ project, items, now }: PrecheckView): Message {
  const passed = precheckPassed(items);
  const resultPhrase = passed ? 'passed its precheck' : 'did not pass its precheck';
  const counts = resultOrder
    .map((result) => ({ result, itemCount: items.filter((item) => item.result === result).length }))
    .filter(({ itemCount }) => itemCount > 0)
    .map(({ result, itemCount }) => `${itemCount} ${result}`)
    .join(', ');
  const canStart = passed && decide(project.state, 'start').kind === 'allowed';
  const buttons = [...(canStart ? [requestButton('start', project.id)] : []), showButton(project.id)];
  return {
    text: `${project.id} ${resultPhrase}: ${counts}`,
    blocks: [
      sectionBlock(`*${project.id}* ${resultPhrase}: ${counts}`),
      sectionBlock(precheckLines(items, 20)),
      actionsBlock(blockId('precheck', project.id, now), buttons),
      contextBlock('Only you can see this · what is unknown does not keep a project from being started'),
    ],
  };
}

/** One line an item, what failed first; at most `max`, the rest counted. */
export function precheckLines(items: readonly PrecheckItem[], maxLines: number): string[] {
  const sorted = resultOrder.flatMap((result) => items.filter((item) => item.result === result));
  const lines = sorted.slice(0, maxLines).map(itemLine);
  const remaining = sorted.length - lines.length;
  return remaining > 0
    ? [...lines, `and ${remaining} more, none of them worse`]
    : lines.length === 0
      ? ['nothing to check']
      : lines;
}

const resultLabels: Readonly<Record<PrecheckItem['result'], string>> = {
  fail: 'Fail',
  unknown: 'Unknown',
  pass: 'Pass',
};

function itemLine({ item, result, message }: PrecheckItem): string {
  const label = safeText(item, 60);
  if (result === 'pass' || message === '') return `${resultLabels[result]} · ${label}`;
  return `${resultLabels[result]} · ${label}: ${safeText(message, 200)}`;
}
