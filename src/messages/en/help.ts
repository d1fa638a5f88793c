import type { Formatter } from '../format.ts';

/** The commands of Slack. Everybody may use the reading ones, and sees only these unless they may change projects. */
export const help = {
  intro: 'Run data synchronization projects from here.',
  /** For people who may only look. */
  readingIntro: 'Look at data synchronization projects from here.',
  listHint: (format: Formatter) => `Type ${format.command('list')} for all projects.`,
  reading: (format: Formatter) => [
    `${format.command('list')} all projects; ${format.command('list paused')} some of them, by a state, a label or a part of a name`,
    `${format.command('show <project>')} one project in detail`,
    `${format.command('precheck <project>')} what must hold before a start`,
    `${format.command('history <project>')} what happened to it: who, when and why; ${format.command('history since 22:00')} in all projects since a time`,
    `${format.command('skipped <project>')} the failed tasks that restores have left out, with Retry`,
    `${format.command('whoami')} what you may do, and who else`,
  ],
  changing: (format: Formatter) => [
    `${format.command('start <project>')} a project that was never started`,
    `${format.command('pause <project>')} a Running project; ${format.command('pause <project> for 2h')} or ${format.command('pause <project> until 18:30')}: then syncbot restores it by itself; ${format.command('pause <project> when caught up')} first waits for a low latency`,
    `${format.command('extend <project> 1h')} moves the end of its pause`,
    `${format.command('restore <project>')} a Paused or Failed project`,
  ],
  confirmation: (format: Formatter) =>
    `Start, Pause and Restore ask for OK or Cancel first. You can add a reason: ${format.command('pause <project> because we deploy')}.`,
  severalProjects: (format: Formatter) =>
    `Several projects at once: ${format.command('pause orders users')}, ${format.command('pause label:prod except orders')}. Also source:, target: and state:.`,
  permissions: 'Everybody may look at projects. Only operators may change them.',
};
