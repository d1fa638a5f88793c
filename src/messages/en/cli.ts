import type { Formatter } from '../format.ts';
import { cliApply, cliExport, cliRun } from './cli-apply.ts';
import { cliChange, cliChangeBatch } from './cli-change.ts';
import { cliExamples } from './cli-examples.ts';
import { cliHelp } from './cli-help.ts';
import { formatDuration, formatNumber, pluralize } from './format.ts';
import { linesNotShown } from './history.ts';
import { startErrors } from './startup-errors.ts';
import { nothingChanged } from './terms.ts';

/** Every text of the command line, except those of `doctor` and of configuration errors. */
export const cliMessages = {
  help: cliHelp,
  examples: cliExamples,

  envFileUnreadable: (code: string) =>
    `.env in this folder cannot be read (${code}). Make it readable for this user, or run syncbot in another folder. ${nothingChanged}`,
  seeHelp: (problem: string) => `${problem}\nSee syncbot --help.`,
  jsonNeedsPlan: '--json can be used with --plan only.',
  reasonTooLong: (maxLength: number) => `Use at most ${maxLength} characters.`,
  tooManyToSkip: (max: number) => `At most ${formatNumber(max)} tasks can be skipped at once.`,
  skipNeedsOneProject: 'Use --skip with one project only.',
  invalidMaxKeys: 'Write a whole number such as 1000000.',
  invalidTimeout: 'Write a duration such as 60s or 5m.',
  invalidLimit: (max: number) => `Write a whole number from 1 to ${formatNumber(max)}.`,
  invalidSince: 'Use a duration such as 2h or 30d, a time such as 22:00, yesterday, or the “at” of a line of --json.',
  allNeedsNoProject: '--all is for all projects. Leave out the project, or --all.',
  notInteractive: `There is no terminal to ask for confirmation. Use --yes. ${nothingChanged}`,
  yesOrNo: (question: string) => `${question} [y/N] `,
  /** `fault` is null if the reason is not known. */
  redisUnavailable: (fault: string | null) =>
    fault === null
      ? `The bot's Redis does not answer. ${nothingChanged} Check REDIS_URL and that Redis is running.`
      : `The bot's Redis (REDIS_URL) ${fault}. ${nothingChanged}`,
  redisRefused: (fault: string) => `The bot's Redis (REDIS_URL) ${fault}. Check with syncbot list what was changed.`,
  redisDatabaseRefused: `${startErrors.databaseRefused} ${nothingChanged}`,
  redisLost: "The bot's Redis stopped answering during the command. Check with syncbot list what was changed.",
  unexpectedError: (errorName: string) =>
    `Unexpected error (${errorName}). Check with syncbot list what was changed. If you run the command again, LOG_LEVEL=error shows the cause.`,

  /** A name that is not the id of the project. */
  resolvedName: (name: string, project: string) => `“${name}” is the project ${project}.`,

  list: {
    noProjects: (configPath: string, program: string) =>
      `There is no project yet. Define projects in ${configPath}, then run: ${program} apply`,
    links: ({ total, paused, unreadable, missing, notConfigured, unreachable }: LinkCounts) => {
      const parts = [
        ...(paused === 0 ? [] : [paused === total ? `${total} paused` : `${paused} of ${total} paused`]),
        ...(unreadable === 0 ? [] : [`${unreadable} unreadable`]),
        ...(missing === 0 ? [] : [`${missing} missing`]),
        ...(notConfigured === 0 ? [] : [`${notConfigured} not configured in this process`]),
        ...(unreachable === 0 ? [] : [`${unreachable} unreachable`]),
      ];
      return parts.length === 0 ? String(total) : parts.join(', ');
    },
  },

  watch: {
    noTerminal: 'watch needs a terminal. In a pipe or a job use syncbot list.',
    invalidInterval: 'Write a duration from 1s to 1h, such as 5s.',
    /** `readAt` is null before the first reading. */
    status: (readAt: string | null, intervalMs: number) =>
      readAt === null ? 'Reading… · q ends' : `Read at ${readAt} · every ${formatDuration(intervalMs)} · q ends`,
    failed: (since: string, reason: string) => `Not read since ${since}: ${reason} syncbot tries again. q ends.`,
    old: (readAt: string | null) =>
      readAt === null ? 'No list was read yet.' : `The list below is old. It was read at ${readAt}.`,
  },

  show: {
    logKeptUntil: (at: number, format: Formatter) => `kept until ${format.time(at)}`,
    afterPrecheck: 'after its precheck passes',
  },

  history: {
    truncated: (maxLines: number, project: string) =>
      `These are the newest ${pluralize(maxLines, 'line')}. To see every entry: syncbot history ${project} --json`,
    since: (time: string, zone: string) => `Since ${time} (${zone})`,
    nothing: 'Nothing happened.',
    notShown: (count: number, isExact: boolean, shown: number) =>
      `These are the newest ${pluralize(shown, 'line')}; ${linesNotShown(count, isExact)}. To see every entry, add --json.`,
  },

  change: cliChange,
  changeBatch: cliChangeBatch,
  apply: cliApply,
  export: cliExport,
  run: cliRun,
};

interface LinkCounts {
  readonly total: number;
  readonly paused: number;
  readonly unreadable: number;
  readonly missing: number;
  readonly notConfigured: number;
  readonly unreachable: number;
}
