import { type LinkReading, linkBacklog, linkLatencyMs } from '../../domain/observation.ts';
import { linkName } from '../../domain/project.ts';
import { count, dotted, duration, number } from '../../domain/words.ts';
import { type Block, section } from '../blocks.ts';
import { sectionRoom } from '../limits.ts';
import { code } from '../mrkdwn.ts';

/**
 * The links of a project, one compact line each, the worst first, within `budget` characters of JSON over all blocks;
 * the rest is counted, not shown.
 */
export function linkSections(links: readonly LinkReading[], budget: number): Block[] {
  const lines = [...links].sort((a, b) => badness(b) - badness(a)).map(linkLine);
  const heading = `*${count(links.length, 'link')}*`;
  const blocks: Block[] = [];
  let text = heading;
  let left = budget - 400;
  for (const [index, line] of lines.entries()) {
    left -= JSON.stringify(line).length + 2;
    if (left < 0) {
      text += `\n${count(lines.length - index, 'more link')} not shown, none of them worse`;
      break;
    }
    if (text.length + line.length > sectionRoom) {
      blocks.push(section(text));
      left -= 100;
      text = line;
    } else text += `\n${line}`;
  }
  return [...blocks, section(text)];
}

/** One link as a person needs it: what is zero is left out, what could not be read is said to be unknown. */
function linkLine(reading: LinkReading): string {
  const name = code(linkName(reading.link), 60);
  if (reading.kind === 'unreachable') return `${name} · not reachable, figures unknown`;
  if (reading.kind === 'missing') return `${name} · no such queue`;
  const { paused, active, delayed, failed, prioritized, waiting } = reading;
  const figures = dotted(
    figure(waiting + prioritized, 'waiting'),
    figure(active, 'active'),
    figure(delayed, 'delayed'),
    figure(failed, 'failed'),
    linkBacklog(reading) > 0 ? `latency ${duration(linkLatencyMs(reading))}` : null,
  );
  return dotted(name, paused ? 'paused' : 'running', figures === '' ? 'nothing to do' : figures);
}

function figure(n: number, word: string): string | null {
  return n === 0 ? null : `${number(n)} ${word}`;
}

function badness(reading: LinkReading): number {
  if (reading.kind === 'unreachable') return Number.MAX_VALUE;
  if (reading.kind === 'missing') return Number.MAX_VALUE / 2;
  return reading.failuresAfterWatermark * 1e12 + linkLatencyMs(reading);
}
