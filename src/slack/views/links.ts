import { type LinkObservation, linkBacklog, linkLatencyMs } from '../../domain/observation.ts';
import { linkName } from '../../domain/project.ts';
import { formatDuration, formatNumber, joinDots, pluralize } from '../../messages/format.ts';
import { type Block, sectionBlock } from './blocks.ts';
import { sectionBudgetChars } from './limits.ts';
import { codeSpan } from './mrkdwn.ts';

/**
 * The links of a project, one compact line each, the worst first, within `budget` characters of JSON over all blocks;
 * the rest is counted, not shown.
 */
export function linkSections(links: readonly LinkObservation[], maxJsonChars: number): Block[] {
  const lines = [...links].sort((a, b) => severity(b) - severity(a)).map(linkLine);
  const heading = `*${pluralize(links.length, 'link')}*`;
  const blocks: Block[] = [];
  let text = heading;
  let remainingChars = maxJsonChars - 400;
  for (const [index, line] of lines.entries()) {
    remainingChars -= JSON.stringify(line).length + 2;
    if (remainingChars < 0) {
      text += `\n${pluralize(lines.length - index, 'more link')} not shown, none of them worse`;
      break;
    }
    if (text.length + line.length > sectionBudgetChars) {
      blocks.push(sectionBlock(text));
      remainingChars -= 100;
      text = line;
    } else text += `\n${line}`;
  }
  return [...blocks, sectionBlock(text)];
}

/** One link as a person needs it: what is zero is left out, what could not be read is said to be unknown. */
function linkLine(observation: LinkObservation): string {
  const name = codeSpan(linkName(observation.link), 60);
  if (observation.kind === 'unreachable') return `${name} · not reachable, figures unknown`;
  if (observation.kind === 'missing') return `${name} · no such queue`;
  const { paused, active, delayed, failed, prioritized, waiting } = observation;
  const stats = joinDots(
    statPhrase(waiting + prioritized, 'waiting'),
    statPhrase(active, 'active'),
    statPhrase(delayed, 'delayed'),
    statPhrase(failed, 'failed'),
    linkBacklog(observation) > 0 ? `latency ${formatDuration(linkLatencyMs(observation))}` : null,
  );
  return joinDots(name, paused ? 'paused' : 'running', stats === '' ? 'nothing to do' : stats);
}

function statPhrase(value: number, label: string): string | null {
  return value === 0 ? null : `${formatNumber(value)} ${label}`;
}

function severity(observation: LinkObservation): number {
  if (observation.kind === 'unreachable') return Number.MAX_VALUE;
  if (observation.kind === 'missing') return Number.MAX_VALUE / 2;
  return observation.failuresAfterWatermark * 1e12 + linkLatencyMs(observation);
}
