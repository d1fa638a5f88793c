import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildFolder } from './processes.ts';
import { createRunningProjects, startRedisFixture } from './redis-fixture.ts';
import { type Benchmark, type Row, singleRow } from './result.ts';
import { interleaved, measureMs, type RoundCounts } from './statistics.ts';

const fullSize = { rounds: 15, warmUps: 2 };
const tinySize = { rounds: 1, warmUps: 0 };
/** Over the start of Node. */
const maxMs = { help: 120, list: 300 };

const execFileAsync = promisify(execFile);

export const start: Benchmark = {
  title: 'the start of the command line',
  notes: [
    'From the start of the process to its end, less the same time of `node -e 0` in the same round.',
    'The program is a build as in a release, without a cache of compiled code. `list` shows ten projects of three links.',
  ],
  async measure({ tiny }) {
    const folder = join(buildFolder, 'dist');
    await execFileAsync(process.execPath, ['scripts/build.mjs', folder]);
    await using fixture = await startRedisFixture();
    const projects = await createRunningProjects(fixture, { name: 'start', projects: 10, linksEach: 3, waiting: 3 });
    const env = { ...projects.env, NODE_DISABLE_COMPILE_CACHE: '1' };
    const run = (args: readonly string[]) => measureMs(() => execFileAsync(process.execPath, args, { env }));
    const program = join(folder, 'main.js');
    return await toRows(
      { node: () => run(['-e', '0']), help: () => run([program, '--help']), list: () => run([program, 'list']) },
      tiny ? tinySize : fullSize,
    );
  },
};

async function toRows(
  sides: Readonly<Record<'node' | 'help' | 'list', () => Promise<number>>>,
  rounds: RoundCounts,
): Promise<Row[]> {
  const { node, help, list } = await interleaved(sides, rounds);
  const overNode = (times: readonly number[]) => times.map((ms, round) => ms - (node[round] ?? Number.NaN));
  return [
    singleRow({ name: '--help', unit: 'ms', subject: overNode(help), atMost: maxMs.help }),
    singleRow({ name: 'list', unit: 'ms', subject: overNode(list), atMost: maxMs.list }),
  ];
}
