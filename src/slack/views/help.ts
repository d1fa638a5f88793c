import { messages } from '../../messages/catalog.ts';
import type { Formatter } from '../../messages/format.ts';
import { contextBlock, type Message, sectionBlock } from './blocks.ts';

export interface HelpView {
  /** Why this person can only look. Null if they may change projects here. */
  readonly restriction: string | null;
  readonly format: Formatter;
}

/** The commands that the person can use. */
export function buildHelp({ restriction, format }: HelpView): Message {
  const { help } = messages;
  const intro = restriction === null ? help.intro : help.readingIntro;
  const text = `${intro} ${help.listHint(format)}`;
  if (restriction !== null)
    return { text, blocks: [sectionBlock(intro), sectionBlock(help.reading(format)), contextBlock(restriction)] };
  return {
    text,
    blocks: [
      sectionBlock(intro),
      sectionBlock([...help.reading(format), ...help.changing(format)]),
      sectionBlock([help.confirmation(format), help.severalProjects(format)]),
      contextBlock(help.permissions),
    ],
  };
}
