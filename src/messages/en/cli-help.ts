import { catchUpTimeoutMs } from '../../domain/catch-up.ts';
import { formatDuration } from './format.ts';

const exitCodes = 'Exit codes: 0 done; 1 refused, failed or outcome unknown; 2 invalid usage or configuration.';

/** The texts of `syncbot --help` and of the help of each command. */
export const cliHelp = {
  program: 'List, start, pause and restore data synchronization projects.',
  helpOption: 'show help',
  exitCodes,
  envFile: 'Variables come from the environment, then from .env in the current folder. A variable that is set wins.',
  jsonOption: 'print JSON; errors are { code, message } on stderr',
  pruneOption: 'remove the projects that are not in the file; without it they are kept',
  planOption: 'print what would change, and change nothing',
  planJsonOption: 'print the plan as JSON, with --plan',
  planExitCodes:
    'With --plan: 0 nothing would change; 1 refused, or Redis cannot be read; 2 the file is invalid; 3 something would change.',
  yesOption: 'do not ask for confirmation',
  selection:
    'ids of projects, label:<label>, source:<name>, target:<name>, state:<state>, batch:<id>, except <…>; one id may also be a part of it',
  project: 'project id; without --yes and --json also a part of it, or the name of a link',
  run: 'run the bot, the worker or both until SIGTERM or Ctrl-C',
  roleOption: 'what to run in this process',
  apply: 'show what syncbot.yml changes, ask for confirmation, then apply it',
  applyFile: 'files, or folders with *.yml and *.yaml, to apply instead of SYNCBOT_CONFIG',
  list: 'list projects, those that need attention first',
  listFilter: 'states, attention, label:<label>, alert:<kind>, or parts of a project id or name',
  show: 'show a project with its links, precheck and last operations',
  listLimit: 'print at most this many projects, those that need attention first',
  watch: 'show the list until q or Ctrl-C, and read it again and again; needs a terminal',
  watchInterval: 'how long to wait after each reading (default: 2s)',
  precheck: 'check whether a project can be started',
  history: 'show what happened to a project or to all, newest first; of all: in the last 12 h',
  historyAll:
    'print every entry of all projects, also of removed ones, one a line, the oldest first; without --since all that is stored',
  historyLimit: 'print at most this many lines or entries, the newest ones',
  historyJson: 'print JSON, with --all one object a line; errors are { code, message } on stderr',
  extend: 'move the end of the pause of a project',
  keepPaused: 'remove the end of the pause of a project, or answer its reminder',
  extendDuration: 'by how long: 1h, 30 min, 1h30m',
  forOption: 'how long the pause lasts, then syncbot restores it: 2h, 90 min, 1h30m',
  untilOption: 'when the pause ends, in the local time zone: 18:30, tomorrow 06:00, monday 08:00, 2026-12-01 06:00',
  whenCaughtUpOption: `wait until each project has caught up, at most ${formatDuration(catchUpTimeoutMs)}, then pause it`,
  sinceOption:
    'only what happened since then, in the local time zone: 2h, 30d, 22:00, yesterday, yesterday 22:00, or an “at” of --json',
  start: 'start a project that is Not Started',
  pause: 'pause a Running project',
  restore: 'restore a Paused or Failed project',
  skipOption: 'leave out this failed task: its id, or <link>/<id>; may be given several times',
  skipped: 'show the failed tasks that restores have left out',
  retry: 'move skipped tasks back before newer ones',
  retryTasks: 'ids of skipped tasks, or <link>/<id>; all of them if none is given',
  reasonOption: 'reason, recorded and shown with the operation',
  timeoutOption:
    'how long to wait for the outcome (default: 60s, or the time of --wait-… or of --when-caught-up if that is longer)',
  waitQuietOption: 'then wait until no task of the projects is in flight, at most this long, such as 5m',
  waitCaughtUpOption: 'then wait until the projects have caught up, at most this long, such as 30m',
  changeExitCodes: `The command waits for the outcome. ${exitCodes}`,
  waitExitCodes: 'With --wait-…: 3 the time is over; 4 a project changed during the wait.',
  discover: 'find BullMQ queues, propose projects for them, and write syncbot.yml if there is none',
  discoverConnection: 'name of a connection in syncbot.yml, or a Redis URL (default: REDIS_URL)',
  discoverPrefix: 'only queues with this prefix of BullMQ, such as bull',
  discoverOutput: 'file to write instead of SYNCBOT_CONFIG',
  discoverMaxKeys: 'stop after about so many keys of Redis',
  export: 'write what is stored as a syncbot.yml, without secrets',
  outputOption: 'file to write; without it the output is on stdout',
  doctor: 'check Redis, Slack, links and configuration',
};
