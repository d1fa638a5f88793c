import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildFolder } from './processes.ts';
import { startRedisFixture } from './redis-fixture.ts';
import { type Benchmark, singleRow } from './result.ts';

const fullSize = { projects: 10_000, rounds: 5 };
const tinySize = { projects: 20, rounds: 1 };
const megabyte = 2 ** 20;
const maxMs = 1_000;
const maxMegabytes = 200;

export const config: Benchmark = {
  title: 'reading syncbot.yml',
  notes: [
    `The file has ${fullSize.projects} projects of two links, each with a description, source, target, labels and limits (3.6 MB).`,
    'The time is that of reading and checking the file, which is the same in all commands, in a process of its own.',
    'The memory is the peak of the process, with everything that the command loads. The Redis of `list` and `show` has no project.',
  ],
  async measure({ tiny }) {
    const { projects, rounds } = tiny ? tinySize : fullSize;
    await using fixture = await startRedisFixture();
    const file = join(buildFolder, 'config.yml');
    await writeFile(file, configText(projects));
    const env = { REDIS_URL: fixture.url, SYNCBOT_CONFIG: file };
    const commands = {
      'reading alone': ['bench/programs/read-config.js'],
      list: ['src/main.js', 'list'],
      show: ['src/main.js', 'show', 'none'],
    };
    const times: number[] = [];
    const peaks: Record<string, number[]> = {};
    for (let round = 0; round < rounds; round++) {
      for (const [name, command] of Object.entries(commands)) {
        const { output, peakRss } = await runToEnd(command, env);
        if (name === 'reading alone') times.push(Number(output));
        peaks[name] = [...(peaks[name] ?? []), peakRss / megabyte];
      }
    }
    return [
      singleRow({ name: `${projects} projects`, unit: 'ms', subject: times, atMost: maxMs }),
      ...Object.entries(peaks).map(([name, subject]) =>
        singleRow({ name: `${name}, peak RSS`, unit: 'MB', subject, atMost: maxMegabytes }),
      ),
    ];
  },
};

async function runToEnd([file = '', ...args]: readonly string[], env: Readonly<Record<string, string>>) {
  const peakFile = join(buildFolder, 'peak-rss');
  const probeUrl = new URL('programs/peak-probe.js', import.meta.url).href;
  const ended = promisify(execFile)(process.execPath, ['--import', probeUrl, join(buildFolder, file), ...args], {
    env: { ...env, PEAK_RSS_FILE: peakFile },
  });
  // `show` of an unknown project ends with exit code 1.
  const output = await ended.then(
    ({ stdout }) => stdout,
    () => '',
  );
  return { output, peakRss: Number(await readFile(peakFile, 'utf8')) };
}

function configText(projects: number): string {
  const ids = Array.from({ length: projects }, (_none, index) => `project-${String(index).padStart(5, '0')}`);
  return `policy:\n  operators: [U0123ABCD]\nprojects:\n${ids.map(projectText).join('')}`;
}

function projectText(id: string, index: number): string {
  return `  ${id}:
    description: Orders of region ${index} to the warehouse
    source: { type: mysql, name: orders-db-${index} }
    target: { type: kafka, name: warehouse-${index} }
    labels: [prod, region-${index % 50}]
    channel: C0123ABCD
    logRetention: 48h
    latencyAlert: 5m
    links:
      - queue: ${id}-full
      - { queue: ${id}-incr, prefix: bull }
`;
}
