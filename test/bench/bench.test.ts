import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { letters } from '../../bench/arguments.ts';
import { waitFor } from '../support/wait-for.ts';

const positiveNumber = z.number().positive();
const spread = z.object({
  median: positiveNumber,
  low: positiveNumber,
  high: positiveNumber,
  rounds: z.int().positive(),
});
const target = z.object({ appliesTo: z.enum(['ratio', 'subject']), atMost: positiveNumber, met: z.boolean() });
const row = z.object({
  name: z.string(),
  unit: z.string(),
  subject: spread,
  baseline: spread.nullable(),
  ratio: spread.nullable(),
  target: target.nullable(),
});
const report = z.object({
  at: z.iso.datetime(),
  machine: z.object({ versions: z.record(z.string(), z.string()) }),
  results: z.array(z.object({ letter: z.enum(letters), title: z.string(), rows: z.array(row).min(1) })),
});

it('the script runs each benchmark with --tiny and prints every number with its target as JSON', async () => {
  await using benchmarkRun = await startBenchmark('--tiny', '--json');
  expect(await benchmarkRun.ended, benchmarkRun.errors()).toBe(0);
  const { results } = report.parse(JSON.parse(benchmarkRun.output()));
  const targetLimits = (rows: z.infer<typeof row>[]) => rows.flatMap((resultRow) => resultRow.target?.atMost ?? []);
  expect(Object.fromEntries(results.map(({ letter, rows }) => [letter, targetLimits(rows)]))).toEqual({
    a: Array(8).fill(1.2),
    b: [1.3],
    c: [1.3, 1.3, 1.3, 1.3],
    d: [],
    e: [1.5, 5, 1.5, 5],
    f: [],
    g: [],
    j: [1.5, 1.5],
    k: [120, 300],
    l: [1_000, 200, 200, 200],
  });
  for (const { baseline, ratio, target: rowTarget } of results.flatMap(({ rows }) => rows)) {
    expect(baseline === null).toBe(ratio === null);
    if (rowTarget?.appliesTo === 'ratio') expect(rowTarget.met).toBe((ratio?.median ?? Number.NaN) <= rowTarget.atMost);
  }
  expect(await benchmarkRun.leftovers()).toEqual([]);
});

it('the script runs only the named benchmark and prints a table', async () => {
  await using benchmarkRun = await startBenchmark('e', '--tiny');
  expect(await benchmarkRun.ended, benchmarkRun.errors()).toBe(0);
  expect(benchmarkRun.output()).toContain('(e) one observation');
  expect(benchmarkRun.output()).not.toContain('(a)');
});

it('the script prints the usage with exit code 0 for --help', async () => {
  await using benchmarkRun = await startBenchmark('--help');
  expect(await benchmarkRun.ended).toBe(0);
  expect(benchmarkRun.output()).toMatch(/^Usage: npm run bench -- /);
  expect(benchmarkRun.errors()).toBe('');
});

it('the script exits with code 2 and one line for an unknown benchmark', async () => {
  await using benchmarkRun = await startBenchmark('z');
  expect(await benchmarkRun.ended).toBe(2);
  expect(benchmarkRun.errors()).toMatch(/^There is no benchmark "z"\. Usage: .*\n$/);
});

/** To list all processes takes the processor for milliseconds. */
const processListIntervalMs = 200;

/** Without --tiny, so that the run is still in progress when the test interrupts it. */
const startAndWaitForBot = async () => {
  const benchmarkRun = await startBenchmark('a');
  await waitFor(async () => (await benchmarkRun.processes()).some(({ command }) => command.includes('baseline-bolt')), {
    description: 'the Bolt app of the baseline',
    intervalMs: processListIntervalMs,
  });
  return benchmarkRun;
};

it.each([
  { signal: 'SIGINT', to: 'group', what: 'Ctrl-C' },
  { signal: 'SIGTERM', to: 'script', what: 'SIGTERM' },
] as const)('the script leaves no file and no process behind after $what during a run', async ({ signal, to }) => {
  await using benchmarkRun = await startAndWaitForBot();
  benchmarkRun.interrupt(signal, to);
  await waitFor(async () => (await benchmarkRun.leftovers()).length === 0, {
    description: 'the end of all files and processes',
    intervalMs: processListIntervalMs,
  });
});

it.each(['scripts/bench.mjs', 'bench/main.js'])(
  'a benchmark run leaves no process behind when %s is killed',
  async (program) => {
    await using benchmarkRun = await startAndWaitForBot();
    await benchmarkRun.kill(program);
    await waitFor(async () => (await benchmarkRun.processes()).length === 0, {
      description: 'the end of every process',
      intervalMs: processListIntervalMs,
    });
  },
);

/** Starts scripts/bench.mjs in its own process group, as a terminal does, and with its own folder for temporary files. */
async function startBenchmark(...args: readonly string[]) {
  const tempFolder = await mkdtemp(join(tmpdir(), 'syncbot-test-'));
  const program = new URL('../../scripts/bench.mjs', import.meta.url).pathname;
  const benchmarkRun = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, TMPDIR: tempFolder },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const captured = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    benchmarkRun[name].setEncoding('utf8').on('data', (text: string) => {
      captured[name] += text;
    });
  }
  const ended = once(benchmarkRun, 'close').then(([code]) => code as number | null);
  /** A terminal interrupts the group. */
  const interrupt = (signal: NodeJS.Signals, to: 'group' | 'script') => {
    const { pid, exitCode, signalCode } = benchmarkRun;
    if (pid !== undefined && exitCode === null && signalCode === null)
      process.kill(to === 'group' ? -pid : pid, signal);
  };
  onTestFinished(() => rm(tempFolder, { recursive: true, force: true }));
  return {
    ended,
    interrupt,
    async kill(name: string) {
      const found = (await processesOf(tempFolder)).find(({ command }) => command.includes(name));
      process.kill(found?.pid ?? benchmarkRun.pid ?? 0, 'SIGKILL');
    },
    output: () => captured.stdout,
    errors: () => captured.stderr,
    /** The processes whose command line contains the folder. */
    processes: () => processesOf(tempFolder),
    /** Everything in the folder, and these processes. */
    leftovers: async () => [...(await readdir(tempFolder)), ...(await processesOf(tempFolder))],
    async [Symbol.asyncDispose]() {
      interrupt('SIGKILL', 'group');
      await ended;
    },
  };
}

async function processesOf(tempFolder: string): Promise<{ readonly pid: number; readonly command: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = pids.map(async (pid) => {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return { pid: Number(pid), command };
  });
  return (await Promise.all(all)).filter(({ command }) => command.includes(tempFolder));
}
