import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { ack } from './ack.ts';
import { type Choice, type Letter, readChoice } from './choice.ts';
import { list } from './list.ts';
import { describeMachine } from './machine.ts';
import { memory } from './memory.ts';
import { observe } from './observe.ts';
import { pause } from './pause.ts';
import { markdownOf, type Report, textOf } from './report.ts';
import type { Benchmark, Result } from './result.ts';
import { throughput } from './throughput.ts';

const benchmarks: Readonly<Record<Letter, Benchmark>> = {
  a: ack,
  b: list,
  c: pause,
  d: throughput,
  e: observe,
  f: memory,
};

/** The folder of package.json, where the program is started. */
const root = pathToFileURL(`${process.cwd()}/`);

const choice = readChoice(process.argv.slice(2));
if (typeof choice === 'string') {
  process.stderr.write(`${choice}\n`);
  process.exitCode = 2;
} else {
  endWithWhoStarted();
  await run(choice);
}

async function run({ chosen, json, tiny, write }: Choice): Promise<void> {
  const say = (text: string) => void (json ? process.stderr : process.stdout).write(`${text}\n`);
  if (tiny) say('A tiny run: its figures mean nothing.');
  const results: Result[] = [];
  for (const letter of chosen) {
    try {
      const result = await runOne(letter, tiny);
      results.push(result);
      say(textOf(result));
    } catch (error) {
      // The others are worth their time all the same.
      process.stderr.write(`(${letter}) could not be measured: ${error instanceof Error ? error.stack : error}\n\n`);
      process.exitCode = 1;
    }
  }
  const report: Report = { at: new Date().toISOString(), machine: await describeMachine(root), results };
  if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (write) await writeResults(report);
}

async function writeResults(report: Report): Promise<void> {
  const page = new URL('bench/RESULTS.md', root);
  const before = await readFile(page, 'utf8').catch(() => '');
  await writeFile(page, markdownOf(report, before));
}

async function runOne(letter: Letter, tiny: boolean): Promise<Result> {
  const { title, notes, measure } = benchmarks[letter];
  const start = performance.now();
  const rows = await measure({ tiny });
  return { letter, title, notes, rows, seconds: (performance.now() - start) / 1_000 };
}

/** Redis servers and programs end with this process; it ends at a signal, and with whoever started it. */
function endWithWhoStarted(): void {
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  process.once('disconnect', () => process.exit(1));
  if (!process.connected) process.exit(1);
  process.channel?.unref();
}
