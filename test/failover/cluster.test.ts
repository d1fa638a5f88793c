import { afterEach, beforeEach, expect, it } from 'vitest';
import { keys } from '../support/keys.ts';
import { startTestCluster, type TestCluster } from '../support/redis-cluster.ts';
import { createFailoverFixture, type FailoverFixture } from './failover-fixture.ts';
import { expectNoVersionGaps, expectPauseSurvives, expectRestoreSurvives } from './failover-scenarios.ts';

let cluster: TestCluster;
let fixture: FailoverFixture;
beforeEach(async () => {
  cluster = await startTestCluster();
  const prefixes = await Promise.all([0, 1, 2].map((node) => cluster.keyOn(node)));
  fixture = await createFailoverFixture({ ...cluster, client: () => cluster.client(), prefixes });
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const nodeFailure = (node: number) => ({
  waitUntilDurable: async () => {},
  fail: () => cluster.kill(node),
  recover: () => cluster.restart(node),
});

it('a pause and a restore each have one outcome when the node with the project record dies while they run', async () => {
  const node = await cluster.nodeOf(keys.project('orders').state);
  await expectPauseSurvives(fixture, nodeFailure(node));
  await expectRestoreSurvives(fixture, nodeFailure(node));
  await expectNoVersionGaps(fixture);
});

it("a pause has one outcome when the node with the bot's queues dies, and a restore when a node with only a link dies", async () => {
  const queuesNode = await cluster.nodeOf(keys.queuePrefix);
  const recordNode = await cluster.nodeOf(keys.project('orders').state);
  const linkNode = [0, 1, 2].find((node) => node !== queuesNode && node !== recordNode);
  await expectPauseSurvives(fixture, nodeFailure(queuesNode));
  await expectRestoreSurvives(fixture, nodeFailure(linkNode ?? expect.unreachable()));
  await expectNoVersionGaps(fixture);
});
