import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { userActions, visibleText } from '../support/slack-harness.ts';
import { blocksOf, pageNames, readPage } from './pages.ts';
import { type ShellFixture, startShellFixture } from './shell-fixture.ts';

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  scripts: object;
};

/** Their commands need Docker, a cluster, a host of their own, or Redis users. */
const pagesCheckedElsewhere: Readonly<Record<string, string>> = {
  'docs/install.md': 'test/deploy/install-page.test.ts',
  'docs/rotating-secrets.md': 'test/docs/rotating-secrets.test.ts',
};

/** The commands of all `sh` blocks, without comments. */
const checkedPages = pageNames.filter((name) => pagesCheckedElsewhere[name] === undefined);
const commands = checkedPages.flatMap((name) =>
  blocksOf(readPage(name), 'sh').flatMap(({ text, line }) =>
    text
      .split('\n')
      .map((command) => command.replace(/\s+#.*$/, '').trim())
      .filter((command) => command !== '' && !command.startsWith('#'))
      .map((command) => ({ name, line, command })),
  ),
);

/** The commands of the README for a new user. */
const firstContact = ['init', 'discover', 'apply', 'run'].map((name) => `npx syncbot ${name}`);

/** Commands that need a fresh checkout or run everything, and where they run. */
const checkedElsewhere: Readonly<Record<string, string>> = {
  'cd ../my-syncbot && npm install ./syncbot-*.tgz': 'test/package/npm-package.test.ts',
  'mkdir ../my-syncbot': 'test/package/npm-package.test.ts',
  'npm ci': '.ci/run',
  'npm ci && npm pack --pack-destination ../my-syncbot': 'test/package/npm-package.test.ts',
  'npm ci && npm run demo': 'test/demo/demo.test.ts',
  'npm ci && npm test': '.ci/run',
  'npm run build': '.ci/run, and every test of the build',
  'npm run check': '.ci/run',
  'npm test': '.ci/run',
  'npx tsc --noEmit': '.ci/run',
  ...Object.fromEntries(firstContact.map((command) => [command, 'test/package/npm-package.test.ts'])),
  'promtool check rules deploy/prometheus/rules.yml': 'test/deploy/prometheus.test.ts',
  'promtool test rules deploy/prometheus/rules.test.yml': 'test/deploy/prometheus.test.ts',
};

const isRole = (command: string) => /(main\.js|^syncbot) run\b/.test(command);
/** Whether this file runs the command. */
const isKnownCommand = (command: string) =>
  isRole(command) || /^(cp|chmod|curl) |(main\.js|^syncbot) (apply|doctor|list|show|history)\b/.test(command);

test('each command of the pages runs in this file or in a named place', () => {
  expect(commands.length).toBeGreaterThan(15);
  expect(inlineCommands.length).toBeGreaterThan(15);
  expect(commands.filter(({ command }) => !isKnownCommand(command) && checkedElsewhere[command] === undefined)).toEqual(
    [],
  );
});

/** Commands in running text. They are checked, not run. */
const inlineCommands = pageNames.flatMap((name) =>
  [
    ...readPage(name)
      .replaceAll(/```[\s\S]*?```/g, '')
      .matchAll(/`((?:docker|node|npm|npx|syncbot) [^`]+)`/g),
  ].flatMap(([, text = '']) => text.split(' && ').map((command) => ({ name, command }))),
);

test.each(inlineCommands)('$name: $command exists', ({ command }) => {
  const [program = '', first = '', second = ''] = command.split(' ');
  if (program === 'npm' && first === 'run') return expect(Object.keys(scripts)).toContain(second);
  if (program === 'npm') return expect(['ci', 'install', 'link', 'pack', 'test']).toContain(first);
  if (program === 'npx' && first !== 'syncbot') return expect(command).toMatch(/^npx (tsc|vitest run test\/\S+)/);
  // test/package checks the image, the services and their commands.
  if (program === 'docker') return expect(['compose', 'build', 'run']).toContain(first);
  const args = command.replace(/^.*?(?:syncbot|main\.js) ?/, '');
  if (args !== '' && !args.startsWith('--env-file'))
    expect(parseArguments(args.split(' '), '1.0.0').kind, args).not.toBe('invalid');
});

test('each verb of the command line in the README exists', () => {
  const lines = blocksOf(readPage('README.md'), '').flatMap(({ text }) => text.split('\n'));
  const verbs = lines.flatMap((line) => (/^syncbot (\S+)/.exec(line)?.[1] ?? '').split('|')).filter(Boolean);
  expect(verbs).toEqual(expect.arrayContaining(['run', 'apply', 'list', 'show', 'start', 'doctor']));
  for (const verb of verbs) expect(parseArguments([verb, '--help'], '1.0.0')).toMatchObject({ kind: 'help' });
});

describe('the commands run in a shell, in the order of the pages', () => {
  let shell: ShellFixture;
  beforeAll(async () => {
    shell = await startShellFixture();
    await shell.write('syncbot.yml', blocksOf(readPage('docs/set-up-in-slack.md'), 'yaml')[0]?.text ?? '');
  });
  afterAll(() => shell[Symbol.asyncDispose]());

  // The set-up comes first: the other pages need its project.
  const orderedCommands = [...commands]
    .filter(({ command }) => isKnownCommand(command))
    .sort((a, b) => Number(b.name.includes('set-up')) - Number(a.name.includes('set-up')));
  test.each(orderedCommands)('$name: $command', async ({ command }) => {
    if (isRole(command)) {
      // The pages query the health of the worker.
      return shell.start(command, command.endsWith('worker') ? { ADMIN_PORT: shell.port(9090) } : {});
    }
    if (command.includes(':3000')) await startInHttpMode();
    const result = await shell.run(command);
    expect(result).toMatchObject({ code: 0 });
    if (command.includes('%{http_code}')) expect(result.stdout).toBe('405');
    if (command.startsWith('chmod')) await shell.fillEnv();
  });

  async function startInHttpMode(): Promise<void> {
    const http = { SLACK_APP_TOKEN: '', SLACK_SIGNING_SECRET: 'hush', PORT: shell.port(3000) };
    await shell.start('syncbot run --role bot', http);
  }

  test('the first list shows the project of the set-up page', async () => {
    await shell.slack.waitForSockets();
    const list = visibleText(
      await userActions(shell.slack).runCommand('list', { user: 'U0123ABCD', channel: 'C0123ABCD' }),
    );
    expect(list).toContain('orders');
    expect(list).toMatch(/1 project is well: 1 Running/);
  });
});
