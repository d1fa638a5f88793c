import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { decideWait } from '../../src/application/catch-up.ts';
import { cancel, confirm } from '../../src/application/confirm.ts';
import type { UseCaseContext } from '../../src/application/context.ts';
import { runObserver } from '../../src/application/observer.ts';
import { requestAction } from '../../src/application/request-action.ts';
import { catchUpTimeoutMs } from '../../src/domain/catch-up.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { withoutJobs } from '../application/context-overrides.ts';
import { visibleText } from '../support/slack-harness.ts';
import { waitFor } from '../support/wait-for.ts';
import type { CrashHarness } from './harness.ts';
import { type ExpectedOutcome, expectOneOutcomePerOperation } from './outcome-assertions.ts';
import { countEvents, type PreparedStep, type StepPreparations } from './prepared-step.ts';
import { createProjectFixture } from './project-fixture.ts';
import { waitForOutcome } from './worker-crash.ts';

/**
 * A pause that waits until its project has caught up: its request and OK; a check after which it waits further; the check that
 * ends the wait, and the pause; Cancel and Pause Now; the sweep after the longest time that it waits.
 */
export const waitSteps = ['wait_request', 'wait_check', 'wait_end', 'wait_cancel', 'wait_now', 'wait_bound'] as const;

const alice = 'U0ALICE';
const bob = 'U0BOB';
const channel = 'C0SYNC';

export const prepareWait: StepPreparations<(typeof waitSteps)[number]> = {
  async wait_request(harness) {
    const { context } = harness.services;
    const wait = await createProjectBehind(harness);
    const ref = { project: wait.project, operation: randomUUID() };
    let hasCaughtUp = false;
    /** If the first request does not wait, another person asks for the same. */
    let other: OperationRef | null = null;
    return {
      ...wait,
      ref,
      step: { kind: 'request_wait', ref, by: alice },
      isContinued: false,
      async meanwhile() {
        const requested = await requestWait(context, wait.project, bob);
        other = requested;
        wait.release();
        hasCaughtUp = true;
        await waitForOutcome(harness, requested ?? ref);
      },
      async expectOnce() {
        if (!hasCaughtUp) return wait.expectWaiting(ref);
        await waitFor(async () => (await context.operations.read(ref))?.state !== 'confirmed', {
          description: 'the end of the first request',
        });
        const first = await context.operations.read(ref);
        // Its dialog is open, and the process that was to confirm it was killed.
        if (first?.state === 'requested') await cancel(context, { ref, by: alice, dialog: null });
        await wait.expectPausedOnce([{ ref: other ?? ref, action: 'pause', hasWaited: true }], {
          refusedOperation: other !== null && first?.state === 'refused' ? ref : null,
        });
      },
    };
  },
  async wait_check(harness) {
    const wait = await createWaitingPause(harness);
    const { ref } = wait;
    let hasCaughtUp = false;
    return {
      ...wait,
      step: { kind: 'execute', ref },
      isContinued: true,
      async meanwhile() {
        wait.release();
        hasCaughtUp = true;
        await waitForOutcome(harness, ref);
      },
      expectOnce: () =>
        hasCaughtUp
          ? wait.expectPausedOnce([{ ref, action: 'pause', hasWaited: true }], { replies: [/ was paused /] })
          : wait.expectWaiting(ref, /latency .* <!date/),
    };
  },
  async wait_end(harness) {
    const wait = await createWaitingPause(harness);
    const { ref, project } = wait;
    wait.release();
    await wait.hasCompletedTasks();
    const operations: ExpectedOutcome['operations'][number][] = [{ ref, action: 'pause', hasWaited: true }];
    return {
      ...wait,
      step: { kind: 'execute', ref },
      isContinued: true,
      async meanwhile() {
        const later = await harness.services.requestAndConfirm(project, 'restore', bob);
        await waitForOutcome(harness, later);
        await wait.addTasks();
        operations.push({ ref: later, action: 'restore' });
      },
      async expectOnce() {
        await waitForOutcome(harness, ref);
        await wait.expectPausedOnce(operations, { replies: [/ was paused /] });
      },
    };
  },
  async wait_cancel(harness) {
    const { context } = harness.services;
    const wait = await createWaitingPause(harness);
    const { ref, project } = wait;
    return {
      ...wait,
      step: { kind: 'decide_wait', ref, by: bob, event: 'cancel' },
      isContinued: false,
      // The same button is pressed again.
      meanwhile: async () => void (await decideWait(context, { ref, by: alice, event: 'cancel' })),
      async expectOnce() {
        wait.release();
        await wait.expectNotPaused();
        const operation = await context.operations.read(ref);
        expect(operation).toMatchObject({ state: 'cancelled', waitEndedAt: null });
        expect(await countEvents(harness, project, 'cancelled')).toBe(1);
        const text = ` · Cancelled by <@${operation?.waitEndedBy}> .* · it was not paused`;
        await waitFor(() => wait.messages(new RegExp(text)).length === 1, { description: 'the message' });
        await wait.isNotified(ref);
        wait.expectReplies(operation?.waitEndedBy === bob ? [/ · Cancelled by /] : []);
      },
    };
  },
  async wait_now(harness) {
    const { context } = harness.services;
    const wait = await createWaitingPause(harness);
    const { ref } = wait;
    return {
      ...wait,
      step: { kind: 'decide_wait', ref, by: bob, event: 'pause_now' },
      isContinued: false,
      meanwhile: async () => void (await decideWait(context, { ref, by: alice, event: 'pause_now' })),
      async expectOnce() {
        await waitForOutcome(harness, ref);
        wait.release();
        const person = (await context.operations.read(ref))?.waitEndedBy;
        await wait.expectPausedOnce([{ ref, action: 'pause', hasWaited: true }], {
          replies: person === bob ? [/ was paused /] : [],
        });
        expect(wait.messages(new RegExp(` was paused [\\s\\S]*<@${person}> pressed Pause Now `))).toHaveLength(1);
      },
    };
  },
  async wait_bound(harness) {
    const { context } = harness.services;
    const wait = await createWaitingPause(harness);
    const { ref, project } = wait;
    await wait.passTime(catchUpTimeoutMs + 1);
    let later: OperationRef | null = null;
    return {
      ...wait,
      step: { kind: 'sweep' },
      isContinued: true,
      async meanwhile() {
        later = await harness.services.requestAndConfirm(project, 'pause', bob);
        await waitForOutcome(harness, later);
      },
      async expectOnce() {
        await waitForOutcome(harness, ref);
        const refusal = { code: 'not_caught_up' };
        expect(await context.operations.read(ref)).toMatchObject({ state: 'refused', waitEndedAt: null, refusal });
        expect(await countEvents(harness, project, 'refused')).toBe(1);
        await waitFor(() => wait.messages(/ · Not paused /).length === 1, { description: 'the message' });
        await wait.isNotified(ref);
        wait.expectReplies([/ · Not paused/]);
        if (later === null) return wait.expectNotPaused();
        wait.release();
        await wait.expectPausedOnce([{ ref: later, action: 'pause' }]);
      },
    };
  },
};

interface ProjectBehind extends AsyncDisposable {
  readonly project: string;
  /** Lets the project catch up. */
  release(): void;
  hasCompletedTasks(): Promise<void>;
  /** Adds a task to every link. */
  addTasks(): Promise<void>;
  /** The pause waits, and the project runs. */
  expectWaiting(ref: OperationRef, message?: RegExp): Promise<void>;
  /** These operations have one outcome each, and the channel has one message about the pause. */
  expectPausedOnce(
    operations: ExpectedOutcome['operations'],
    options?: Pick<ExpectedOutcome, 'refusedOperation'> & { readonly replies?: readonly RegExp[] },
  ): Promise<void>;
  /** The project runs as before, and no pause waits. */
  expectNotPaused(): Promise<void>;
  /** The messages about this project in the channel. */
  messages(pattern: RegExp): readonly string[];
  /** The requester is notified once, by a reply to the message, if it was posted during the wait. */
  expectReplies(patterns: readonly RegExp[]): void;
  isNotified(ref: OperationRef): Promise<void>;
}

/** A Running project with two links on two servers, and a task on each that is not completed before `release`. */
async function createProjectBehind(harness: CrashHarness): Promise<ProjectBehind> {
  const { services, slack } = harness;
  const { context } = services;
  const project = harness.nextProjectId();
  const fixture = await createProjectFixture(harness, { project, action: 'pause', linkCount: 2, channel });
  const release = await fixture.addHeldTasks();
  // Without a cycle the sweep also records that no worker observes the links.
  await runObserver(withoutJobs(services));
  const messages = (pattern: RegExp) =>
    slack
      .messagesVisibleTo(alice, channel)
      .map((message) => visibleText(message))
      .filter((text) => text.startsWith(`${project} `) && pattern.test(text));
  const read = async () => (await context.projects.read(project)) ?? expect.fail('the project does not exist');
  const expectReplies = (patterns: readonly RegExp[]) => {
    const texts = slack.threadReplies(channel).map(({ text }) => text);
    const replies = texts.filter((text) => text.startsWith(`<@${alice}> · ${project} `));
    expect(replies).toEqual(patterns.map((pattern) => expect.stringMatching(pattern)));
  };
  return {
    project,
    release,
    messages,
    expectReplies,
    async isNotified(ref) {
      await waitFor(async () => (await context.operations.read(ref))?.notifiedAt != null, {
        description: 'the notification of the end',
      });
    },
    addTasks: () => fixture.addTasks(),
    async hasCompletedTasks() {
      const isComplete = () =>
        fixture.links.every((link) => fixture.completedTasks(link).length === fixture.tasks.length);
      await waitFor(isComplete, { description: 'all tasks' });
    },
    async expectWaiting(ref, message = / is to be paused when it has caught up /) {
      await waitFor(() => messages(message).length === 1, { description: 'the message of the wait' });
      expect(await read()).toMatchObject({ state: 'running', version: 1, waitingPause: { operation: ref.operation } });
      expect(await context.operations.read(ref)).toMatchObject({ state: 'confirmed', waitEndedAt: null });
      expect(await countEvents(harness, project, 'wait_ended')).toBe(0);
    },
    async expectPausedOnce(operations, { replies, ...options } = {}) {
      // A process that was killed leaves its executions.
      const expected = { operations, isProcessKilled: true, ...options };
      await expectOneOutcomePerOperation(services, fixture, expected);
      if (replies !== undefined) expectReplies(replies);
      expect((await read()).waitingPause).toBeNull();
      expect(messages(/ was paused /)).toHaveLength(1);
      expect(messages(/ is to be paused /)).toEqual([]);
    },
    async expectNotPaused() {
      expect(await read()).toMatchObject({ state: 'running', version: 1, waitingPause: null, activeOperation: null });
      for (const { queue } of fixture.links) expect(await queue.isPaused()).toBe(false);
      expect(messages(/ (was|is to be) paused /)).toEqual([]);
    },
    async [Symbol.asyncDispose]() {
      const { waitingPause } = await read();
      // The job of a pause that waits stays in the queue.
      if (waitingPause !== null) await endWait(services, { project, operation: waitingPause.operation });
      await fixture[Symbol.asyncDispose]();
    },
  };
}

async function endWait(services: CrashHarness['services'], ref: OperationRef): Promise<void> {
  await decideWait(withoutJobs(services), { ref, by: alice, event: 'cancel' });
  await services.context.jobs.removeExecute(ref);
}

interface WaitingPause extends ProjectBehind, Pick<PreparedStep, 'ref'> {
  passTime(ms: number): Promise<void>;
}

/** Such a project, whose pause waits. Its job is lost. Its message is in the channel. */
async function createWaitingPause(harness: CrashHarness): Promise<WaitingPause> {
  const { services } = harness;
  const behind = await createProjectBehind(harness);
  const ref = (await requestWait(withoutJobs(services), behind.project, alice)) ?? expect.fail('refused');
  const key = `syncbot:{p:${ref.project}}:op:${ref.operation}`;
  // The first message is posted a second after OK.
  await services.redis.hincrby(key, 'resolvedAt', -5_000);
  await harness.notifyOperation(ref);
  expect(behind.messages(/ is to be paused /)).toHaveLength(1);
  return {
    ...behind,
    ref,
    async passTime(ms) {
      await services.redis.hincrby(key, 'waitsUntil', -ms);
    },
  };
}

/** Returns null if another pause of the project waits already. */
async function requestWait(context: UseCaseContext, project: string, by: string): Promise<OperationRef | null> {
  const request = { project, action: 'pause', whenCaughtUp: true, by, reason: null, origin: 'slack', channel } as const;
  const requested = await requestAction(context, request);
  if (requested.kind === 'refused') {
    expect(requested.refusal.code).toBe('pause_waits');
    return null;
  }
  const ref = { project, operation: requested.operation.id };
  await confirm(context, { ref, by, dialog: null });
  return ref;
}
