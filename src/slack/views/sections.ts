import { type Block, sectionBlock } from './blocks.ts';
import { sectionBudgetChars } from './limits.ts';

/** Puts lines into as few sections as possible. */
export function splitIntoSections(lines: readonly string[]): Block[] {
  const texts: string[] = [];
  for (const line of lines) {
    const last = texts.at(-1);
    if (last === undefined || last.length + line.length >= sectionBudgetChars) texts.push(line);
    else texts[texts.length - 1] = `${last}\n${line}`;
  }
  return texts.map((text) => sectionBlock(text));
}
