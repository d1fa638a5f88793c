import type { ProjectState } from '../../domain/project-state.ts';
import { nameUpTo, pluralize } from './format.ts';
import { states } from './terms.ts';

const withoutScope = {
  commands: 'Slack does not send commands',
  'chat:write': 'outcomes and alerts are not sent',
  'usergroups:read': 'members of user groups are refused',
  'channels:read': 'changes from public channels are refused',
  'groups:read': 'changes from private channels are refused',
  'app_mentions:read': 'mentions of syncbot get no answer',
  'users:read': 'times of day that people type are read in UTC',
};
type Scope = keyof typeof withoutScope;

/** `all granted`, or what does not work because a scope is missing. */
function scopes(missing: readonly Scope[]): string {
  if (missing.length === 0) return 'all are granted';
  const explained = missing.map((scope) => `${scope} is not granted, so ${withoutScope[scope]}`).join('; ');
  return `${explained}: to grant ${missing.length === 1 ? 'it' : 'them'}, update the app from manifest.yml and install it again`;
}

const maxNames = 20;

type Flag = 'paused' | 'running';

/** The messages of `syncbot doctor`. Each follows the name of its item: "REDIS_URL answers". */
export const doctorMessages = {
  items: {
    connection: (name: string) => `connection ${name}`,
    version: (connection: string) => `${connection} version`,
    eviction: (connection: string) => `${connection} eviction`,
    persistence: (connection: string) => `${connection} persistence`,
    slack: 'Slack',
    slackBotToken: 'Slack bot token',
    slackScopes: 'Slack scopes',
    slackAppToken: 'Slack app token',
    slackTransport: 'Slack transport',
    channel: (id: string) => `channel ${id}`,
    userGroup: (id: string) => `user group ${id}`,
    projects: 'projects',
    observer: 'observer',
    otherSyncbot: (prefix: string) => `other syncbot ${prefix}`,
    processes: 'stored configuration',
    configApplied: (path: string) => `${path} applied`,
    link: (project: string, queue: string) => `link ${project}/${queue}`,
  },

  redis: {
    answers: 'answers',
    version: (version: string) => `Redis ${version}`,
    versionTooOld: (version: string) => `Redis ${version} is too old: use 6.2 or newer`,
    versionUnknown: 'the server does not report its version',
    persistenceUnknown: 'the server does not report its persistence',
    appendOnlyFile: 'append-only file',
    snapshots: 'snapshots only: a crash loses the last minutes. Set appendonly yes to lose less',
    noPersistence: 'a restart loses all data: set appendonly yes',
  },

  /** `fault` is null if the reason is not known. */
  projectsUnreadable: (fault: string | null) =>
    `projects and links could not be checked, because the bot's Redis ${fault ?? 'does not answer'}`,
  unreadableProjects: (projects: readonly string[]) =>
    `this version of syncbot cannot read ${nameUpTo(projects, maxNames)}: use the version that stored ${projects.length === 1 ? 'it' : 'them'}`,
  configApplied: 'what is stored matches the file',
  configNotApplied: (differences: readonly string[]) => `${differences.join('; ')}: run syncbot apply`,

  otherSyncbot: {
    readable: (projects: number) =>
      `it has ${pluralize(projects, 'project')} on this Redis, and no queue is a link of both`,
    partlyReadable: (projects: number) =>
      `this version of syncbot cannot read ${pluralize(projects, 'project')} of it: check that no queue is a link of both`,
    sharesQueues: (queues: readonly string[]) =>
      `it also pauses and resumes ${queues.join(', ')}: remove each queue from one of the two, then run syncbot apply`,
    unreadable:
      'it has had projects on this Redis, but this Redis user may not read them: check that no queue is a link of both',
  },

  /** The last line: the next step. `program`: how the user starts syncbot. */
  next: {
    set_up_slack: (program: string) =>
      `Next: run ${program} init. It leads through the creation of the Slack app, and asks for its tokens.`,
    apply: (program: string) => `Next: run ${program} apply.`,
    run: (program: string) => `Next: run ${program} run. It starts a bot and a worker.`,
    list: (command: string) => `Next: type ${command} list in Slack.`,
    fix: (item: string, program: string) => `Next: fix what “${item}” says, then run ${program} doctor again.`,
  },

  observed: 'a syncbot worker observes the links',

  operators: (count: number) => `${count} listed`,
  noOperators: 'the list is empty, so no user may change projects from Slack: add user ids (U…) or user group ids (S…)',

  link: {
    flag: (flag: Flag) => flag,
    reconciling: (flag: Flag) =>
      `still ${flag}: syncbot must change it; if this stays, check that a syncbot worker runs`,
    wrongFlag: (flag: Flag, project: string, state: ProjectState) => `${flag} although ${project} is ${states[state]}`,
  },

  slack: {
    noBotToken: 'SLACK_BOT_TOKEN is not set: the role worker can run, the role bot cannot',
    noTransport:
      'SLACK_APP_TOKEN (Socket Mode) and SLACK_SIGNING_SECRET (HTTP) are not set: the role worker can run, the role bot cannot',
    httpTransport: (port: number, path: string) =>
      `HTTP on port ${port}: the first command shows whether Slack reaches ${path} and whether the signing secret is right`,
    tokenAccepted: 'Slack accepts it',
    scopesUnknown: 'Slack does not report the scopes of the token',
    scopes,
    channelArchived: 'the channel is archived: use another one',
    channelMember: 'the bot is a member',
    channelNotMember: 'the bot is not a member: invite it there with /invite and the name of the app',
    userGroup: (userCount: number) => pluralize(userCount, 'member'),
    refused: (code: string) => `Slack returns ${code}: check the id, invite the bot, and check its scopes`,
    noAnswer: 'Slack did not answer',
    noScope: 'the bot token has no scope to check this',
  },
};
