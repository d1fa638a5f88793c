import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { messages } from '../../src/messages/catalog.ts';
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
