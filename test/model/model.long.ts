import { expect, it } from 'vitest';
import { operationKinds } from '../../src/domain/lifecycle.ts';
import { buildTestPrograms } from '../support/syncbot-build.ts';
import { workerFaults } from './commands.ts';
import { checkModel } from './model-run.ts';
import { emptyStats, formatStats } from './stats.ts';

const commands = Number(process.env['MODEL_COMMANDS'] ?? 10_000);
const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31);
const maxCommandsPerRun = 250;
/** How a pause ends to wait until its project has caught up. */
const expectedWaits = ['caught_up', 'pause_now', 'cancelled', 'not_caught_up'];
/** Each of these happens at least once in 10,000 commands, and so does each end of a wait. */
const expectedFaults = [
  ...workerFaults.map((fault) => `worker_${fault}`),
  'apply_policy',
  'create_queue',
  'delete_queue',
  'kill_bot',
  'long_outage',
  'outage',
  'outage_at_flags',
  'paused_by_person',
  'request_delivered_late',
  'resumed_by_person',
];

it(`${commands} random commands with faults keep every invariant of the history and the links`, async () => {
  await using built = await buildTestPrograms();
  const stats = emptyStats();
  const startedAt = Date.now();
  const print = (text: string) => process.stdout.write(`${text}\n`);
  print(`seed: ${seed}`);
  const runs = Math.max(1, Math.round(commands / maxCommandsPerRun));
  try {
    const path = process.env['MODEL_PATH'];
    const onRunFinished = () => stats.runs % 10 === 0 && print(`${stats.commands} commands`);
    const commandsPerRun = Math.min(commands, maxCommandsPerRun);
    await checkModel({ folder: built.folder, stats, onRunFinished, runs, seed, path, commandsPerRun });
  } finally {
    print(`${formatStats(stats)}\nseconds: ${Math.round((Date.now() - startedAt) / 1_000)}`);
  }
  expect(stats.operations.get('done')).toBeGreaterThan(0);
  if (commands >= 10_000) expect([...stats.done.keys()]).toEqual(expect.arrayContaining([...operationKinds]));
  if (commands >= 10_000) expect([...stats.waits.keys()]).toEqual(expect.arrayContaining(expectedWaits));
  if (commands >= 10_000) expect([...stats.faults.keys()]).toEqual(expect.arrayContaining(expectedFaults));
});
