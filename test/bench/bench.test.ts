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

it('runs each benchmark, if only for seconds, and tells every figure with its aim', async () => {
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
  });
  for (const { baseline, ratio, target: rowTarget } of results.flatMap(({ rows }) => rows)) {
    expect(baseline === null).toBe(ratio === null);
    if (rowTarget?.appliesTo === 'ratio') expect(rowTarget.met).toBe((ratio?.median ?? Number.NaN) <= rowTarget.atMost);
  }
  expect(await benchmarkRun.leftovers()).toEqual([]);
}, 180_000);

it('runs only what is chosen, and prints a table', async () => {
  await using benchmarkRun = await startBenchmark('e', '--tiny');
  expect(await benchmarkRun.ended, benchmarkRun.errors()).toBe(0);
  expect(benchmarkRun.output()).toContain('(e) one observation');
  expect(benchmarkRun.output()).not.toContain('(a)');
});

it('ends with one sentence and exit code 2 when it is told something wrong', async () => {
  await using benchmarkRun = await startBenchmark('z');
  expect(await benchmarkRun.ended).toBe(2);
  expect(benchmarkRun.errors()).toMatch(/^There is no benchmark "z"\. Usage: .*\n$/);
});

// A whole run: it would take longer than anybody waits here.
const startAndWaitForBot = async () => {
  const benchmarkRun = await startBenchmark('a');
  await waitFor(async () => (await benchmarkRun.processes()).some(({ command }) => command.includes('baseline-bolt')), {
    description: 'a bot',
  });
  return benchmarkRun;
};

it.each([
  { signal: 'SIGINT', to: 'group', what: 'Ctrl-C' },
  { signal: 'SIGTERM', to: 'script', what: 'SIGTERM' },
] as const)('leaves nothing behind when $what comes in the middle', async ({ signal, to }) => {
  await using benchmarkRun = await startAndWaitForBot();
  benchmarkRun.interrupt(signal, to);
  await waitFor(async () => (await benchmarkRun.leftovers()).length === 0, { description: 'the end of everything' });
});

it.each(['scripts/bench.mjs', 'bench/main.js'])('leaves no process behind when %s is killed', async (program) => {
  await using benchmarkRun = await startAndWaitForBot();
  await benchmarkRun.kill(program);
  await waitFor(async () => (await benchmarkRun.processes()).length === 0, { description: 'the end of every process' });
});

/** `node scripts/bench.mjs`, leading a group of its own as in a terminal, with a folder for temporary files that nobody else uses. */
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
  /** The group is what a terminal interrupts. */
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
    /** Those that name the folder. */
    processes: () => processesOf(tempFolder),
    /** Everything in the folder, and those processes. */
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
