import type { Voice } from '../../domain/words.ts';
import { context, type Message, section } from '../blocks.ts';

/** What can be typed, the reading commands first: they are open to everybody of the workspace. */
export function buildHelp(voice: Voice, suggestion: string | null = null): Message {
  const lines = [
    `${voice.command('list')} all projects; ${voice.command('list paused')} only some: a state, a label or a part of a name`,
    `${voice.command('show <project>')} one project in full`,
    `${voice.command('precheck <project>')} what keeps it from being started`,
    `${voice.command('history <project>')} what happened to it: who, when and why`,
    `${voice.command('start <project>')} a project that was never started`,
    `${voice.command('pause <project>')} a Running project`,
    `${voice.command('restore <project>')} a Paused or Failed project`,
  ];
  const intro = suggestion ?? 'Run data synchronization projects from here.';
  return {
    text: `${intro} Type ${voice.command('list')} for all projects.`,
    blocks: [
      section(intro),
      section(lines),
      section(
        `Start, Pause and Restore ask you first: OK or Cancel. A reason is kept: ${voice.command('pause <project> because we deploy')}.`,
      ),
      context('Everybody may look. Only operators, named in policy.operators of syncbot.yml, may change a project.'),
    ],
  };
}
