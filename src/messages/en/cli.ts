import { catchUpTimeoutMs } from '../../domain/catch-up.ts';
import type { ProjectStats } from '../../domain/observation.ts';
import { claimTimeoutMs, type Operation, type OperationRef } from '../../domain/operation.ts';
import type { Project } from '../../domain/project.ts';
import type { ProjectState } from '../../domain/project-state.ts';
import type { SourceLogEnd } from '../../domain/source-log-retention.ts';
import type { BatchRequestFacts, CheckText } from '../facts.ts';
import { type Formatter, formatUtc } from '../format.ts';
import { batch } from './batch.ts';
import { catchUp } from './catch-up.ts';
import { confirmation, type LogRetentionFacts, logRetention } from './confirmation-dialog.ts';
import { format, formatDuration, formatNumber, nameAndMore, nameUpTo, pluralize } from './format.ts';
import { linesNotShown, sinceHint } from './history.ts';
import { pauseLimits } from './pause-limits.ts';
import { failedTask } from './skipped.ts';
import { startErrors } from './startup-errors.ts';
import { nothingChanged, stateClause, states } from './terms.ts';

const maxKeptNames = 20;
const exitCodes = 'Exit codes: 0 done; 1 refused, failed or outcome unknown; 2 invalid usage or configuration.';

/** Every text of the command line, except those of `doctor` and of configuration errors. */
export const cliMessages = {
  help: {
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
    precheck: 'check whether a project can be started',
    history: 'show what happened to a project or to all, newest first; of all: in the last 12 h',
    extend: 'move the end of the pause of a project',
    keepPaused: 'remove the end of the pause of a project, or answer its reminder',
    extendDuration: 'by how long: 1h, 30 min, 1h30m',
    forOption: 'how long the pause lasts, then syncbot restores it: 2h, 90 min, 1h30m',
    untilOption: 'when the pause ends, in the local time zone: 18:30, tomorrow 06:00, monday 08:00, 2026-12-01 06:00',
    whenCaughtUpOption: `wait until each project has caught up, at most ${formatDuration(catchUpTimeoutMs)}, then pause it`,
    sinceOption: 'only what happened since then, in the local time zone: 2h, 22:00, yesterday, yesterday 22:00',
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
  },

  envFileUnreadable: (code: string) =>
    `.env in this folder cannot be read (${code}). Make it readable for this user, or run syncbot in another folder. ${nothingChanged}`,
  seeHelp: (problem: string) => `${problem}\nSee syncbot --help.`,
  jsonNeedsPlan: '--json can be used with --plan only.',
  reasonTooLong: (maxLength: number) => `Use at most ${maxLength} characters.`,
  tooManyToSkip: (max: number) => `At most ${formatNumber(max)} tasks can be skipped at once.`,
  skipNeedsOneProject: 'Use --skip with one project only.',
  invalidMaxKeys: 'Write a whole number such as 1000000.',
  invalidTimeout: 'Write a duration such as 60s or 5m.',
  invalidSince: sinceHint((time) => time),
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
    noProjects: (configPath: string) =>
      `There is no project yet. Define projects in ${configPath}, then run: syncbot apply`,
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

  show: {
    logKeptUntil: (at: number) => `kept until ${formatUtc(at)}`,
    afterPrecheck: 'after its precheck passes',
  },

  history: {
    truncated: (maxLines: number, project: string) =>
      `These are the newest ${formatNumber(maxLines)} lines. To see every entry: syncbot history ${project} --json`,
    since: (time: string, zone: string) => `Since ${time} (${zone})`,
    nothing: 'Nothing happened.',
    notShown: (count: number, isExact: boolean, shown: number) =>
      `These are the newest ${formatNumber(shown)} lines; ${linesNotShown(count, isExact)}. To see every entry, add --json.`,
  },

  change: {
    question: (facts: QuestionFacts) => {
      const { project, operation, stats, now, format: formatter } = facts;
      const { action, tasks, pauseUntil, catchUpMs } = operation;
      const { id, state, definition } = project;
      const linkCount = pluralize(definition.links.length, 'link');
      const counts = [linkCount, format.backlog(stats), format.latency(stats), format.inFlight(stats)]
        .filter((fact) => fact !== null)
        .join(', ');
      const ends = { project: id, pauseMaxMs: definition.pauseMax, now, format: formatter };
      const end = pauseUntil && pauseLimits.willEnd(pauseUntil, ends);
      const waits = catchUpMs === null ? '' : ` If you answer yes, ${catchUp.willWait(id, catchUpMs)}`;
      const grows = end === null ? ' Latency will grow until it is restored.' : ` ${end} Latency will grow until then.`;
      const consequence = action === 'pause' ? `${waits}${grows}${logRetention(facts)}` : '';
      const tasksText = tasks.map((task) => `\n${failedTask(task, formatter)}`).join('');
      return `${stateClause(id, state)}: ${counts}.${consequence}${tasksText}\n${confirmation.question(operation)}?`;
    },
    /** Without a question: the pause ends after the source's log. Empty if it does not. */
    endsTooLate: (facts: QuestionFacts) => (facts.operation.pauseUntil === null ? '' : logRetention(facts).trim()),
    cancelled: `Cancelled. ${nothingChanged}`,
    checking: "The bot's Redis does not answer. Checking whether the operation was confirmed…",
    unknownOutcome: ({ project, operation }: OperationRef) =>
      `The outcome of operation ${operation} on ${project} is unknown. Check with: syncbot show ${project}`,
    /** What happens to an operation after the command has stopped waiting for it. */
    stillOpen: {
      requested: nothingChanged,
      confirmed: `No syncbot worker has started it. Check that syncbot runs with the role worker or all. If no syncbot worker starts it within ${formatDuration(claimTimeoutMs)} of its confirmation, it is refused.`,
      waiting: catchUp.goesOn,
      running: 'It is still running and continues without this command.',
    },
    checkLater: ({ project, operation }: OperationRef) => `Operation ${operation}. Check with: syncbot show ${project}`,
  },

  changeBatch: {
    question: (
      facts: BatchRequestFacts,
      {
        logEnds,
        ...stats
      }: Pick<ProjectStats, 'backlog' | 'latencyMs'> & { readonly logEnds: readonly SourceLogEnd[] },
      formatter: Formatter,
    ) => {
      const counts = [pluralize(facts.links, 'link'), format.backlog(stats), format.latency(stats)].join(', ');
      const projects = facts.items.map(({ project }) => project).join(', ');
      const waits = facts.catchUpMs === null ? '' : ` If you answer yes, ${catchUp.eachWaits(facts.catchUpMs)}`;
      const details = [
        batch.plannedEnd(facts.items, formatter),
        batch.endsTooLate(logEnds, formatter),
        batch.restoreBefore(logEnds, formatter),
      ].filter((line) => line !== null);
      return [`${batch.allowed(facts)}: ${counts}.${waits}`, projects, ...details, `${batch.question(facts)}?`].join(
        '\n',
      );
    },
    checking: "The bot's Redis does not answer. Checking whether the batch was confirmed…",
    unknownOutcome: (id: string) => `The outcome of batch ${id} is unknown. Check with: syncbot list`,
    stillOpen: (id: string) =>
      `Batch ${id} is not done yet and continues without this command. Check with: syncbot list`,
  },

  apply: {
    refused: (reasons: readonly string[]) => `Not applied. ${nothingChanged}\n${toList(reasons)}`,
    question: 'Apply this?',
    cancelled: `Not applied. ${nothingChanged}`,
    conflict: (project: string, { isConfigurationStored, written }: WrittenParts) => {
      const parts = [...(isConfigurationStored ? ['policy, settings and connections'] : []), ...written];
      const result =
        parts.length === 0
          ? `The file was not applied. ${nothingChanged}`
          : `Only this was applied: ${parts.join(', ')}.`;
      return `${project} was changed at the same time, from Slack, by another command or by syncbot. ${result} Apply the file again.`;
    },
    configurationConflict: `Another apply stored a policy, settings or connections at the same time. ${nothingChanged} Apply the file again.`,
    configurationFirst: '~ store policy, settings and connections: until now each process uses those of its own file',
    configuration: (change: string) => `~ ${change}`,
    connectionUsers: (projects: readonly string[]) => `used by: ${projects.join(', ')}`,
    urlInFile: 'its URL is in the file, so running bots and workers need this file and a restart',
    processes: (problems: readonly string[]) => toList(problems),
    notPaused: (queues: readonly string[]) =>
      `Applied, but not paused yet: ${nameAndMore(queues)}. A syncbot worker tries again. If they stay unpaused, check the connection and apply again.`,
    applied: ({ configuration, created, changed, removed, pausedAgain }: AppliedCounts) => {
      const counts = [
        [created, 'created'],
        [changed, 'changed'],
        [removed, 'removed'],
        [pausedAgain, 'paused again'],
      ] as const;
      const parts = counts.flatMap(([count, verb]) => (count === 0 ? [] : [`${count} ${verb}`]));
      return `Applied: ${[...parts, ...(configuration ? ['policy, settings and connections stored'] : [])].join(', ')}.`;
    },
    unchanged: (projectCount: number) => `${pluralize(projectCount, 'project')} unchanged.`,
    nothingToDo: 'Nothing to do.',
    create: ({ project, state, linkCount, stateFrom }: CreateFacts) =>
      `+ create ${project}: ${states[state]}${stateSources[stateFrom]}, ${pluralize(linkCount, 'link')}`,
    change: (project: string, changes: readonly string[]) => `~ change ${project}: ${changes.join(', ')}`,
    remove: (project: string) => `- remove ${project}`,
    kept: (projects: readonly string[]) =>
      `Not in the file, kept: ${nameUpTo(projects, maxKeptNames)}. To remove ${projects.length === 1 ? 'it' : 'them'}: syncbot apply --prune`,
    pauseAgain: (project: string) => `! pause again ${project}`,
    pauses: (link: string) => `pauses ${link}`,
    leftPaused: (links: readonly string[]) => `stays paused: ${links.join(', ')}`,
    missing: (links: readonly string[]) => `queue does not exist yet (syncbot does not create it): ${links.join(', ')}`,
    precheck: ({ item, result, message }: CheckText) => `precheck ${result} · ${item} · ${message}`,
  },

  export: {
    unreadable:
      'The stored policy, settings and connections cannot be read: a newer syncbot may have written them. Update syncbot.',
    written: (file: string, projectCount: number) => `${file} was written, with ${pluralize(projectCount, 'project')}.`,
    notWritten: (file: string, code: string) => `${file} cannot be written (${code}).`,
    projectsOnly:
      'No policy, settings and connections are stored, so the file has only projects. Add them before you apply it.',
    urlNotStored: (name: string, variable: string) =>
      `The URL of connection ${name} is not stored, because it was written in the file. Set ${variable} to it.`,
  },

  run: {
    refused: (configPath: string, reasons: readonly string[]) =>
      `${configPath} cannot be applied. ${nothingChanged}\n${toList(reasons)}`,
    configurationConflict:
      'Another syncbot process stored other policy, settings or connections at the same time. Start syncbot again.',
    conflict: (project: string) => `Another syncbot process created ${project} at the same time. Start syncbot again.`,
  },
};

/** Titles of table columns. */
export const columnTitles = {
  active: 'ACTIVE',
  backlog: 'BACKLOG',
  bullmq: 'BULLMQ',
  by: 'BY',
  causeOrReason: 'CAUSE OR REASON',
  connection: 'CONNECTION',
  delayed: 'DELAYED',
  failed: 'FAILED',
  failedAt: 'FAILED AT',
  flag: 'FLAG',
  item: 'ITEM',
  latency: 'LATENCY',
  link: 'LINK',
  links: 'LINKS',
  message: 'MESSAGE',
  prioritized: 'PRIORITIZED',
  project: 'PROJECT',
  reason: 'REASON',
  result: 'RESULT',
  since: 'SINCE',
  skippedAt: 'SKIPPED AT',
  state: 'STATE',
  task: 'TASK',
  waiting: 'WAITING',
  what: 'WHAT',
  when: 'WHEN',
  who: 'WHO',
  workers: 'WORKERS',
};

/** Labels of the facts that `show` lists. */
export const factLabels = {
  state: 'state',
  description: 'description',
  source: 'source',
  target: 'target',
  labels: 'labels',
  channel: 'channel',
  runbook: 'runbook',
  numbers: 'numbers',
  skipped: 'skipped',
  lastHour: 'last hour',
  cause: 'cause',
  pauseEnd: 'pause end',
  waitingPause: 'pause',
  sourceLog: 'source log',
  alert: 'alert',
  onIt: 'on it',
  possibleNow: 'possible now',
  canStart: 'can start',
};

interface LinkCounts {
  readonly total: number;
  readonly paused: number;
  readonly unreadable: number;
  readonly missing: number;
  readonly notConfigured: number;
  readonly unreachable: number;
}

interface QuestionFacts extends LogRetentionFacts {
  readonly project: Pick<Project, 'id' | 'state' | 'definition'>;
  readonly operation: Pick<Operation, 'project' | 'action' | 'tasks' | 'pauseUntil' | 'catchUpMs'>;
  readonly stats: ProjectStats;
}

interface WrittenParts {
  readonly isConfigurationStored: boolean;
  readonly written: readonly string[];
}

interface AppliedCounts {
  readonly configuration: boolean;
  readonly created: number;
  readonly changed: number;
  readonly removed: number;
  readonly pausedAgain: number;
}

interface CreateFacts {
  readonly project: string;
  readonly state: ProjectState;
  readonly linkCount: number;
  /** How the first state was found: always Not Started, from the queues, or from queues that do not exist yet. */
  readonly stateFrom: keyof typeof stateSources;
}

const stateSources = { default: '', queues: ', like its queues', noQueues: ', because none of its queues exists yet' };

function toList(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}
