import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildKustomization } from '../deploy/kustomize.ts';
import { runApp } from '../metrics/running-app.ts';
import { writeRedisCli } from '../support/redis-cli.ts';
import { startProgram } from '../support/running-program.ts';
import { startAclServer } from './acl-server.ts';
import { blocksOf, readPage } from './pages.ts';

const commandBlocks = blocksOf(readPage('docs/rotating-secrets.md'), 'sh').map(({ text }) => text.trim().split('\n'));

test('The commands of the page rotate the password of a Redis user, and only a worker with the old one stops working.', async () => {
  await using server = await startAclServer();
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-rotation-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeRedisCli(folder, server.url);
  const env = { PATH: `${folder}:${dirname(process.execPath)}:/usr/bin:/bin` };
  const run = async (commands: readonly string[] = []) => {
    for (const command of commands) {
      const result = await startProgram('sh', ['-c', command], { cwd: folder, env }).exited;
      expect(result, command).toMatchObject({ code: 0, stdout: expect.stringMatching(/^(OK|\d+)\n$/) });
    }
  };
  const oldUrl = server.urlFor('syncbot');
  const [addNew, , removeOld, closeConnections, ...others] = commandBlocks;
  expect(others).toEqual([]);

  await using oldWorker = await runApp({ role: 'worker', redisUrl: oldUrl });
  const statusOf = async (app: typeof oldWorker) => (await app.get('/readyz')).status;
  await expect.poll(() => statusOf(oldWorker)).toBe(200);
  await run(addNew);
  await using newWorker = await runApp({
    role: 'worker',
    redisUrl: oldUrl.replace('change-me', 'new-password'),
  });
  await expect.poll(() => statusOf(newWorker)).toBe(200);
  await run(removeOld);
  expect([await statusOf(oldWorker), await statusOf(newWorker)]).toEqual([200, 200]);
  await run(closeConnections);
  await expect.poll(() => statusOf(oldWorker)).toBe(503);
  await expect.poll(() => statusOf(newWorker)).toBe(200);
  expect(oldWorker.logLines).toContainEqual(expect.objectContaining({ msg: 'Redis connection failed' }));
  // The file has the new password only.
  await server.admin.acl('LOAD');
  expect(await server.admin.acl('GETUSER', 'syncbot')).toEqual(
    expect.arrayContaining(['passwords', [expect.any(String)]]),
  );
});

test('The commands for Kubernetes name Deployments that exist.', () => {
  const deployments = buildKustomization('production').filter(({ kind }) => kind === 'Deployment');
  const names = deployments.map(({ metadata }) => `${metadata.namespace} deployment/${metadata.name}`);
  const [, [apply, ...rollouts] = []] = commandBlocks;
  expect(apply).toBe('kubectl -n syncbot-production apply -f production-secrets.yaml');
  expect(rollouts).toHaveLength(4);
  for (const command of rollouts) {
    const [, namespace, deployment] = /^kubectl -n (\S+) rollout (?:restart|status) (\S+)$/.exec(command) ?? [];
    expect(names).toContain(`${namespace} ${deployment}`);
  }
});
