import { expect, it } from 'vitest';
import type { ProcessStatus } from '../../src/application/stores.ts';
import { processProblems, waitForProcesses } from '../../src/cli/running-processes.ts';

const process = (configurationVersion: number | null): ProcessStatus => ({
  id: 'p1',
  role: 'worker',
  configurationVersion,
  unusable: [],
});

it('A process with an older configuration, or with that of its own file, is a problem. One with a newer one is not.', () => {
  expect(processProblems([process(1), process(null), process(2), process(3)], 2)).toEqual([
    expect.stringContaining('2 running processes (worker) use an older configuration'),
  ]);
});

it('The wait ends if a process uses a configuration that another apply has stored since.', async () => {
  const sleeps: number[] = [];
  const clock = { now: () => 0, monotonicNow: () => sleeps.length, sleep: async (ms: number) => void sleeps.push(ms) };
  const readings = [[process(1)], [process(3)]];
  const listProcesses = async () => readings.shift() ?? expect.unreachable();
  expect(await waitForProcesses({ configurations: { listProcesses }, clock }, 2)).toEqual([]);
});
