import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { FakeSlack } from '../../fake-slack/fake-slack.ts';
import type { FakeSlackOptions } from '../../fake-slack/options.ts';
import { sharedRedisUrl } from '../../support/test-redis.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type CliResult, type CliRunOptions, startCliInProcess } from '../cli-fixture.ts';

/** A user at a terminal who runs `syncbot init` in an empty folder. */
export interface InitFixture extends AsyncDisposable {
  readonly slack: FakeSlack;
  readonly folder: string;
  start(env?: Readonly<Record<string, string>>, options?: Pick<CliRunOptions, 'packageFolder'>): RunningInit;
  write(name: string, text: string): Promise<void>;
  read(name: string): Promise<string>;
  /** The permissions, such as `600`. */
  modeOf(name: string): Promise<string>;
}

export interface RunningInit {
  /** Waits until the question is shown after the last answer, then types the answer and Enter. */
  answer(question: string, answer: string): Promise<void>;
  /** Waits until the question is shown after the last answer, then types these keys. */
  type(question: string, keys: string): Promise<void>;
  /** Everything that the terminal shows. */
  shown(): string;
  readonly ended: Promise<CliResult>;
}

export async function startInitFixture(options: FakeSlackOptions = {}): Promise<InitFixture> {
  const slack = await FakeSlack.start(options);
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-init-'));
  return {
    slack,
    folder,
    start(env = {}, options = {}) {
      const stdin = Object.assign(new PassThrough(), { isTTY: true });
      // `runCli` reads a relative path from the folder of the process, which is that of the test.
      const config = { SYNCBOT_CONFIG: join(folder, 'syncbot.yml') };
      const variables = { SLACK_API_URL: slack.apiUrl, ...config, ...env };
      const running = startCliInProcess(['init'], { folder, env: variables, stdin, ...options });
      const shown = () => running.out() + running.err();
      let seen = 0;
      const type = async (question: string, keys: string) => {
        const at = await waitFor(() => running.err().indexOf(question, seen) + 1, {
          description: question,
          timeoutMs: 10_000,
          describeState: shown,
        });
        seen = at + question.length - 1;
        stdin.write(keys);
      };
      return { type, answer: (question, answer) => type(question, `${answer}\r`), shown, ended: running.ended };
    },
    write: (name, text) => writeFile(join(folder, name), text),
    read: (name) => readFile(join(folder, name), 'utf8'),
    modeOf: async (name) => ((await stat(join(folder, name))).mode & 0o777).toString(8),
    async [Symbol.asyncDispose]() {
      await slack[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** The questions in their order, as far as a test needs their text. */
export const questions = {
  mayChangeEnv: 'keep its other lines? [Y/n] ',
  mode: 'Choose [',
  url: 'The https address',
  command: 'Slash command [',
  mayReplace: 'Replace it? [y/N] ',
  botToken: 'Bot token',
  appToken: 'App token',
  signingSecret: 'Signing secret',
  redis: 'Redis URL',
  operators: 'Who may change projects?',
  channel: 'The channel for outcomes',
  useAnyway: 'Use it? [y/N] ',
} as const;

/** Answers every question in Socket Mode from here on, with what the fake Slack accepts. */
export async function answerAll(init: RunningInit, slack: FakeSlack): Promise<void> {
  await init.answer(questions.mode, '');
  await init.answer(questions.command, '/sync-test');
  await init.answer(questions.botToken, slack.botToken);
  await init.answer(questions.appToken, slack.appToken);
  await init.answer(questions.redis, sharedRedisUrl());
  await init.answer(questions.operators, 'U0ALICE, S0OPS');
  await init.answer(questions.channel, 'C0SYNC');
}
