import { afterEach, beforeEach, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { planApply } from '../../src/application/plan.ts';
import type { Services } from '../../src/services.ts';
import { openAppOn, runCliInProcess, writeConfigFile } from '../cli/cli-fixture.ts';
import { endpointOf, requestAndConfirm, startTestServices, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { createApplyFixture, desiredProject } from './apply-fixture.ts';

let services: TestServices;
let staging: Services;
beforeEach(async () => {
  services = await startTestServices();
  staging = services.addInstance({}, { keyPrefix: 'staging' });
});
afterEach(() => services[Symbol.asyncDispose]());

test('Two syncbots with their own prefixes share a Redis, and each works on its own projects only.', async () => {
  const [orders, users] = [await services.createLink('orders'), await services.createLink('users')];
  const production = services.instance;
  await createApplyFixture(production).apply(desiredProject('orders', [orders], { adopt: true }));
  await createApplyFixture(staging).apply(desiredProject('users', [users], { adopt: true }));
  await Promise.all([production, staging].flatMap((each) => [each.startWorkers(), each.startSweep()]));

  await requestAndConfirm(production.context, { project: 'orders', action: 'pause' });
  await waitFor(async () => (await production.context.projects.read('orders'))?.state === 'paused');
  expect(await users.queue.isPaused()).toBe(false);
  await requestAndConfirm(staging.context, { project: 'users', action: 'pause' });
  await waitFor(async () => (await staging.context.projects.read('users'))?.state === 'paused');
  for (const { context } of [production, staging]) {
    await waitFor(async () => (await context.observations.readLastCycle()) !== null);
  }

  expect(await production.context.projects.listIds()).toEqual(['orders']);
  expect(await staging.context.projects.listIds()).toEqual(['users']);
  const beginnings = (await services.redis.keys('*')).map((key) => /^\{?[^:}]*\}?:/.exec(key)?.[0]);
  expect([...new Set(beginnings)].sort()).toEqual(['bull:', 'staging:', 'syncbot:', '{staging}:', '{syncbot}:']);
});

test('SYNCBOT_PREFIX gives the records of the command line another beginning.', async () => {
  await services.createLink('orders');
  await using configFile = await writeConfigFile('projects: { orders: { adopt: true, links: [{ queue: orders }] } }\n');
  const env = { ...configFile.env, REDIS_URL: services.url, SYNCBOT_PREFIX: 'staging' };
  expect(await runCliInProcess(['apply', '--yes'], { env, openApp: createApp })).toMatchObject({ exit: 0 });
  expect(await staging.context.projects.listIds()).toEqual(['orders']);
  expect(await services.context.projects.listIds()).toEqual([]);
});

test('The same project id in both has two records.', async () => {
  const [one, two] = [await services.createLink('one'), await services.createLink('two')];
  await createApplyFixture(services.instance).apply(desiredProject('orders', [one], { adopt: true }));
  await createApplyFixture(staging).apply(desiredProject('orders', [two]));
  expect(await services.context.projects.read('orders')).toMatchObject({
    state: 'running',
    definition: { links: [one.link] },
  });
  expect(await staging.context.projects.read('orders')).toMatchObject({
    state: 'not_started',
    definition: { links: [two.link] },
  });
});

test('A queue that is a link of the other syncbot is refused, also by another address, and nothing is changed.', async () => {
  const orders = await services.createLink('orders');
  await createApplyFixture(services.instance).apply(desiredProject('orders', [orders], { adopt: true }));
  const copies = desiredProject('copies', [orders]);
  const expected = {
    kind: 'refused',
    refusals: [{ code: 'queue_of_other_syncbot', project: 'copies', other: { prefix: 'syncbot', project: 'orders' } }],
  };
  expect(await planApply(staging.context, { projects: [copies] })).toMatchObject(expected);
  const mirror = endpointOf(services.proxy.url);
  const mirrored = services.addInstance({}, { keyPrefix: 'staging', connections: { mirror } });
  const mirroredCopies = desiredProject('copies', [{ link: { ...orders.link, connection: 'mirror' } }]);
  expect(await createApplyFixture(mirrored).planRefusals(mirroredCopies)).toEqual(['copies queue_of_other_syncbot']);
  expect(await orders.queue.isPaused()).toBe(false);
  expect(await staging.context.projects.listIds()).toEqual([]);
});

test('The refusal works in both directions, and ends when the other syncbot has removed its project.', async () => {
  const orders = await services.createLink('orders');
  const { apply, planRefusals } = createApplyFixture(services.instance);
  await createApplyFixture(staging).apply(desiredProject('orders', [orders]));
  expect(await planRefusals(desiredProject('orders', [orders]))).toEqual(['orders queue_of_other_syncbot']);
  const other = createApplyFixture(staging);
  other.withPrune();
  await other.apply();
  expect(await apply(desiredProject('orders', [orders]))).toMatchObject({ kind: 'applied' });
});

test('doctor names the other syncbot, and fails when both have one queue.', async () => {
  const [orders, users] = [await services.createLink('orders'), await services.createLink('users')];
  await services.createProject('orders', [orders]);
  await using configFile = await writeConfigFile('projects: { orders: { links: [{ queue: orders }] } }\n');
  const readItem = async () => {
    const { out } = await runCliInProcess(['doctor', '--json'], { env: configFile.env, openApp: openAppOn(services) });
    const items: { readonly item: string }[] = JSON.parse(out);
    return items.find(({ item }) => item === 'other syncbot staging');
  };
  expect(await readItem()).toBeUndefined();
  const save = (id: string, { definition }: ReturnType<typeof desiredProject>) =>
    staging.context.projects.save({ ...definition, id }, { state: 'paused', watermarks: {} }, 'cli:test');
  await save('users', desiredProject('users', [users]));
  expect(await readItem()).toMatchObject({ result: 'pass' });
  await services.redis.hset('staging:{p:users}:state', 'v', '2');
  expect(await readItem()).toMatchObject({
    result: 'unknown',
    message: expect.stringContaining('cannot read 1 project'),
  });
  await save('copies', desiredProject('copies', [orders]));
  expect(await readItem()).toMatchObject({ result: 'fail', message: expect.stringContaining('orders') });
});

test('doctor reports another syncbot whose projects the Redis user may not read, and apply goes on.', async () => {
  const [orders, users] = [await services.createLink('orders'), await services.createLink('users')];
  await createApplyFixture(services.instance).apply(desiredProject('orders', [orders], { adopt: true }));
  const rules = [
    'on',
    '>pw',
    '~staging:*',
    '~{staging}:*',
    '~syncbot:installations',
    '~bull:*',
    '+@all',
    '-@dangerous',
    '+info',
  ];
  await services.redis.acl('SETUSER', 'staging', ...rules);
  const redis = endpointOf(services.url.replace('redis://', 'redis://staging:pw@'));
  const restricted = services.addInstance({}, { keyPrefix: 'staging', redis });
  expect(await restricted.context.installations.listOthers()).toEqual([
    { prefix: 'syncbot', projects: null, unreadableProjects: 0 },
  ]);
  const { apply } = createApplyFixture(restricted);
  expect(await apply(desiredProject('users', [users], { adopt: true }))).toMatchObject({ kind: 'applied' });
});
