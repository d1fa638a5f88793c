import { afterEach, beforeEach, expect, it } from 'vitest';
import { projectKeys, queuePrefix } from '../../src/infra/redis/keys.ts';
import { startCluster, type TestCluster } from '../support/redis-cluster.ts';
import { type Bench, openBench } from './bench.ts';
import { survives, survivesRestore, withoutGaps } from './scenario.ts';

let cluster: TestCluster;
let bench: Bench;
/** A prefix on each of the three nodes. */
const prefixes: string[] = [];
beforeEach(async () => {
  cluster = await startCluster();
  prefixes.length = 0;
  for (let n = 0; prefixes.length < 3; n++) {
    if ((await cluster.nodeOf(`{orders-${n}}`)) === prefixes.length) prefixes.push(`{orders-${n}}`);
  }
  bench = await openBench({ ...cluster, client: () => cluster.client(), prefixes });
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const failureOf = (node: number) => ({
  safe: async () => {},
  fail: () => cluster.kill(node),
  recover: () => cluster.restart(node),
});

// Workers wait some seconds before they look at a failed node again.
const limits = { timeout: 150_000 };

it('the node with the record of the project dies in the middle of a pause and of a restore', limits, async () => {
  const node = await cluster.nodeOf(projectKeys('orders').state);
  await survives(bench, failureOf(node));
  await survivesRestore(bench, failureOf(node));
  await withoutGaps(bench);
});

it('the node with the queues of the bot dies, then one with nothing but a link', limits, async () => {
  const queues = await cluster.nodeOf(queuePrefix);
  const record = await cluster.nodeOf(projectKeys('orders').state);
  const other = [0, 1, 2].find((node) => node !== queues && node !== record);
  await survives(bench, failureOf(queues));
  await survivesRestore(bench, failureOf(other ?? expect.unreachable()));
  await withoutGaps(bench);
});
