import type { messages } from '../../../src/messages/catalog.ts';
import type { ExamplesOf } from './example.ts';

export const init: ExamplesOf<typeof messages.init> = {
  sentence: [['a text of doctor', 'Redis 5.0 is too old: use 6.2 or newer']],
  yesOrNo: [
    ['Enter is no', 'Replace it?', false],
    ['Enter is yes', 'Write into it?', true],
  ],
  question: [
    ['Enter takes the suggestion', 'Slash command', '/sync'],
    ['there is none', 'Slash command', null],
  ],
  secretQuestion: [
    ['the first time', 'Signing secret', null],
    ['.env has it', 'Signing secret', 'keep what is set'],
  ],
  withoutQuotes: [['copied with its quotes', 'SLACK_SIGNING_SECRET']],
  about: [['a channel', 'C0123456', 'the bot is a member']],
  kept: [['the answer is no', '.env']],
  manifestKept: [
    ['Socket Mode', '/sync', null],
    ['HTTP mode', '/sync', 'https://syncbot.example.com/slack/events'],
  ],
  createApp: [
    ['Socket Mode', 'socket'],
    ['HTTP mode', 'http'],
  ],
  changeApp: [
    ['Socket Mode', 'socket', false],
    ['another command in Socket Mode', 'socket', true],
    ['HTTP mode', 'http', false],
  ],
  botTokenAccepted: [['a good bot token', 'syncbot', 'acme']],
  redis: {
    answers: [
      ['a good URL', '127.0.0.1:6379/0', '7.2.4'],
      ['the server does not report its version', '127.0.0.1:6379/0', null],
    ],
    doctorFails: [['without persistence', 'REDIS_URL persistence: a restart loses all data: set appendonly yes.']],
    unreachable: [['a wrong port', '127.0.0.1:6380/0', 'refuses the connection: check host and port']],
  },
  user: [['an operator', 'alice']],
  userDeactivated: [['an old account', 'alice']],
  userIsBot: [['the id of a bot', 'deploybot']],
  policyKept: [
    ['SYNCBOT_CONFIG is a folder', 'syncbot.yml', ['U0123456']],
    ['it has no operators', 'syncbot.yml', []],
  ],
  policySame: [['Enter kept operators and channel', 'syncbot.yml']],
  policyChanged: [['other operators', 'syncbot.yml']],
  policyByHand: [
    ['there are comments among the operators', 'syncbot.yml', ['policy:', '  operators: [U0123456]'], false],
    ['and the channel goes', 'syncbot.yml', ['policy:', '  operators: [U0123456]'], true],
  ],
  policyUnreadable: [['it has a mistake', 'syncbot.yml']],
  written: [['a new file', 'syncbot.yml']],
  notRead: [['a folder has its name', 'manifest.yml', 'EISDIR']],
  notWritten: [['a read-only folder', '.env', 'EROFS']],
  next: [
    ['it has no projects', 'syncbot'],
    ['npx started it', 'npx syncbot'],
  ],
  nextApply: [['it has projects', 'syncbot']],
  setElsewhere: [['the shell exports one', ['REDIS_URL']]],
};
