import { messages } from '../../messages/catalog.ts';
import type { Formatter } from '../../messages/format.ts';
import { contextBlock, type Message, sectionBlock } from './blocks.ts';

/** The commands. `error` is the sentence about a command that syncbot did not understand. */
export function buildHelp(format: Formatter, error: string | null = null): Message {
  const { help } = messages;
  const intro = error ?? help.intro;
  return {
    text: `${intro} ${help.listHint(format)}`,
    blocks: [
      sectionBlock(intro),
      sectionBlock(help.commands(format)),
      sectionBlock(help.confirmation(format)),
      contextBlock(help.permissions),
    ],
  };
}
