import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { ack } from './ack.ts';
import { helpText, type Letter, parseBenchmarkArguments, type RunArguments } from './arguments.ts';
import { batch } from './batch.ts';
import { config } from './config.ts';
import { failure } from './failure.ts';
import { list } from './list.ts';
import { describeMachine } from './machine.ts';
import { memory } from './memory.ts';
import { observe } from './observe.ts';
import { pause } from './pause.ts';
import { type Report, renderMarkdown, renderTable } from './report.ts';
import type { Benchmark, Result } from './result.ts';
import { start } from './start.ts';
import { throughput } from './throughput.ts';

const benchmarks: Readonly<Record<Letter, Benchmark>> = {
  a: ack,
  b: list,
  c: pause,
  d: throughput,
  e: observe,
  f: memory,
  g: failure,
  j: batch,
  k: start,
  l: config,
};

/** The root of the repository: scripts/bench.mjs starts this program there. */
const root = pathToFileURL(`${process.cwd()}/`);

const parsedArguments = parseBenchmarkArguments(process.argv.slice(2));
switch (parsedArguments.kind) {
  case 'help':
    process.stdout.write(`${helpText}\n`);
    break;
  case 'invalid':
    process.stderr.write(`${parsedArguments.message}\n`);
    process.exitCode = 2;
    break;
  case 'run':
    exitWithParent();
    await runBenchmarks(parsedArguments);
}

async function runBenchmarks({ selected, json, tiny, write }: RunArguments): Promise<void> {
  const print = (text: string) => void (json ? process.stderr : process.stdout).write(`${text}\n`);
  if (tiny) print('A tiny run: its numbers are meaningless.');
  const results: Result[] = [];
  for (const letter of selected) {
    try {
      const result = await runBenchmark(letter, tiny);
      results.push(result);
      print(renderTable(result));
    } catch (error) {
      // The other benchmarks still run.
      process.stderr.write(`Benchmark ${letter} failed: ${error instanceof Error ? error.stack : error}\n\n`);
      process.exitCode = 1;
    }
  }
  const report: Report = { at: new Date().toISOString(), machine: await describeMachine(root), results };
  if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (write) await writeResults(report);
}

async function runBenchmark(letter: Letter, tiny: boolean): Promise<Result> {
  const { title, notes, measure } = benchmarks[letter];
  const start = performance.now();
  const rows = await measure({ tiny });
  return { letter, title, notes, rows, seconds: (performance.now() - start) / 1_000 };
}

async function writeResults(report: Report): Promise<void> {
  const resultsFile = new URL('bench/RESULTS.md', root);
  const previousPage = await readFile(resultsFile, 'utf8').catch(() => '');
  await writeFile(resultsFile, renderMarkdown(report, previousPage));
}

/** Exits at a signal, and when the parent process ends. Redis servers and programs end with this process. */
function exitWithParent(): void {
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  process.once('disconnect', () => process.exit(1));
  if (!process.connected) process.exit(1);
  process.channel?.unref();
}
