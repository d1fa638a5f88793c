import { expect } from 'vitest';
import { updateAlertsFromState } from '../../src/application/alerts.ts';
import { checkClaim } from '../../src/application/check-claim.ts';
import { confirm } from '../../src/application/confirm.ts';
import { execute } from '../../src/application/execute.ts';
import { keepPaused } from '../../src/application/keep-paused.ts';
import { runObserver } from '../../src/application/observer.ts';
import { extendPause } from '../../src/application/pause-end.ts';
import { requestAction } from '../../src/application/request-action.ts';
import { sweep } from '../../src/application/sweep.ts';
import type { Action } from '../../src/domain/lifecycle.ts';
import type { Operation, OperationRef } from '../../src/domain/operation.ts';
import { timerActor } from '../../src/domain/project.ts';
import { withoutJobs } from '../application/context-overrides.ts';
import { moveDeadline } from '../support/pause-deadline.ts';
import { visibleText } from '../support/slack-harness.ts';
import { waitFor } from '../support/wait-for.ts';
import type { CrashHarness } from './harness.ts';
import { expectOneOutcomePerOperation } from './outcome-assertions.ts';
import { countEvents, type PreparedStep, type StepPreparations } from './prepared-step.ts';
import { createProjectFixture } from './project-fixture.ts';
import { waitForOutcome } from './worker-crash.ts';

/**
 * The sweep at the end of a pause: it restores the project, counts a restore that did not succeed, or stops the timer of a
 * project that was changed. And a press of Extend 1 h and of Keep Paused before that end.
 */
export const timerSteps = ['timer_restore', 'timer_attempt', 'timer_stop', 'pause_extend', 'pause_keep'] as const;

const hourMs = 3_600_000;
const minuteMs = 60_000;
const alice = 'U0ALICE';
const bob = 'U0BOB';
const channel = 'C0SYNC';

export const prepareTimer: StepPreparations<(typeof timerSteps)[number]> = {
  async timer_restore(harness) {
    const pause = await createTimedPause(harness);
    await pause.passTime(2 * hourMs);
    let later: OperationRef | null = null;
    return {
      ...pause,
      step: { kind: 'sweep' },
      isContinued: true,
      async expectOnce() {
        const restores = await pause.waitForTimer(['done']);
        expect((await pause.read()).pausedUntil).toBeNull();
        await pause.expectOperations([
          ...restores.map((ref) => ({ ref, action: 'restore' as const })),
          ...(later === null ? [] : [{ ref: later, action: 'pause' as const }]),
        ]);
        expect(pause.messages(/ was restored · 2 links · .*by the timer that <@U0ALICE> set /)).toHaveLength(1);
        expect(pause.messages(/ was restored /)).toHaveLength(1);
      },
      async meanwhile() {
        later = await harness.services.requestAndConfirm(pause.ref.project, 'pause', bob);
        await waitForOutcome(harness, later);
        await pause.addTasks();
      },
    };
  },
  async timer_attempt(harness) {
    const { services } = harness;
    const pause = await createTimedPause(harness);
    await pause.passTime(2 * hourMs);
    await sweep(withoutJobs(services));
    const [ref = expect.fail('no restore')] = (await pause.timerOperations()).map(({ id }) => pause.refOf(id));
    // No worker has claimed it in time.
    await services.redis.hset(`syncbot:{p:${ref.project}}:op:${ref.operation}`, 'executeBy', 1);
    await checkClaim(withoutJobs(services), ref);
    let hasMinutePassed = false;
    return {
      ...pause,
      step: { kind: 'sweep' },
      isContinued: true,
      async expectOnce() {
        await pause.waitForTimer(hasMinutePassed ? ['refused', 'done'] : ['refused']);
        const { state, pausedUntil, alerts } = await pause.read();
        expect(await countEvents(harness, ref.project, 'timer_stopped')).toBe(0);
        expect(await countOccurrences(harness, ref.project, 'pause_overdue')).toBe(1);
        if (hasMinutePassed) return expect([state, pausedUntil]).toEqual(['running', null]);
        expect([state, pausedUntil?.attempts, pausedUntil?.code]).toEqual(['paused', 1, 'claim_timeout']);
        expect(alerts.pause_overdue?.alert.state).toBe('firing');
      },
      async meanwhile() {
        await pause.passTime(minuteMs);
        hasMinutePassed = true;
        await sweep(services.context);
        await pause.waitForTimer(['refused', 'done']);
      },
    };
  },
  async timer_stop(harness) {
    const { context } = harness.services;
    const pause = await createTimedPause(harness);
    const { definition, version } = await pause.read();
    const changed = { ...definition, description: 'changed' };
    await context.projects.save(changed, { expectedVersion: version, added: [] }, 'cli:dora');
    await pause.passTime(2 * hourMs);
    return {
      ...pause,
      step: { kind: 'sweep' },
      isContinued: true,
      async expectOnce() {
        const { project } = pause.ref;
        await waitFor(async () => (await pause.read()).alerts.pause_overdue?.alert.state === 'firing', {
          description: 'the alert',
        });
        expect(await pause.timerOperations()).toEqual([]);
        const { state, pausedUntil } = await pause.read();
        expect([state, pausedUntil?.stopped?.change?.by, pausedUntil?.attempts]).toEqual(['paused', 'cli:dora', 0]);
        expect(await countEvents(harness, project, 'timer_stopped')).toBe(1);
        expect(await countOccurrences(harness, project, 'pause_overdue')).toBe(1);
      },
    };
  },
  async pause_extend(harness) {
    const pause = await createTimedPause(harness);
    const expected = await endSoon(harness, pause);
    return {
      ...pause,
      step: { kind: 'extend', project: pause.ref.project, by: bob, expected },
      isContinued: false,
      // The same button is pressed again.
      async meanwhile() {
        await extendPause(harness.services.context, {
          project: pause.ref.project,
          by: alice,
          duration: '1h',
          expected,
        });
      },
      async expectOnce() {
        const { pausedUntil, state } = await pause.read();
        expect([state, pausedUntil?.at, pausedUntil?.attempts]).toEqual(['paused', expected + hourMs, 0]);
        expect(await countEvents(harness, pause.ref.project, 'pause_extended')).toBe(1);
        await expectChange(harness, pause, `Planned end: .*, extended by <@${pausedUntil?.by}> `);
      },
    };
  },
  async pause_keep(harness) {
    const pause = await createTimedPause(harness);
    const expected = await endSoon(harness, pause);
    return {
      ...pause,
      step: { kind: 'keep_beyond_end', project: pause.ref.project, by: bob, expected },
      isContinued: false,
      async meanwhile() {
        await keepPaused(harness.services.context, { project: pause.ref.project, by: alice, expectedEnd: expected });
      },
      async expectOnce() {
        const { pausedUntil, keptPaused, state } = await pause.read();
        expect([state, pausedUntil]).toEqual(['paused', null]);
        expect(await countEvents(harness, pause.ref.project, 'kept_paused')).toBe(1);
        await expectChange(harness, pause, `Kept Paused by <@${keptPaused?.by}> .*, without an end`);
      },
    };
  },
};

interface TimedPause extends Pick<PreparedStep, 'ref'>, AsyncDisposable {
  read(): ReturnType<typeof readProject>;
  passTime(ms: number): Promise<void>;
  refOf(operation: string): OperationRef;
  /** Of the timer, oldest first. */
  timerOperations(): Promise<readonly Operation[]>;
  /** Waits until the operations of the timer have these states, oldest first. */
  waitForTimer(states: readonly Operation['state'][]): Promise<readonly OperationRef[]>;
  /** Adds a task to every link. */
  addTasks(): Promise<void>;
  /** The pause and these operations have one outcome each. */
  expectOperations(others: readonly { readonly ref: OperationRef; readonly action: Action }[]): Promise<void>;
  /** The messages about this project in the channel. */
  messages(pattern: RegExp): readonly string[];
}

/** A project with two links on two servers that a person has paused for 2 h. */
async function createTimedPause(harness: CrashHarness): Promise<TimedPause> {
  const { services, slack } = harness;
  const project = harness.nextProjectId();
  const fixture = await createProjectFixture(harness, { project, action: 'pause', linkCount: 2, channel });
  const context = withoutJobs(services);
  // Without a cycle the sweep also records that no worker observes the links.
  await runObserver(context);
  const limit = { word: 'for', text: '2h', timeZone: 'UTC' } as const;
  const request = { project, action: 'pause', by: alice, reason: null, origin: 'slack', channel } as const;
  const requested = await requestAction(context, { ...request, limit });
  if (requested.kind === 'refused') throw new Error(`refused: ${requested.refusal.code}`);
  const refOf = (operation: string) => ({ project, operation });
  const pause = refOf(requested.operation.id);
  await confirm(context, { ref: pause, by: alice, dialog: null });
  await execute(context, pause);
  const timerOperations = async () =>
    (await services.context.operations.listRecent(project, 50)).filter(({ by }) => by === timerActor).reverse();
  return {
    // The ids of the timer's operations begin with that of the pause.
    ref: pause,
    read: () => readProject(harness, project),
    passTime: (ms) => moveDeadline(services.redis, project, ms),
    refOf,
    timerOperations,
    async waitForTimer(states) {
      const haveStates = async () => {
        const operations = await timerOperations();
        return operations.map(({ state }) => state).join() === states.join() && operations;
      };
      const operations = await waitFor(haveStates, { description: `the timer's operations to be ${states}` });
      return operations.map(({ id }) => refOf(id));
    },
    addTasks: () => fixture.addTasks(),
    expectOperations: (others) =>
      expectOneOutcomePerOperation(services, fixture, {
        operations: [{ ref: pause, action: 'pause' }, ...others],
        isProcessKilled: false,
      }),
    messages: (pattern) =>
      slack
        .messagesVisibleTo(alice, channel)
        .map((message) => visibleText(message).split('\n\n')[0] ?? '')
        .filter((text) => text.startsWith(`${project} `) && pattern.test(text)),
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
    },
  };
}

async function readProject({ services }: CrashHarness, project: string) {
  return (await services.context.projects.read(project)) ?? expect.fail('the project does not exist');
}

/** Lets the alert fire that the pause ends soon. Returns the end. */
async function endSoon({ services }: CrashHarness, pause: TimedPause): Promise<number> {
  await pause.passTime(2 * hourMs - 10 * minuteMs);
  await updateAlertsFromState(withoutJobs(services), pause.ref.project);
  const { alerts, pausedUntil } = await pause.read();
  expect(alerts.pause_ending?.alert.state).toBe('firing');
  return pausedUntil?.at ?? expect.fail('no end');
}

/** The alert is resolved once, and the one message of the pause shows the change. */
async function expectChange(harness: CrashHarness, pause: TimedPause, pattern: string): Promise<void> {
  const { project } = pause.ref;
  expect((await pause.read()).alerts.pause_ending?.alert.state).toBe('resolved');
  expect(await countEvents(harness, project, 'alert_resolved')).toBe(1);
  await waitFor(() => pause.messages(new RegExp(pattern)).length > 0, { description: 'the message of the pause' });
  expect(pause.messages(/ was paused /)).toHaveLength(1);
  expect(await pause.timerOperations()).toEqual([]);
}

/** How often this alert has fired. */
async function countOccurrences(
  { services: { context } }: CrashHarness,
  project: string,
  alertKind: string,
): Promise<number> {
  const entries = await context.auditLog.read(project, { limit: 100 });
  return entries.filter(({ event, alert }) => event === 'alert_firing' && alert?.condition?.kind === alertKind).length;
}
