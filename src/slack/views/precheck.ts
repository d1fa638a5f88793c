import { decide } from '../../domain/lifecycle.ts';
import { precheckPassed } from '../../domain/precheck.ts';
import type { Project } from '../../domain/project.ts';
import type { PrecheckItem } from '../../domain/refusal.ts';
import { actionsRow, askButton, context, type Message, section, showButton } from '../blocks.ts';
import { blockId } from '../contract.ts';
import { safeText } from '../mrkdwn.ts';
import type { Scene } from './phrases.ts';

export interface PrecheckView extends Scene {
  readonly project: Project;
  readonly items: readonly PrecheckItem[];
}

const order: readonly PrecheckItem['result'][] = ['fail', 'unknown', 'pass'];

/** What must hold before a project may be started, item by item, what failed first. */
export function buildPrecheck({ project, items, now }: PrecheckView): Message {
  const passed = precheckPassed(items);
  const verdict = passed ? 'passed its precheck' : 'did not pass its precheck';
  const counts = order
    .map((result) => ({ result, found: items.filter((item) => item.result === result).length }))
    .filter(({ found }) => found > 0)
    .map(({ result, found }) => `${found} ${result}`)
    .join(', ');
  const startable = passed && decide(project.state, 'start').kind === 'allowed';
  const buttons = [...(startable ? [askButton('start', project.id)] : []), showButton(project.id)];
  return {
    text: `${project.id} ${verdict}: ${counts}`,
    blocks: [
      section(`*${project.id}* ${verdict}: ${counts}`),
      section(precheckLines(items, 20)),
      actionsRow(blockId('precheck', project.id, now), buttons),
      context('Only you can see this · what is unknown does not keep a project from being started'),
    ],
  };
}

/** One line an item, what failed first; at most `max`, the rest counted. */
export function precheckLines(items: readonly PrecheckItem[], max: number): string[] {
  const sorted = order.flatMap((result) => items.filter((item) => item.result === result));
  const lines = sorted.slice(0, max).map(itemLine);
  const more = sorted.length - lines.length;
  return more > 0
    ? [...lines, `and ${more} more, none of them worse`]
    : lines.length === 0
      ? ['nothing to check']
      : lines;
}

const words: Readonly<Record<PrecheckItem['result'], string>> = { fail: 'Fail', unknown: 'Unknown', pass: 'Pass' };

function itemLine({ item, result, message }: PrecheckItem): string {
  const what = safeText(item, 60);
  if (result === 'pass' || message === '') return `${words[result]} · ${what}`;
  return `${words[result]} · ${what}: ${safeText(message, 200)}`;
}
