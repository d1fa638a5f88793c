import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { letters } from '../../bench/choice.ts';
import { waitFor } from '../support/wait.ts';

const figure = z.number().positive();
const spread = z.object({ median: figure, low: figure, high: figure, rounds: z.int().positive() });
const aim = z.object({ of: z.enum(['ratio', 'ours']), atMost: figure, met: z.boolean() });
const row = z.object({
  name: z.string(),
  unit: z.string(),
  ours: spread,
  floor: spread.nullable(),
  ratio: spread.nullable(),
  aim: aim.nullable(),
});
const report = z.object({
  at: z.iso.datetime(),
  machine: z.object({ versions: z.record(z.string(), z.string()) }),
  results: z.array(z.object({ letter: z.enum(letters), title: z.string(), rows: z.array(row).min(1) })),
});

it('runs each benchmark, if only for seconds, and tells every figure with its aim', async () => {
  await using bench = await start('--tiny', '--json');
  expect(await bench.ended, bench.errors()).toBe(0);
  const { results } = report.parse(JSON.parse(bench.output()));
  const aims = (rows: z.infer<typeof row>[]) => rows.flatMap((one) => one.aim?.atMost ?? []);
  expect(Object.fromEntries(results.map(({ letter, rows }) => [letter, aims(rows)]))).toEqual({
    a: Array(8).fill(1.2),
    b: [1.3],
    c: [1.3, 1.3, 1.3, 1.3],
    d: [],
    e: [1.5, 5, 1.5, 5],
    f: [],
  });
  for (const { floor, ratio, aim: its } of results.flatMap(({ rows }) => rows)) {
    expect(floor === null).toBe(ratio === null);
    if (its?.of === 'ratio') expect(its.met).toBe((ratio?.median ?? Number.NaN) <= its.atMost);
  }
  expect(await bench.leftovers()).toEqual([]);
}, 180_000);

it('runs only what is chosen, and prints a table', async () => {
  await using bench = await start('e', '--tiny');
  expect(await bench.ended, bench.errors()).toBe(0);
  expect(bench.output()).toContain('(e) one observation');
  expect(bench.output()).not.toContain('(a)');
});

it('ends with one sentence and exit code 2 when it is told something wrong', async () => {
  await using bench = await start('z');
  expect(await bench.ended).toBe(2);
  expect(bench.errors()).toMatch(/^There is no benchmark "z"\. Usage: .*\n$/);
});

// A whole run: it would take longer than anybody waits here.
const inTheMiddle = async () => {
  const bench = await start('a');
  await waitFor(async () => (await bench.processes()).some(({ command }) => command.includes('bare-bolt')), {
    describe: 'a bot',
  });
  return bench;
};

it.each([
  { signal: 'SIGINT', to: 'group', what: 'Ctrl-C' },
  { signal: 'SIGTERM', to: 'script', what: 'SIGTERM' },
] as const)('leaves nothing behind when $what comes in the middle', async ({ signal, to }) => {
  await using bench = await inTheMiddle();
  bench.interrupt(signal, to);
  await waitFor(async () => (await bench.leftovers()).length === 0, { describe: 'the end of everything' });
});

it.each(['scripts/bench.mjs', 'bench/main.js'])('leaves no process behind when %s is killed', async (program) => {
  await using bench = await inTheMiddle();
  await bench.kill(program);
  await waitFor(async () => (await bench.processes()).length === 0, { describe: 'the end of every process' });
});

/** `node scripts/bench.mjs`, leading a group of its own as in a terminal, with a folder for temporary files that nobody else uses. */
async function start(...args: readonly string[]) {
  const temporary = await mkdtemp(join(tmpdir(), 'syncbot-test-'));
  const program = new URL('../../scripts/bench.mjs', import.meta.url).pathname;
  const bench = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    bench[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  const ended = once(bench, 'close').then(([code]) => code as number | null);
  /** The group is what a terminal interrupts. */
  const interrupt = (signal: NodeJS.Signals, to: 'group' | 'script') => {
    const { pid, exitCode, signalCode } = bench;
    if (pid !== undefined && exitCode === null && signalCode === null)
      process.kill(to === 'group' ? -pid : pid, signal);
  };
  onTestFinished(() => rm(temporary, { recursive: true, force: true }));
  return {
    ended,
    interrupt,
    async kill(name: string) {
      const found = (await processesOf(temporary)).find(({ command }) => command.includes(name));
      process.kill(found?.pid ?? bench.pid ?? 0, 'SIGKILL');
    },
    output: () => said.stdout,
    errors: () => said.stderr,
    /** Those that name the folder. */
    processes: () => processesOf(temporary),
    /** Everything in the folder, and those processes. */
    leftovers: async () => [...(await readdir(temporary)), ...(await processesOf(temporary))],
    async [Symbol.asyncDispose]() {
      interrupt('SIGKILL', 'group');
      await ended;
    },
  };
}

async function processesOf(temporary: string): Promise<{ readonly pid: number; readonly command: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = pids.map(async (pid) => {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return { pid: Number(pid), command };
  });
  return (await Promise.all(all)).filter(({ command }) => command.includes(temporary));
}
