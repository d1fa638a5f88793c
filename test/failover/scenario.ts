import { expect } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { type Bench, tasks } from './bench.ts';

/** What happens to the Redis with the bot's records and most links, between its first failure and its return. */
export interface Failure {
  /** Waits until everything written so far survives what follows. */
  readonly safe: () => Promise<void>;
  readonly fail: () => Promise<void>;
  readonly recover: () => Promise<void>;
}

/** A Redis that fails in the middle of a pause and of a restore: each ends in one outcome, no task is lost or run twice. */
export async function survives(bench: Bench, { safe, fail, recover }: Failure): Promise<void> {
  const [before, during] = [tasks('before'), tasks('during')];
  await bench.add(before);
  await allRan(bench, before);

  bench.far.kill('SIGSTOP');
  const pause = await bench.ask('pause');
  await waitFor(async () => (await bench.state()) === 'pausing');
  await safe();
  await fail();
  bench.far.kill('SIGCONT');
  await recover();
  expect(await bench.over(pause)).toMatchObject({ state: 'done' });
  expect(await bench.agreed()).toBe('paused');
  await bench.add(during);
  await allRan(bench, before);
}

/** After the pause: one that fails in the middle of a restore. */
export async function survivesRestore(bench: Bench, { safe, fail, recover }: Failure): Promise<void> {
  const all = [...tasks('before'), ...tasks('during')];
  bench.far.kill('SIGSTOP');
  const restore = await bench.ask('restore');
  await waitFor(async () => (await bench.state()) === 'restoring');
  await safe();
  await fail();
  bench.far.kill('SIGCONT');
  await recover();
  const ended = await bench.over(restore);
  expect(['done', 'failed']).toContain(ended.state);
  expect(await bench.agreed()).toBe(ended.state === 'done' ? 'running' : 'paused');
  if (ended.state === 'failed') await bench.over(await bench.ask('restore'));
  expect(await bench.agreed()).toBe('running');
  await allRan(bench, all);
}

/** Each link has run just these tasks, once each, the oldest first. */
export async function allRan(bench: Bench, names: readonly string[]): Promise<void> {
  await waitFor(() => [...bench.ran.values()].every((ran) => ran.length >= names.length), {
    describe: 'all tasks to run',
    timeoutMs: 45_000,
  });
  for (const [link, ran] of bench.ran) expect({ link, ran }).toEqual({ link, ran: names });
}

/** Among what survived there is no gap, and nothing that is written twice. */
export async function withoutGaps(bench: Bench): Promise<void> {
  const versions = await bench.versions();
  const steps = [...new Set(versions)];
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
  expect(steps).toEqual(steps.map((_version, index) => index + 1));
}
