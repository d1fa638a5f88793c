import { linkName } from '../../domain/link.ts';
import { hasQueue, isNotConfigured, type LinkObservation, linkLatencyMs } from '../../domain/observation.ts';
import { messages } from '../../messages/catalog.ts';
import { joinDots } from '../../messages/format.ts';
import { type Block, sectionBlock } from './blocks.ts';
import { sectionBudgetChars } from './limits.ts';
import { codeSpan } from './mrkdwn.ts';

/** The JSON of the title, the first block and the line about links that are not shown. */
const frameChars = 400;
/** The JSON of one more block, without its text. */
const blockChars = 100;
/** More than any latency in ms, so that one failure outweighs it. */
const failureWeight = 1e12;

/**
 * The links of a project, one line for each, the worst first. The blocks take at most `maxJsonChars` of JSON; the message
 * contains the number of links that do not fit.
 */
export function linkSections(links: readonly LinkObservation[], maxJsonChars: number): Block[] {
  const lines = [...links].sort((a, b) => severity(b) - severity(a)).map(linkLine);
  const blocks: Block[] = [];
  let text = `*${messages.format.linkCount(links.length)}*`;
  let remainingChars = maxJsonChars - frameChars;
  for (const [index, line] of lines.entries()) {
    remainingChars -= JSON.stringify(line).length + 2;
    if (remainingChars < 0) {
      text += `\n${messages.links.notShown(lines.length - index)}`;
      break;
    }
    if (text.length + line.length > sectionBudgetChars) {
      blocks.push(sectionBlock(text));
      remainingChars -= blockChars;
      text = line;
    } else text += `\n${line}`;
  }
  return [...blocks, sectionBlock(text)];
}

function linkLine(observation: LinkObservation): string {
  const { links } = messages;
  const name = codeSpan(linkName(observation.link), 60);
  if (!hasQueue(observation))
    return joinDots(name, isNotConfigured(observation) ? links.notConfigured : links[observation.kind]);
  const stats = observation.kind === 'read' ? links.stats(observation) : links.unreadable;
  return joinDots(name, observation.paused ? links.paused : links.running, stats);
}

/**
 * Links that do not answer come first, then links without a queue, then unreadable ones, then the most failures, then the
 * highest latency.
 */
function severity(observation: LinkObservation): number {
  if (observation.kind === 'unreachable') return Number.MAX_VALUE;
  if (observation.kind === 'missing') return Number.MAX_VALUE / 2;
  if (observation.kind === 'unreadable') return Number.MAX_VALUE / 4;
  return observation.failuresAfterWatermark * failureWeight + linkLatencyMs(observation);
}
