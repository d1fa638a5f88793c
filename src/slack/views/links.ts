import { linkName } from '../../domain/link.ts';
import { type LinkObservation, linkLatencyMs } from '../../domain/observation.ts';
import { messages } from '../../messages/catalog.ts';
import { joinDots } from '../../messages/format.ts';
import { type Block, sectionBlock } from './blocks.ts';
import { sectionBudgetChars } from './limits.ts';
import { codeSpan } from './mrkdwn.ts';

/**
 * The links of a project, one line for each, the worst first. The blocks take at most `maxJsonChars` of JSON; the message
 * says how many links do not fit.
 */
export function linkSections(links: readonly LinkObservation[], maxJsonChars: number): Block[] {
  const lines = [...links].sort((a, b) => severity(b) - severity(a)).map(linkLine);
  const blocks: Block[] = [];
  let text = `*${messages.format.linkCount(links.length)}*`;
  let remainingChars = maxJsonChars - 400;
  for (const [index, line] of lines.entries()) {
    remainingChars -= JSON.stringify(line).length + 2;
    if (remainingChars < 0) {
      text += `\n${messages.links.notShown(lines.length - index)}`;
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

function linkLine(observation: LinkObservation): string {
  const { links } = messages;
  const name = codeSpan(linkName(observation.link), 60);
  if (observation.kind !== 'read') return joinDots(name, links[observation.kind]);
  return joinDots(name, observation.paused ? links.paused : links.running, links.stats(observation));
}

function severity(observation: LinkObservation): number {
  if (observation.kind === 'unreachable') return Number.MAX_VALUE;
  if (observation.kind === 'missing') return Number.MAX_VALUE / 2;
  return observation.failuresAfterWatermark * 1e12 + linkLatencyMs(observation);
}
