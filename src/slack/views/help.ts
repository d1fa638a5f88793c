import type { Formatter } from '../../messages/format.ts';
import { contextBlock, type Message, sectionBlock } from './blocks.ts';

/** What can be typed, the reading commands first: they are open to everybody of the workspace. */
export function buildHelp(format: Formatter, suggestion: string | null = null): Message {
  const lines = [
    `${format.command('list')} all projects; ${format.command('list paused')} only some: a state, a label or a part of a name`,
    `${format.command('show <project>')} one project in full`,
    `${format.command('precheck <project>')} what keeps it from being started`,
    `${format.command('history <project>')} what happened to it: who, when and why`,
    `${format.command('start <project>')} a project that was never started`,
    `${format.command('pause <project>')} a Running project`,
    `${format.command('restore <project>')} a Paused or Failed project`,
  ];
  const intro = suggestion ?? 'Run data synchronization projects from here.';
  return {
    text: `${intro} Type ${format.command('list')} for all projects.`,
    blocks: [
      sectionBlock(intro),
      sectionBlock(lines),
      sectionBlock(
        `Start, Pause and Restore ask you first: OK or Cancel. A reason is kept: ${format.command('pause <project> because we deploy')}.`,
      ),
      contextBlock(
        'Everybody may look. Only operators, named in policy.operators of syncbot.yml, may change a project.',
      ),
    ],
  };
}
