import { nameUpTo } from './format.ts';
import { nothingChanged } from './terms.ts';

const maxNames = 10;

/** Slack verifies only the request URL of events. */
const verifyLater =
  'Slack cannot verify the address before syncbot run serves it. Then press “Retry” on the page “Event Subscriptions”.';
const needsAppToken = 'Socket Mode also needs an app-level token: the next questions name its page.';

/** The sentences of `syncbot init`. */
export const initMessages = {
  noTerminal: `syncbot init asks questions, so it needs a terminal. Without one, copy .env.example and manifest.yml from the package. ${nothingChanged}`,
  intro: [
    'syncbot init asks what syncbot needs, and checks each answer at once. It writes into this folder:',
    '  manifest.yml  describes the Slack app',
    '  .env          tokens and addresses; only you may read it, and it must not be committed',
    '  syncbot.yml   who may change projects',
    'Ctrl-C stops it. The next syncbot init suggests what is in these files.',
    '',
  ].join('\n'),
  stopped: 'Stopped. What is in .env, manifest.yml and syncbot.yml is kept. To continue, run syncbot init again.',
  sentence: (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`,
  yesOrNo: (question: string, byDefault: boolean) => `${question} ${byDefault ? '[Y/n]' : '[y/N]'} `,

  question: (text: string, suggestion: string | null) => `${text}${suggestion === null ? '' : ` [${suggestion}]`}: `,
  /** `enter`: what an empty answer means. */
  secretQuestion: (text: string, enter: string | null) =>
    `${text}, not shown${enter === null ? '' : ` [Enter: ${enter}]`}: `,
  keepSet: 'keep what is set',
  needsYesOrNo: 'Write y or n.',
  withoutQuotes: (name: string) => `Write ${name} without quotes.`,
  needsAnswer: 'An answer is needed. Ctrl-C stops.',
  useAnyway: 'That could not be checked. Use it?',
  about: (name: string, message: string) => `${name}: ${message}.`,

  mayChangeEnv: 'There is a .env. Write the answers into it, and keep its other lines?',
  kept: (file: string) => `${file} was kept. ${nothingChanged}`,

  mode: {
    text: [
      'How does Slack reach syncbot?',
      '  1  Socket Mode: syncbot connects to Slack. It needs no address of its own',
      '  2  HTTP: Slack sends requests to an https address of yours',
      'Choose',
    ].join('\n'),
    invalid: 'Write 1 or 2.',
  },
  command: { text: 'Slash command' },
  url: {
    text: 'The https address at which Slack reaches this bot',
    invalid: 'Write an address such as https://syncbot.example.com.',
  },

  mayReplaceManifest: 'There is another manifest.yml. Replace it?',
  /** `url`: the request URL of HTTP mode. Null in Socket Mode. */
  manifestKept: (command: string, url: string | null) =>
    `manifest.yml was kept. Check that it has the command ${command}, and ${
      url === null
        ? 'socket_mode_enabled: true'
        : `socket_mode_enabled: false. The url of the command, both request_url and message_menu_options_url must be ${url}`
    }.`,
  manifestWritten: 'manifest.yml was written.',
  manifestSame: 'manifest.yml is right already.',
  createApp: (mode: 'socket' | 'http') =>
    [
      '',
      'Create the Slack app now:',
      '  1. Open https://api.slack.com/apps, press “Create New App”, then “From a manifest”. Choose your workspace.',
      '  2. Choose YAML, and replace the text by that of manifest.yml. Press “Next”, then “Create”.',
      '  3. Press “Install to …”, then “Allow”.',
      ...(mode === 'http' ? [`  4. ${verifyLater}`] : []),
      'If the app exists, compare its page “App Manifest” with manifest.yml.',
      '',
    ].join('\n'),
  /** The app exists, and the manifest is another one now. `hasAppToken`: SLACK_APP_TOKEN is set. */
  changeApp: (mode: 'socket' | 'http', hasAppToken: boolean) =>
    [
      '',
      'Change the Slack app now:',
      '  1. Open https://api.slack.com/apps, choose the app, then the page “App Manifest”.',
      '  2. Choose YAML, replace the text by that of manifest.yml, and save the changes.',
      '  3. If Slack asks for it, install the app again.',
      ...(mode === 'http' ? [`  4. ${verifyLater}`] : []),
      ...(mode === 'socket' && !hasAppToken ? [`  4. ${needsAppToken}`] : []),
      '',
    ].join('\n'),

  botToken: { text: 'Bot token (page “OAuth & Permissions”, Bot User OAuth Token, xoxb-…)' },
  botTokenAccepted: (bot: string, workspace: string) => `Slack accepts it: the bot is @${bot} in ${workspace}.`,
  appToken: {
    text: 'App token (page “Basic Information”, App-Level Tokens, with the scope connections:write, xapp-…)',
  },
  appTokenAccepted: 'Slack accepts it.',
  signingSecret: {
    text: 'Signing secret (page “Basic Information”, App Credentials)',
    accepted: 'It has the form of one. The first request of Slack shows whether it is right.',
    oddForm: 'A signing secret has 32 characters of 0-9 and a-f. This has another form.',
  },
  appTokenRemoved: 'SLACK_APP_TOKEN was removed from .env, because syncbot uses Socket Mode if it is set.',

  redis: {
    about:
      'syncbot keeps its records in a Redis that survives a restart and evicts no keys. It can be the one of your queues: the names of the records begin with syncbot.',
    text: 'Redis URL, such as redis://user:password@host:6379',
    /** `version` is null if the server does not report it. */
    answers: (address: string, version: string | null) =>
      `Redis${version === null ? '' : ` ${version}`} at ${address} answers.`,
    /** `problem`: a failed item of doctor. */
    doctorFails: (problem: string) =>
      `syncbot doctor fails on this Redis. ${problem} You can try syncbot with it. Change it before you rely on syncbot.`,
    unreachable: (address: string, fault: string) => `REDIS_URL ${fault}. The address is ${address}.`,
  },

  operators: {
    text: 'Who may change projects? Slack user ids, with commas (click your picture, then Profile, ⋮, Copy member ID)',
  },
  channel: {
    text: 'The channel for outcomes and alerts: its id (at the end of “View channel details”), or none',
    none: 'none',
  },
  user: (name: string) => name,
  userDeactivated: (name: string) => `${name} is deactivated. Write the id of another user`,
  userIsBot: (name: string) => `${name} is a bot. Write the id of a person`,

  policyKept: (path: string, operators: readonly string[]) =>
    operators.length === 0
      ? `${path} exists and was kept. Write your Slack user id into policy.operators there.`
      : `${path} exists and was kept. Its operators are ${nameUpTo(operators, maxNames)}. To change them or the channel, edit policy.operators and defaults.channel there.`,
  policySame: (path: string) => `${path} has these answers already.`,
  policyChanged: (path: string) => `${path} was changed: policy.operators and defaults.channel are your answers.`,
  /** `lines`: keys of the file. `removesChannel`: it has a channel, and the answer is none. */
  policyByHand: (path: string, lines: readonly string[], removesChannel: boolean) =>
    [
      `${path} was kept: syncbot cannot change these keys without changing others. Write there:`,
      ...lines,
      ...(removesChannel ? ['Remove defaults.channel there.'] : []),
    ].join('\n'),
  policyUnreadable: (path: string) => `${path} exists and was kept, but it has errors:`,
  written: (path: string) => `${path} was written.`,
  notRead: (path: string, code: string) => `${path} cannot be read (${code}).`,
  notWritten: (path: string, code: string) => `${path} cannot be written (${code}).`,
  setElsewhere: (names: readonly string[]) =>
    `Your shell sets another value of ${nameUpTo(names, maxNames)}. It wins over .env: remove it there.`,
  /** `program`: how the user starts syncbot. */
  next: (program: string) => `Next: run ${program} discover. It finds your queues and writes the projects.`,
  nextApply: (program: string) => `Next: run ${program} apply.`,

  /** Comments of the syncbot.yml that `init` writes. */
  file: {
    head: 'Written by syncbot init. syncbot discover adds the projects.',
    operators: 'who may change projects: user ids (U…) and user group ids (S…)',
    channel: 'where outcomes and alerts go',
  },
};
