import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { messages } from '../../src/messages/catalog.ts';
import { startTestServices } from '../support/test-services.ts';
import { runCliInProcess } from './cli-fixture.ts';

const run = promisify(execFile);
const textOf = (...argv: string[]) => {
  const parsed = parseArguments(argv, '1.2.3');
  if (parsed.kind !== 'help') throw new Error(`${argv.join(' ')} prints no text`);
  return parsed.text;
};
const commands = [...textOf('--help').matchAll(/^ {2}([a-z-]+)(?:\|\S+)? [[ ]/gm)]
  .map(([, name = '']) => name)
  .filter((name) => name !== 'help');

describe('the help of each command', () => {
  test.each(commands)('has examples that are valid: %s', (command) => {
    const help = textOf(command, '--help');
    expect(textOf('help', command)).toBe(help);
    const [, block = ''] = /\nExamples:\n((?: {2}syncbot .*\n?)+)/.exec(help) ?? [];
    const lines = block.trim().split('\n');
    expect(lines[0]).not.toBe('');
    for (const line of lines) {
      const [program, ...argv] = [...line.replace(/ > .*$/, '').matchAll(/"([^"]*)"|\S+/g)].map(
        ([word, quoted]) => quoted ?? word,
      );
      expect(program).toBe('syncbot');
      const parsed = parseArguments(argv, '1.2.3');
      expect(parsed.kind, line).toBe(command === 'completion' ? 'help' : 'command');
    }
  });

  test('is there for each command', () => {
    expect(commands.length).toBeGreaterThan(15);
    expect(Object.keys(messages.cli.examples)).toEqual(expect.arrayContaining(commands));
  });
});

/** The completions of bash for the words after `syncbot`. The last word may be a part of one. */
async function completeInBash(...words: string[]): Promise<string[]> {
  const all = ['syncbot', ...words].map((word) => `'${word}'`).join(' ');
  const { stdout } = await run(
    'bash',
    [
      '--norc',
      '-c',
      `compopt() { :; }
syncbot() { [[ $* == project-ids ]] && printf 'orders\\nusers\\n'; }
eval "$SCRIPT"
COMP_WORDS=(${all}); COMP_CWORD=${words.length}
_syncbot
printf '%s\\n' "\${COMPREPLY[@]}"`,
    ],
    { env: { ...process.env, SCRIPT: textOf('completion', 'bash') } },
  );
  return stdout.split('\n').filter((line) => line !== '');
}

describe('completion', () => {
  test('in bash has commands, options, their values, states and files', async () => {
    expect(await completeInBash('')).toEqual(expect.arrayContaining([...commands, 'resume', '--help']));
    expect(await completeInBash('re')).toEqual(['restore', 'resume', 'retry']);
    expect(await completeInBash('list', '--')).toEqual(['--limit', '--json', '--help']);
    expect(await completeInBash('list', 'pause')).toEqual(['paused']);
    expect(await completeInBash('run', '--role', '')).toEqual(['all', 'bot', 'worker']);
    expect(await completeInBash('resume', 'orders', '--sk')).toEqual(['--skip']);
    expect(await completeInBash('history', '--since', '')).toEqual([]);
    expect(await completeInBash('apply', 'packa')).toEqual(['package-lock.json', 'package.json']);
    expect(await completeInBash('export', '--output', 'tsconfig.j')).toEqual(['tsconfig.json']);
    expect(await completeInBash('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  test('in bash has the projects of commands that take one', async () => {
    expect(await completeInBash('pause', '')).toEqual(['orders', 'users']);
    expect(await completeInBash('resume', 'orders', 'us')).toEqual(['users']);
    expect(await completeInBash('show', 'o')).toEqual(['orders']);
    expect(await completeInBash('list', 'us')).toEqual([]);
    expect(await completeInBash('start', '--time')).toEqual(['--timeout']);
  });

  test('of zsh and fish reads the projects for commands that take one only', () => {
    expect(textOf('completion', 'zsh').match(/:word:_syncbot_projects/g)).toHaveLength(11);
    expect(textOf('completion', 'fish').match(/-a '\(syncbot project-ids 2>\/dev\/null\)'/g)).toHaveLength(11);
  });

  test('reads the ids of the stored projects and writes nothing, and prints nothing if Redis does not answer', async () => {
    await using services = await startTestServices();
    for (const id of ['users', 'orders']) await services.createProject(id, [await services.createLink(id)]);
    const keysBefore = await services.redis.dbsize();
    expect(await runCliInProcess(['project-ids'], { env: { REDIS_URL: services.url } })).toEqual({
      exit: 0,
      out: 'orders\nusers\n',
      err: '',
    });
    expect(await services.redis.dbsize()).toBe(keysBefore);
    for (const [url, exit] of [
      ['redis://127.0.0.1:1', 1],
      ['not a URL', 2],
    ] as const)
      expect(await runCliInProcess(['project-ids'], { env: { REDIS_URL: url } })).toEqual({ exit, out: '', err: '' });
  });

  test.each(['zsh', 'fish'])('in %s has every command, and quotes that are closed', async (shell) => {
    const script = textOf('completion', shell);
    for (const command of commands) expect(script).toMatch(new RegExp(`['\\s]${command}[:\\s]`));
    expect(script).toContain('all bot worker');
    expect(script.replaceAll("'\\''", '').split("'").length % 2).toBe(1);
  });

  test('is printed on stdout, and another shell is invalid usage', async () => {
    expect(await runCliInProcess(['completion', 'bash'])).toMatchObject({
      exit: 0,
      out: expect.stringContaining('complete -F _syncbot syncbot\n'),
      err: '',
    });
    expect(await runCliInProcess(['completion', 'tcsh'])).toMatchObject({ exit: 2, out: '' });
  });
});
