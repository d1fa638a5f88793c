import { messages } from '../../messages/catalog.ts';
import type { Formatter } from '../../messages/format.ts';
import { contextBlock, type Message, sectionBlock } from './blocks.ts';

export interface HelpView {
  /** Why this person can only look. Null if they may change projects here. */
  readonly restriction: string | null;
  /** The sentence about a command that syncbot did not understand. */
  readonly error?: string;
  readonly format: Formatter;
}

/** The commands that the person can use. */
export function buildHelp({ restriction, error, format }: HelpView): Message {
  const { help } = messages;
  const intro = error ?? help.intro;
  const text = `${intro} ${help.listHint(format)}`;
  if (restriction !== null)
    return { text, blocks: [sectionBlock(intro), sectionBlock(help.reading(format)), contextBlock(restriction)] };
  return {
    text,
    blocks: [
      sectionBlock(intro),
      sectionBlock([...help.reading(format), ...help.changing(format)]),
      sectionBlock(help.confirmation(format)),
      contextBlock(help.permissions),
    ],
  };
}
