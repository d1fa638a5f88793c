import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { buildTestPrograms } from '../support/syncbot-build.ts';
import { waitFor } from '../support/wait-for.ts';
import { type FaultCounts, injectFaults } from './chaos.ts';
import { findGrowth, formatTable, type ResourceStats, readOperations, readResourceStats } from './resource-stats.ts';
import { createSoakSystem, type SoakSystem } from './soak-system.ts';
import { simulateUser, type UserStats } from './users.ts';

const minutes = Number(process.env['SOAK_MINUTES'] ?? 30);
const warmUpMs = 15_000;
const print = (text: string) => process.stdout.write(`${text}\n`);

it(`${minutes} minutes of use with faults leave no open operation, no more connections and no violation of Slack's rules`, async () => {
  await using build = await buildTestPrograms();
  await using system = await createSoakSystem(build.folder);
  const stats: UserStats = { commands: 0, responses: 0, notDelivered: 0, missingResponses: 0, presses: 0 };
  const faultCounts: FaultCounts = new Map();
  const stopController = new AbortController();
  const users = ['U0ALICE', 'U0BOB', 'U0CAROL'].map((user) => simulateUser(system, user, stats, stopController.signal));
  await delay(Math.min(warmUpMs, minutes * 20_000));
  const start = await readResourceStats(system);
  const faultInjection = injectFaults(system, faultCounts, stopController.signal);
  await reportProgress(system, stats, faultCounts);
  stopController.abort();
  await Promise.all([...users, faultInjection]);

  const stillOpen = await waitUntilAllResolved(system);
  const end = await readStatsWhenIdle(system, start);
  const { byState } = await readOperations(system);
  print(`\nafter ${minutes} minutes\n${formatTable(start, end)}`);
  print(`users: ${formatCounts(Object.entries(stats))}`);
  print(`operations: ${formatCounts([...byState].sort())}; still open: ${stillOpen.length}`);
  print(`faults: ${formatCounts([...faultCounts].sort())}`);
  const { violations } = system.slack;
  print(`violations of Slack's rules: ${violations.length}`);
  const slackViolations = violations.map(({ rule, detail }) => `Slack's rule ${rule}: ${detail}`);
  const unexpectedExits = [...system.processes].flatMap(([name, process]) => {
    const output = process.failureOutput();
    return output === null ? [] : [`${name} ended: ${output}`];
  });
  expect([
    ...findGrowth(start.connections, end.connections),
    ...stillOpen,
    ...slackViolations,
    ...unexpectedExits,
  ]).toEqual([]);
  expect(byState.get('done')).toBeGreaterThan(0);
});

async function reportProgress(system: SoakSystem, stats: UserStats, faultCounts: FaultCounts): Promise<void> {
  const until = Date.now() + minutes * 60_000;
  for (let minute = 1; Date.now() < until; minute++) {
    await delay(Math.min(60_000, until - Date.now()));
    const { connections, megabytes } = await readResourceStats(system);
    const { byState } = await readOperations(system);
    const heaps = [...megabytes].filter(([name]) => name.startsWith('heap')).map(([, heap]) => heap.toFixed(1));
    print(
      `minute ${minute}: ${stats.commands} commands, ${stats.responses} responses, ${sum(byState.values())} operations (${formatCounts([...byState].sort())}), ` +
        `${sum(faultCounts.values())} faults, ${sum(connections.values())} connections, heaps ${heaps.join(' ')} MB`,
    );
  }
}

/** Waits until all operations have ended, at most 90 s. Returns those that are still open. */
async function waitUntilAllResolved(system: SoakSystem): Promise<string[]> {
  const allResolved = async () => (await readOperations(system)).open.length === 0;
  await waitFor(allResolved, { timeoutMs: 90_000 }).catch(() => {});
  return (await readOperations(system)).open;
}

/** Waits a while for the connections: a reconnected client may still have its old connection too. */
async function readStatsWhenIdle(system: SoakSystem, start: ResourceStats): Promise<ResourceStats> {
  const isIdle = async () => findGrowth(start.connections, (await readResourceStats(system)).connections).length === 0;
  await waitFor(isIdle, { timeoutMs: 30_000 }).catch(() => {});
  await waitFor(() => system.slack.socketCount === start.connections.get('sockets at Slack')).catch(() => {});
  return readResourceStats(system);
}

function formatCounts(entries: readonly (readonly [string, number])[]): string {
  return entries.map(([name, count]) => `${name} ${count}`).join(', ');
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0);
}
