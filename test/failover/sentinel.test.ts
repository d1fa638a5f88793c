import { afterEach, beforeEach, expect, it } from 'vitest';
import { observeProject } from '../../src/application/look.ts';
import { linkItems } from '../../src/cli/doctor-links.ts';
import { type SentinelGroup, startSentinelGroup } from '../support/redis-sentinel.ts';
import { waitFor } from '../support/wait.ts';
import { type Bench, openBench, tasks } from './bench.ts';
import { allRan, survives, survivesRestore, withoutGaps } from './scenario.ts';

let group: SentinelGroup;
let bench: Bench;
beforeEach(async () => {
  group = await startSentinelGroup();
  bench = await openBench({ ...group, client: () => group.client(), prefixes: ['one', 'two'] });
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
  await group[Symbol.asyncDispose]();
});

const failure = () => {
  const writer = group.client();
  return { safe: () => group.replicated(writer), fail: () => group.kill(), recover: () => group.promoted() };
};
const nothing = async () => {};

it('the primary dies in the middle of a pause: its replica carries it through, and a restore after it', async () => {
  await survives(bench, failure());
  await withoutGaps(bench);
  await survivesRestore(bench, { safe: nothing, fail: nothing, recover: nothing });
  await withoutGaps(bench);
});

it('the primary dies in the middle of a restore: one outcome, and no task is lost or run twice', async () => {
  await survives(bench, { safe: nothing, fail: nothing, recover: nothing });
  await survivesRestore(bench, failure());
  await withoutGaps(bench);
});

it('a pause of which the replicas heard nothing is forgotten; the link elsewhere that is paused can be seen', async () => {
  await bench.add(tasks('before'));
  await allRan(bench, tasks('before'));
  await group.replicated(group.client());
  await group.cutReplication();
  await bench.over(await bench.ask('pause'));
  await bench.agreed();
  await group.kill();
  await group.promoted();
  const { deps } = bench.core;
  const project = await waitFor(() => deps.store.read('orders'));
  expect(project).toMatchObject({ state: 'running', version: 1, holder: null });
  const seen = async () => linkItems({ project, figures: await observeProject(deps, project) }, [1, 1, 1]);
  await waitFor(async () => (await seen()).every(({ result }) => result !== 'unknown'));
  expect((await seen()).map(({ result, message }) => `${result} ${message.split(';')[0]}`)).toEqual([
    'pass running',
    'pass running',
    'fail paused although orders is Running',
  ]);
  // The state rules still lead out of it.
  await waitFor(async () => (await bench.over(await bench.ask('pause'))).state === 'done');
  expect(await bench.agreed()).toBe('paused');
  expect(await bench.over(await bench.ask('restore'))).toMatchObject({ state: 'done' });
  expect(await bench.agreed()).toBe('running');
  await withoutGaps(bench);
});
