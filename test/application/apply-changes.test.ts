import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isEmpty, planApply } from '../../src/application/plan.ts';
import { diffProjects } from '../../src/domain/diff-projects.ts';
import { linkId } from '../../src/domain/link.ts';
import { messages } from '../../src/messages/catalog.ts';
import { parsedConfig } from '../config/config-fixture.ts';
import { missingLink } from '../infra/link-fixture.ts';
import { makeDefinition } from '../support/project-definition.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';
import { appliedResult, createApplyFixture, desiredProject, processOneTask, queueNames } from './apply-fixture.ts';

let services: TestServices;
let fixture: ReturnType<typeof createApplyFixture>;
beforeEach(async () => {
  services = await startTestServices();
  fixture = createApplyFixture(services);
});
afterEach(() => services[Symbol.asyncDispose]());

const readProject = (id: string) => services.context.projects.read(id);

describe('a changed project', () => {
  test('may change its description and labels while it runs, but not its links', async () => {
    const [one, two] = [await services.createLink('one'), await services.createLink('two')];
    await fixture.apply(desiredProject('orders', [one], { adopt: true }));
    expect(await fixture.planRefusals(desiredProject('orders', [one, two]))).toEqual(['orders links_in_use']);
    const planned = await fixture.planOrThrow(
      desiredProject('orders', [one], { description: 'new', labels: ['prod'] }),
    );
    expect(messages.definition.changes(planned.update[0]?.changes ?? [])).toEqual(['description', 'labels']);
    expect(await fixture.applyPlanned(planned)).toEqual(appliedResult);
    expect(await readProject('orders')).toMatchObject({
      state: 'running',
      version: 2,
      definition: { description: 'new' },
    });
    expect(await one.queue.isPaused()).toBe(false);
  });

  test('that is Paused gets its added link paused, ignores earlier failures, and leaves its removed link paused', async () => {
    const [old, added] = [await services.createLink('old'), await services.createLink('added')];
    await old.queue.pause();
    await fixture.apply(desiredProject('orders', [old], { adopt: true }));
    await added.queue.add('row', {});
    const planned = await fixture.planOrThrow(desiredProject('orders', [added]));
    expect(
      planned.update.map(({ linksToPause, leftPaused }) => [queueNames(linksToPause), queueNames(leftPaused)]),
    ).toEqual([[['added'], ['old']]]);
    expect(await fixture.applyPlanned(planned)).toEqual(appliedResult);
    expect(await added.queue.isPaused()).toBe(true);
    expect(await old.queue.isPaused()).toBe(true);
    const project = await readProject('orders');
    expect(project?.reconciledVersion).toBe(project?.version);
    expect(Object.keys(project?.watermarks ?? {}).sort()).toEqual([linkId(added.link), linkId(old.link)].sort());
  });

  test('is refused when an added link is in use and runs', async () => {
    const [old, usedLink] = [await services.createLink('old'), await services.createLink('busy')];
    await fixture.apply(desiredProject('orders', [old]));
    await processOneTask(usedLink, 'completed');
    expect(await fixture.planRefusals(desiredProject('orders', [old, usedLink]))).toEqual(['orders added_queue_used']);
    await usedLink.queue.pause();
    expect(await fixture.apply(desiredProject('orders', [old, usedLink]))).toEqual(appliedResult);
  });

  test('is refused during a transition', async () => {
    const link = await services.createLink('orders');
    await fixture.apply(desiredProject('orders', [link], { adopt: true }));
    const ref = await services.requestAndConfirm('orders', 'pause');
    await services.context.operations.claim(ref, 'run');
    expect(await fixture.planRefusals(desiredProject('orders', [link], { description: 'new' }))).toEqual([
      'orders in_transition',
    ]);
    fixture.withPrune();
    expect(await fixture.planRefusals()).toEqual(['orders in_transition']);
  });
});

describe('a project that is not in the file', () => {
  test('stays as it is without --prune', async () => {
    const [one, two] = [await services.createLink('one'), await services.createLink('two')];
    await fixture.apply(desiredProject('runs', [one], { adopt: true }), desiredProject('rests', [two]));
    const planned = await fixture.planOrThrow(desiredProject('runs', [one]));
    expect(planned).toMatchObject({ remove: [], unchanged: ['runs'], kept: ['rests'] });
    expect(isEmpty(planned)).toBe(true);
    expect(await fixture.apply()).toEqual(appliedResult);
    expect((await services.context.projects.listIds()).sort()).toEqual(['rests', 'runs']);
  });

  test('needs the connections of its links', async () => {
    const definition = makeDefinition('old', { links: [{ queue: 'q', connection: 'warehouse', prefix: 'bull' }] });
    await services.context.projects.save(definition, { state: 'paused', watermarks: {} }, 'cli:test');
    const plan = (prune: boolean) => planApply(services.context, parsedConfig('projects: {}'), { prune });
    expect(await plan(false)).toEqual({
      kind: 'refused',
      refusals: [{ code: 'connection_of_kept', project: 'old', connection: 'warehouse' }],
    });
    expect(await plan(true)).toMatchObject({ kind: 'planned' });
  });

  test('keeps its queues', async () => {
    const link = await services.createLink('one');
    await fixture.apply(desiredProject('old', [link]));
    expect(await fixture.planRefusals(desiredProject('new', [link]))).toEqual(['new queue_of_kept']);
    fixture.withPrune();
    expect(await fixture.planOrThrow(desiredProject('new', [link]))).toMatchObject({ kept: [] });
  });
});

describe('a removed project', () => {
  beforeEach(() => fixture.withPrune());

  test('must be Not Started or Paused; its queues stay paused, and the plan names them', async () => {
    const [one, two] = [await services.createLink('one'), await services.createLink('two')];
    await fixture.apply(
      desiredProject('runs', [one], { adopt: true }),
      desiredProject('rests', [two, { link: missingLink }]),
    );
    expect(await fixture.planRefusals(desiredProject('rests', [two, { link: missingLink }]))).toEqual([
      'runs not_removable',
    ]);
    const planned = await fixture.planOrThrow(desiredProject('runs', [one]));
    expect(planned.remove.map(({ project, leftPaused }) => [project.id, queueNames(leftPaused)])).toEqual([
      ['rests', ['two']],
    ]);
    expect(await fixture.applyPlanned(planned)).toEqual(appliedResult);
    expect(await services.context.projects.listIds()).toEqual(['runs']);
    expect(await two.queue.isPaused()).toBe(true);
  });
});

test('diffProjects finds the differences between the file and the store', async () => {
  const link = await services.createLink('orders');
  await fixture.apply(
    desiredProject('orders', [link], { adopt: true }),
    desiredProject('old', [{ link: missingLink }]),
  );
  const projects = await services.context.projects.readMany(await services.context.projects.listIds());
  const desired = [desiredProject('orders', [{ link: missingLink }], { labels: ['x'] }), desiredProject('new', [link])];
  expect(messages.definition.diff(diffProjects(projects, desired))).toEqual([
    'new is in the file and not applied',
    'orders differs from the file: labels, link ghost added, link orders removed',
    'old is no longer in the file',
  ]);
  const same = [desiredProject('orders', [link]), desiredProject('old', [{ link: missingLink }])];
  expect(messages.definition.diff(diffProjects(projects, same))).toEqual([]);
});
