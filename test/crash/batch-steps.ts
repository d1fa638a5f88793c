import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { confirmBatch } from '../../src/application/confirm-batch.ts';
import { execute } from '../../src/application/execute.ts';
import { requestBatch } from '../../src/application/request-batch.ts';
import { runBatch } from '../../src/application/run-batch.ts';
import { type Batch, operationIdOf, type Waves } from '../../src/domain/batch.ts';
import type { Action } from '../../src/domain/lifecycle.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { requestAndConfirmWithoutJob, withoutJobs } from '../application/context-overrides.ts';
import { buttonLabels } from '../support/slack-harness.ts';
import { waitFor } from '../support/wait-for.ts';
import type { CrashHarness } from './harness.ts';
import { expectOneOutcomePerOperation } from './outcome-assertions.ts';
import type { PreparedStep, StepPreparations } from './prepared-step.ts';
import { createProjectFixture, type ProjectFixture } from './project-fixture.ts';
import { oppositeOf, waitForOutcome } from './worker-crash.ts';

/**
 * OK in the dialog of a batch; its first and its last run; the run that ends a wave and begins the next one; Go On after a
 * wave of which a project was not done.
 */
export const batchSteps = ['batch_confirm', 'batch_begin', 'batch_end', 'batch_waves', 'batch_go_on'] as const;

/** One project in each, and no wait between them. */
const waves: Waves = { size: 1, wait: 0 };
const alice = 'U0ALICE';
const bob = 'U0BOB';
const channel = 'C0SYNC';

export const prepareBatch: StepPreparations<(typeof batchSteps)[number]> = {
  async batch_confirm(harness) {
    const fixture = await createBatchFixture(harness, { action: 'pause' });
    return { ...fixture, step: { kind: 'confirm_batch', batch: fixture.batch.id, by: alice }, isContinued: false };
  },
  async batch_begin(harness) {
    const fixture = await createBatchFixture(harness, { action: 'pause' });
    await fixture.confirm();
    return { ...fixture, ...continuedByWorker(fixture) };
  },
  async batch_end(harness) {
    const fixture = await createBatchFixture(harness, { action: 'pause' });
    await fixture.confirm();
    await fixture.run();
    await Promise.all(fixture.projects.map((project) => fixture.execute(project)));
    return { ...fixture, ...continuedByWorker(fixture) };
  },
  async batch_waves(harness) {
    const fixture = await createBatchFixture(harness, { action: 'restore', waves });
    await fixture.confirm();
    await fixture.run();
    await fixture.execute(fixture.projects[0]);
    return { ...fixture, ...continuedByWorker(fixture) };
  },
  async batch_go_on(harness) {
    const fixture = await createBatchFixture(harness, { action: 'restore', waves });
    await fixture.restoreFirst();
    await fixture.confirm();
    await fixture.run();
    await fixture.execute(fixture.projects[0]);
    await fixture.run();
    return { ...fixture, step: { kind: 'go_on', batch: fixture.batch.id, by: bob }, isContinued: false };
  },
};

/** The job of a batch. The sweep adds it again. */
function continuedByWorker({ batch, changeLater }: BatchFixture) {
  return { step: { kind: 'run_batch', batch: batch.id }, isContinued: true, meanwhile: changeLater } as const;
}

interface BatchFixture extends Pick<PreparedStep, 'ref' | 'expectOnce'>, AsyncDisposable {
  /** As it was requested. */
  readonly batch: Batch;
  readonly projects: readonly [string, string, string];
  /** Confirms the batch, and loses its job. */
  confirm(): Promise<void>;
  /** Runs the batch once, and loses the jobs of its operations. */
  run(): Promise<void>;
  /** Executes the operation of a project. */
  execute(project: string): Promise<void>;
  /** Another person restores the first project, so that the batch cannot. */
  restoreFirst(): Promise<void>;
  /** Another person does the opposite on the first project. */
  changeLater(): Promise<void>;
}

/** A batch of three projects, each with two links on two servers. */
async function createBatchFixture(
  harness: CrashHarness,
  { action, waves = null }: { readonly action: Action; readonly waves?: Waves | null },
): Promise<BatchFixture> {
  const { services } = harness;
  const prefix = harness.nextProjectId();
  const projects = [`${prefix}-a`, `${prefix}-b`, `${prefix}-c`] as const;
  const fixtures = await Promise.all(
    projects.map((project) => createProjectFixture(harness, { project, action, linkCount: 2 })),
  );
  const context = withoutJobs(services);
  const requested = await requestBatch(context, {
    action,
    by: alice,
    reason: null,
    selection: projects.join(' '),
    after: null,
    origin: 'slack',
    channel,
    threadTs: null,
    projects: await context.projects.readMany(projects),
    waves,
  });
  if (requested.kind !== 'requested') throw new Error(`the batch was not requested: ${requested.kind}`);
  const { batch } = requested;
  const ofBatch = (project: string) => ({ project, operation: operationIdOf(batch, project) });
  /** By other people: before and after the operation of the batch. */
  const earlier: { readonly ref: OperationRef; readonly action: Action }[] = [];
  const later: { readonly ref: OperationRef; readonly action: Action }[] = [];
  return {
    batch,
    projects,
    ref: { project: prefix, operation: batch.id },
    async confirm() {
      await confirmBatch(context, { id: batch.id, by: alice, dialog: null });
    },
    run: () => runBatch(context, batch.id),
    execute: (project) => execute(context, ofBatch(project)),
    async restoreFirst() {
      const ref = await requestAndConfirmWithoutJob(services, projects[0], 'restore', bob);
      await execute(context, ref);
      earlier.push({ ref, action: 'restore' });
    },
    async changeLater() {
      const laterAction = oppositeOf(action);
      const ref = await services.requestAndConfirm(projects[0], laterAction, bob);
      await waitForOutcome(harness, ref);
      await fixtures[0]?.addTasks();
      later.push({ ref, action: laterAction });
    },
    async expectOnce() {
      const { state } = (await services.context.batches.read(batch.id)) ?? expect.fail('the batch does not exist');
      if (state === 'requested') return expectNothingBegun(harness, fixtures);
      if (state === 'stopped') return expectNothingBegun(harness, fixtures.slice(1));
      await waitForEnd(harness, batch.id);
      const refused = earlier.length > 0 ? projects[0] : null;
      await expectCounts(harness, batch, refused);
      for (const fixture of fixtures) {
        const ref = ofBatch(fixture.project);
        const isFirst = fixture.project === projects[0];
        const own = fixture.project === refused ? earlier : [{ ref, action }];
        await expectOneOutcomePerOperation(services, fixture, {
          operations: [...own, ...(isFirst ? later : [])],
          refusedOperation: fixture.project === refused ? ref : null,
          isProcessKilled: false,
        });
        await expectOneOperation(harness, batch, fixture);
      }
      await expectOneMessage(harness, batch, { action, changed: later.length });
    },
    async [Symbol.asyncDispose]() {
      await services.redis.zrem('syncbot:batches', batch.id);
      await Promise.all(fixtures.map((fixture) => fixture[Symbol.asyncDispose]()));
    },
  };
}

/** The dialog or the stopped batch waits for an answer, and no process has begun more. */
async function expectNothingBegun({ services }: CrashHarness, fixtures: readonly ProjectFixture[]): Promise<void> {
  for (const { project } of fixtures) {
    expect(await services.context.projects.read(project)).toMatchObject({ version: 1, activeOperation: null });
    expect(await services.context.operations.listRecent(project, 10)).toEqual([]);
  }
}

async function waitForEnd({ services: { context } }: CrashHarness, id: string): Promise<void> {
  await waitFor(async () => (await context.batches.read(id))?.state === 'done', {
    description: 'the end of the batch',
  });
  await waitFor(async () => !(await context.batches.listOpen()).includes(id), { description: 'its notification' });
}

/** The record of the batch has how the operation of each project ended. */
async function expectCounts({ services }: CrashHarness, { id, items }: Batch, refused: string | null): Promise<void> {
  const ended = await services.context.batches.read(id);
  const results = items.map(({ project, links }) => [
    project,
    project === refused
      ? { state: 'refused', linksDone: null, refusal: expect.objectContaining({ code: 'not_allowed' }) }
      : { state: 'done', linksDone: links, refusal: null },
  ]);
  expect(ended).toMatchObject({ started: items.length, notifiedVersion: ended?.version });
  expect(ended?.results).toMatchObject(Object.fromEntries(results));
}

async function expectOneOperation(
  { services }: CrashHarness,
  batch: Batch,
  { project }: ProjectFixture,
): Promise<void> {
  const operations = await services.context.operations.listRecent(project, 50);
  const ofBatch = operations.filter(({ batch: id }) => id === batch.id);
  expect(ofBatch.map(({ id }) => id)).toEqual([operationIdOf(batch, project)]);
}

const endTexts: Readonly<Record<Action, string>> = {
  start: '3 projects were started',
  pause: '3 projects were paused',
  restore: '3 projects were restored',
};

/** One message in the channel, which says how the batch ended. The operations have none. */
async function expectOneMessage(
  { services, slack }: CrashHarness,
  { id, items }: Batch,
  { action, changed }: { readonly action: Action; readonly changed: number },
): Promise<void> {
  const ended = await services.context.batches.read(id);
  const hasFailed = Object.values(ended?.results ?? {}).some(({ state }) => state !== 'done');
  const text = hasFailed ? '2 of 3 projects were restored' : endTexts[action];
  const [first] = items;
  const readMessages = () =>
    slack
      .messagesVisibleTo(alice, channel)
      .filter((message) => message.text.startsWith(`${first?.project} and 2 more · `));
  const restore = action === 'pause' ? [`Restore Those ${items.length - changed}`] : [];
  const buttons = [[...(hasFailed ? ['Retry Failed'] : []), ...restore]];
  // A later change of a project is taken over within seconds.
  await waitFor(() => isDeepStrictEqual(readMessages().map(buttonLabels), buttons), {
    description: `one message with the buttons ${JSON.stringify(buttons)}`,
  });
  expect(readMessages().map((message) => message.text.split('\n')[0])).toEqual([
    expect.stringMatching(new RegExp(`^${first?.project} and 2 more · ${text} · by <@${alice}> `)),
  ]);
}
