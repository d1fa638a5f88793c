import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { updateAlertsFromState } from '../../src/application/alerts.ts';
import { retryCompleted } from '../../src/application/completion.ts';
import { confirm } from '../../src/application/confirm.ts';
import type { UseCaseContext } from '../../src/application/context.ts';
import { execute } from '../../src/application/execute.ts';
import { keepPaused } from '../../src/application/keep-paused.ts';
import { extendPause } from '../../src/application/pause-end.ts';
import { requestAction } from '../../src/application/request-action.ts';
import { sweep } from '../../src/application/sweep.ts';
import type { Operation, OperationRef } from '../../src/domain/operation.ts';
import { timerActor } from '../../src/domain/project.ts';
import { moveDeadline } from '../support/pause-deadline.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import {
  executeRepeatedly,
  once,
  overrideContext,
  runBefore,
  withoutJobs,
  withShortWaits,
} from './context-overrides.ts';

const hour = 3_600_000;
let services: TestServices;
let testLink: TestLink;
/** A process without workers: the test runs each job itself. */
let context: UseCaseContext;
beforeEach(async () => {
  services = await startTestServices();
  testLink = await services.createLink('orders-full');
  await services.createProject('orders', [testLink], { channel: 'C0SYNC' });
  context = withoutJobs(services);
});
afterEach(() => services[Symbol.asyncDispose]());

const pauseRequest = {
  project: 'orders',
  action: 'pause',
  by: 'U0ALICE',
  reason: null,
  origin: 'slack',
  channel: 'C0SYNC',
} as const;

async function pauseFor(text: string): Promise<Operation> {
  const limit = { word: 'for', text, timeZone: 'UTC' } as const;
  const requested = await requestAction(context, { ...pauseRequest, limit });
  if (requested.kind === 'refused') return expect.fail(requested.refusal.code);
  const ref = { project: 'orders', operation: requested.operation.id };
  await confirm(context, { ref, by: 'U0ALICE', dialog: null });
  await execute(context, ref);
  return (await context.operations.read(ref)) ?? expect.fail('no operation');
}

const read = async () => (await context.projects.read('orders')) ?? expect.fail('no project');
const timerOperations = async () =>
  (await context.operations.listRecent('orders', 50)).filter(({ by }) => by === timerActor);
const passTime = (ms: number) => moveDeadline(services.redis, 'orders', ms);

/** A confirmed retry of skipped tasks. It keeps the state. */
async function requestRetry(): Promise<OperationRef> {
  const { version: projectVersion } = await read();
  const retry = {
    project: 'orders',
    action: 'retry',
    by: 'U0BOB',
    reason: null,
    origin: 'cli',
    channel: null,
  } as const;
  await context.operations.request({ ...retry, id: 'retry', tasks: [], projectVersion, ttlMs: hour });
  const ref = { project: 'orders', operation: 'retry' };
  await confirm(context, { ref, by: 'U0BOB', dialog: null });
  return ref;
}

/** A pause that ends in two hours. */
const limits = [
  { limit: 'as it was requested', pause: () => pauseFor('2h') },
  {
    limit: 'after an extension',
    async pause() {
      await pauseFor('1h');
      await extendPause(context, { project: 'orders', by: 'U0ALICE', duration: '1h', expected: null });
    },
  },
];

async function newestTimerOperation(): Promise<OperationRef> {
  const [operation] = await timerOperations();
  return { project: 'orders', operation: operation?.id ?? expect.fail('the timer has requested nothing') };
}

describe('a pause with a limit', () => {
  it('has its end in the record of the project, and is restored by the timer at that end.', async () => {
    const pause = await pauseFor('2h');
    const { pausedUntil, version } = await read();
    expect(pausedUntil).toMatchObject({ at: pause.pauseUntil?.at, by: 'U0ALICE', operation: pause.id, version });
    await passTime(2 * hour - 60_000);
    await sweep(context);
    expect(await timerOperations()).toEqual([]);
    await passTime(60_000);
    await sweep(context);
    const ref = await newestTimerOperation();
    expect(await context.operations.read(ref)).toMatchObject({
      state: 'confirmed',
      action: 'restore',
      origin: 'timer',
      channel: 'C0SYNC',
      timer: { by: 'U0ALICE' },
    });
    await execute(context, ref);
    expect(await read()).toMatchObject({ state: 'running', by: timerActor, pausedUntil: null });
    expect(await testLink.queue.isPaused()).toBe(false);
    await sweep(context);
    expect(await timerOperations()).toHaveLength(1);
    const events = (await context.auditLog.read('orders', { limit: 4 })).map(({ event, by }) => [event, by]);
    expect(events).toEqual(['done', 'started', 'confirmed', 'requested'].map((event) => [event, timerActor]));
  });

  it('that was restored by a person has no end any more.', async () => {
    await pauseFor('2h');
    const ref = await services.requestAndConfirm('orders', 'restore', 'U0BOB');
    await execute(context, ref);
    expect((await read()).pausedUntil).toBeNull();
  });

  it('is refused if its end passes before a worker begins it.', async () => {
    const limit = { word: 'for', text: '1m', timeZone: 'UTC' } as const;
    const requested = await requestAction(context, { ...pauseRequest, limit });
    if (requested.kind === 'refused') return expect.fail(requested.refusal.code);
    const ref = { project: 'orders', operation: requested.operation.id };
    const passed = { at: requested.operation.requestedAt - 1, timeZone: null, source: 'person' };
    await services.redis.hset(`syncbot:{p:orders}:op:${ref.operation}`, 'pauseUntil', JSON.stringify(passed));
    await confirm(context, { ref, by: 'U0ALICE', dialog: null });
    await execute(context, ref);
    expect((await context.operations.read(ref))?.refusal).toEqual({
      code: 'limit_passed',
      project: 'orders',
      until: passed.at,
    });
    expect((await read()).state).toBe('running');
  });

  it.each([
    ['start', { word: 'for', text: '2h' }, 'limit_not_possible'],
    ['pause', { word: 'until', text: '25:00' }, 'invalid_limit'],
    ['pause', { word: 'for', text: '3h' }, 'limit_above_max'],
  ] as const)('%s %j is refused with %s.', async (action, limit, code) => {
    const { definition, version } = await read();
    await context.projects.save(
      { ...definition, pauseMax: 2 * hour },
      { expectedVersion: version, added: [] },
      'cli:test',
    );
    const typed = { ...limit, timeZone: 'Europe/Berlin' };
    const requested = await requestAction(context, { ...pauseRequest, action, limit: typed });
    expect(requested).toMatchObject({ kind: 'refused', refusal: { code } });
  });

  it('comes from pauseMax if the person gave none.', async () => {
    const { definition, version } = await read();
    await context.projects.save(
      { ...definition, pauseMax: 2 * hour },
      { expectedVersion: version, added: [] },
      'cli:test',
    );
    const ref = await services.requestAndConfirm('orders', 'pause');
    await execute(context, ref);
    const pause = await context.operations.read(ref);
    expect(pause?.pauseUntil).toMatchObject({ source: 'pauseMax' });
    expect((await read()).pausedUntil?.at).toBe(pause?.pauseUntil?.at);
  });
});

it('A pause with a limit that does not reach a link makes the project Failed, without an end.', async () => {
  const limit = { word: 'for', text: '2h', timeZone: 'UTC' } as const;
  const requested = await requestAction(context, { ...pauseRequest, limit });
  if (requested.kind === 'refused') return expect.fail(requested.refusal.code);
  const ref = { project: 'orders', operation: requested.operation.id };
  await confirm(context, { ref, by: 'U0ALICE', dialog: null });
  const links: Partial<UseCaseContext['links']> = {
    setPaused: async (targets) => targets.map(() => 'unreachable' as const),
    readStatuses: async (targets) => targets.map(() => 'unreachable' as const),
  };
  await executeRepeatedly(services, withShortWaits(overrideContext(context, { links })), ref);
  expect(await read()).toMatchObject({ state: 'failed', pausedUntil: null });
  await sweep(context);
  expect(await timerOperations()).toEqual([]);
});

describe('a restore of the timer', () => {
  it.each(limits)(
    'that no worker claims is tried again later, and the channel is alerted ($limit).',
    async ({ pause }) => {
      await pause();
      await passTime(2 * hour);
      await sweep(context);
      const first = await newestTimerOperation();
      await services.redis.hset(`syncbot:{p:orders}:op:${first.operation}`, 'executeBy', 1);
      await sweep(context);
      const project = await read();
      expect(project.pausedUntil).toMatchObject({ attempts: 1, code: 'claim_timeout' });
      const { nextAttemptAt = 0 } = project.pausedUntil ?? {};
      expect(nextAttemptAt - (await context.serverClock.now())).toBeGreaterThan(50_000);
      expect(project.alerts.pause_overdue?.alert).toMatchObject({
        state: 'firing',
        condition: { cause: { kind: 'not_restored', attempts: 1, code: 'claim_timeout' } },
      });
      await sweep(context);
      expect(await timerOperations()).toHaveLength(1);
      await passTime(60_000);
      await sweep(context);
      const second = await newestTimerOperation();
      expect(second).not.toEqual(first);
      await execute(context, second);
      expect(await read()).toMatchObject({ state: 'running', pausedUntil: null });
    },
  );

  it('that does not reach a link is rolled back, and the next one is due at the new version.', async () => {
    await pauseFor('2h');
    await passTime(2 * hour);
    await sweep(context);
    const unreachable = overrideContext(context, {
      links: { readStatuses: async (links) => links.map(() => 'unreachable' as const) },
    });
    const ref = await newestTimerOperation();
    await expect(execute(unreachable, ref)).rejects.toThrow('links did not answer');
    // The time in which the links must answer has passed.
    await services.redis.hincrby(`syncbot:{p:orders}:op:${ref.operation}`, 'startedAt', -60_000);
    await execute(unreachable, ref);
    const rolledBack = await read();
    expect(rolledBack).toMatchObject({ state: 'paused', pausedUntil: { version: rolledBack.version, attempts: 0 } });
    await sweep(context);
    expect((await read()).pausedUntil).toMatchObject({ attempts: 1, code: 'links_unreachable', stopped: null });
    await passTime(60_000);
    await sweep(context);
    await execute(context, await newestTimerOperation());
    expect((await read()).state).toBe('running');
  });

  it.each(limits)(
    'is not requested after the project was changed. The alert names the person ($limit).',
    async ({ pause }) => {
      await pause();
      const { definition, version } = await read();
      const changed = { ...definition, description: 'changed' };
      await context.projects.save(changed, { expectedVersion: version, added: [] }, 'cli:dora');
      await passTime(2 * hour);
      await sweep(context);
      expect(await timerOperations()).toEqual([]);
      const project = await read();
      expect(project).toMatchObject({ state: 'paused', pausedUntil: { stopped: { change: { by: 'cli:dora' } } } });
      expect(project.alerts.pause_overdue?.alert).toMatchObject({
        state: 'firing',
        condition: { cause: { kind: 'changed', change: { by: 'cli:dora' } } },
      });
      await sweep(context);
      const events = (await context.auditLog.read('orders', { limit: 10 })).map(({ event }) => event);
      expect(events.slice(0, 3)).toEqual(['alert_firing', 'timer_stopped', 'changed']);
      expect(events.filter((event) => event === 'timer_stopped')).toHaveLength(1);
    },
  );

  it('follows also after a retry of skipped tasks, which is no change of the project.', async () => {
    await pauseFor('2h');
    const { version } = await read();
    const ref = await requestRetry();
    const claim = await context.operations.claim(ref, 'execution');
    if (claim.kind !== 'claimed') return expect.fail(claim.kind);
    const { project, operation } = claim;
    const completion = retryCompleted(operation, {
      project,
      unreachable: [],
      retried: { tasks: 0, isUncertain: false },
    });
    await context.operations.commit({ ...completion, executionId: 'execution', isOnlyExecution: true });
    expect((await context.operations.read(ref))?.state).toBe('done');
    const retried = await read();
    expect(retried.version).toBeGreaterThan(version);
    expect(retried.pausedUntil?.version).toBe(retried.version);
    await passTime(2 * hour);
    await sweep(context);
    await execute(context, await newestTimerOperation());
    expect((await read()).state).toBe('running');
  });

  it.each(limits)('follows also after Re-apply, which keeps what people decided ($limit).', async ({ pause }) => {
    await pause();
    const { version, pausedUntil } = await read();
    await testLink.queue.resume();
    await execute(context, await services.requestAndConfirm('orders', 'reapply', 'U0BOB'));
    expect(await testLink.queue.isPaused()).toBe(true);
    const reapplied = await read();
    expect(reapplied.version).toBeGreaterThan(version);
    expect(reapplied.pausedUntil).toEqual({ ...pausedUntil, version: reapplied.version });
    await passTime(2 * hour);
    await sweep(context);
    await execute(context, await newestTimerOperation());
    expect(await read()).toMatchObject({ state: 'running', by: timerActor });
  });

  it('does not follow after Re-apply if the project was changed before it.', async () => {
    await pauseFor('2h');
    const { definition, version } = await read();
    const changed = { ...definition, description: 'changed' };
    await context.projects.save(changed, { expectedVersion: version, added: [] }, 'cli:dora');
    await testLink.queue.resume();
    await execute(context, await services.requestAndConfirm('orders', 'reapply', 'U0BOB'));
    await passTime(2 * hour);
    await sweep(context);
    expect(await timerOperations()).toEqual([]);
    expect(await read()).toMatchObject({ state: 'paused', pausedUntil: { stopped: { change: { by: 'cli:dora' } } } });
  });

  it('that is tried again has its next attempt after a Re-apply, too.', async () => {
    await pauseFor('2h');
    await passTime(2 * hour);
    await testLink.queue.resume();
    const ref = await services.requestAndConfirm('orders', 'reapply', 'U0BOB');
    const claim = await context.operations.claim(ref, 'execution');
    if (claim.kind !== 'claimed') return expect.fail(claim.kind);
    const deadline = claim.project.pausedUntil ?? expect.fail('no end');
    const nextAttemptAt = deadline.at + 60_000;
    await context.projects.countTimerAttempt('orders', { deadline, nextAttemptAt, code: 'operation_active' });
    await context.operations.endExecution('orders', 'execution');
    await execute(context, ref);
    expect((await read()).pausedUntil).toMatchObject({ attempts: 1, nextAttemptAt });
    await passTime(60_000);
    await sweep(context);
    await execute(context, await newestTimerOperation());
    expect((await read()).state).toBe('running');
  });

  it('that does not succeed twice waits longer.', async () => {
    await pauseFor('2h');
    await passTime(2 * hour);
    for (const waitedMs of [60_000, 120_000]) {
      await sweep(context);
      const { operation } = await newestTimerOperation();
      await services.redis.hset(`syncbot:{p:orders}:op:${operation}`, 'executeBy', 1);
      await sweep(context);
      const remainingMs = ((await read()).pausedUntil?.nextAttemptAt ?? 0) - (await context.serverClock.now());
      expect(remainingMs).toBeGreaterThan(waitedMs - 30_000);
      expect(remainingMs).toBeLessThanOrEqual(waitedMs);
      await passTime(waitedMs);
    }
    expect((await read()).pausedUntil?.attempts).toBe(2);
    expect(await timerOperations()).toHaveLength(2);
  });

  it('is counted once by two processes, and the stop of a timer is recorded once.', async () => {
    await pauseFor('2h');
    const { pausedUntil: deadline, version } = await read();
    if (deadline === null) return expect.fail('no end');
    const count = (nextAttemptAt: number) =>
      context.projects.countTimerAttempt('orders', { deadline, nextAttemptAt, code: 'claim_timeout' });
    const first = deadline.at + 60_000;
    expect([(await count(first)).kind, (await count(first)).kind, (await count(first + 1)).kind]).toEqual([
      'written',
      'written',
      'conflict',
    ]);
    expect((await read()).pausedUntil).toMatchObject({ attempts: 1, nextAttemptAt: first });
    const stop = () => context.projects.stopTimer('orders', version, { deadline, by: timerActor, change: null });
    expect([(await stop()).kind, (await stop()).kind]).toEqual(['written', 'written']);
    const events = (await context.auditLog.read('orders', { limit: 20 })).map(({ event }) => event);
    expect(events.filter((event) => event === 'timer_stopped')).toHaveLength(1);
    expect((await count(first + 1)).kind).toBe('conflict');
  });

  it('does nothing if the pause was extended after its request.', async () => {
    await pauseFor('2h');
    await passTime(2 * hour);
    await sweep(context);
    const ref = await newestTimerOperation();
    expect(
      await extendPause(context, { project: 'orders', by: 'U0BOB', duration: '1h', expected: null }),
    ).toMatchObject({
      kind: 'moved',
    });
    await execute(context, ref);
    expect((await context.operations.read(ref))?.refusal).toMatchObject({ code: 'deadline_moved', by: 'U0BOB' });
    expect(await read()).toMatchObject({ state: 'paused', pausedUntil: { by: 'U0BOB', attempts: 0 } });
    await passTime(hour);
    await sweep(context);
    await execute(context, await newestTimerOperation());
    expect((await read()).state).toBe('running');
  });

  it('is one operation, however often and by how many processes the sweep is stopped and repeated.', async () => {
    await pauseFor('2h');
    await passTime(2 * hour);
    for (let calls = 0; calls < 40; calls++) await sweep(failAfter(context, calls)).catch(() => {});
    await Promise.all([sweep(context), sweep(withoutJobs(services)), sweep(context)]);
    expect(await timerOperations()).toHaveLength(1);
    await execute(context, await newestTimerOperation());
    expect((await read()).state).toBe('running');
    expect(
      (await context.auditLog.read('orders', { limit: 50 })).filter(({ event }) => event === 'requested'),
    ).toHaveLength(2);
  });
});

/** A process that stops after so many calls of the stores of projects and operations. */
function failAfter(base: UseCaseContext, calls: number): UseCaseContext {
  let left = calls;
  const limited = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) => {
          if (left-- <= 0) throw new Error('stopped');
          return Reflect.apply(method, target, args) as unknown;
        };
      },
    });
  return { ...base, projects: limited(base.projects), operations: limited(base.operations) };
}

describe('the end of a pause', () => {
  it('is moved once by two people who press the same button.', async () => {
    const pause = await pauseFor('2h');
    const expected = pause.pauseUntil?.at ?? 0;
    const press = (by: string) => extendPause(context, { project: 'orders', by, duration: '1h', expected });
    const results = await Promise.all([press('U0ALICE'), press('U0BOB')]);
    expect(results.map(({ kind }) => kind).sort()).toEqual(['moved', 'refused']);
    const { pausedUntil } = await read();
    expect(pausedUntil?.at).toBe(expected + hour);
    expect(results.find(({ kind }) => kind === 'refused')).toMatchObject({
      refusal: { code: 'deadline_moved', by: pausedUntil?.by, until: expected + hour },
    });
    const changed = await context.operations.read({ project: 'orders', operation: pause.id });
    expect(changed?.limitChange).toMatchObject({ kind: 'extended', by: pausedUntil?.by, until: expected + hour });
    expect(changed?.seq).toBeGreaterThan(pause.seq);
  });

  it('is moved again after an extension.', async () => {
    const pause = await pauseFor('2h');
    const until = pause.pauseUntil?.at ?? 0;
    const press = (expected: number) =>
      extendPause(context, { project: 'orders', by: 'U0BOB', duration: '1h', expected });
    expect(await press(until)).toEqual({ kind: 'moved', until: until + hour });
    expect(await press(until + hour)).toEqual({ kind: 'moved', until: until + 2 * hour });
    const expectedEnd = until + 2 * hour;
    expect(await keepPaused(context, { project: 'orders', by: 'U0BOB', expectedEnd })).toEqual({
      kind: 'kept',
      until: null,
    });
    expect((await read()).pausedUntil).toBeNull();
  });

  it('is removed by Keep Paused, and then the timer does nothing.', async () => {
    const pause = await pauseFor('2h');
    const expectedEnd = pause.pauseUntil?.at ?? 0;
    expect(await keepPaused(context, { project: 'orders', by: 'U0BOB', expectedEnd })).toEqual({
      kind: 'kept',
      until: null,
    });
    expect(await read()).toMatchObject({ state: 'paused', pausedUntil: null, keptPaused: { by: 'U0BOB' } });
    expect(
      await extendPause(context, { project: 'orders', by: 'U0ALICE', duration: '1h', expected: expectedEnd }),
    ).toEqual({
      kind: 'refused',
      refusal: { code: 'deadline_moved', project: 'orders', by: 'U0BOB', until: null },
    });
    expect(await extendPause(context, { project: 'orders', by: 'U0ALICE', duration: '1h', expected: null })).toEqual({
      kind: 'refused',
      refusal: { code: 'no_limit', project: 'orders' },
    });
  });

  it('fires an alert 15 min before it, which Extend resolves.', async () => {
    await pauseFor('2h');
    await passTime(2 * hour - 14 * 60_000);
    await updateAlertsFromState(context, 'orders');
    expect((await read()).alerts.pause_ending?.alert.state).toBe('firing');
    await extendPause(context, { project: 'orders', by: 'U0BOB', duration: '1h', expected: null });
    expect((await read()).alerts.pause_ending?.alert).toMatchObject({
      state: 'resolved',
      condition: { change: { kind: 'extended', by: 'U0BOB' } },
    });
  });

  it('is not moved by a press that a restore has overtaken.', async () => {
    const pause = await pauseFor('2h');
    const expected = pause.pauseUntil?.at ?? 0;
    const ref = await services.requestAndConfirm('orders', 'restore', 'U0BOB');
    const claim = once(() => context.operations.claim(ref, 'execution'));
    const overtaken = overrideContext(context, {
      projects: { moveDeadline: runBefore(context.projects.moveDeadline, claim) },
    });
    const result = await extendPause(overtaken, { project: 'orders', by: 'U0ALICE', duration: '1h', expected });
    expect(result).toMatchObject({ kind: 'refused', refusal: { code: 'not_paused', state: 'restoring' } });
  });

  it('is not moved while a retry of skipped tasks is active.', async () => {
    const pause = await pauseFor('2h');
    const expected = pause.pauseUntil?.at ?? 0;
    const ref = await requestRetry();
    const claim = once(() => context.operations.claim(ref, 'execution'));
    const overtaken = overrideContext(context, {
      projects: { moveDeadline: runBefore(context.projects.moveDeadline, claim) },
    });
    const result = await extendPause(overtaken, { project: 'orders', by: 'U0ALICE', duration: '1h', expected });
    expect(result).toMatchObject({ kind: 'refused', refusal: { code: 'operation_active', by: 'U0BOB' } });
    expect((await read()).pausedUntil?.at).toBe(expected);
  });

  it('stays within pauseMax, counted from now.', async () => {
    const { definition, version } = await read();
    const limited = { ...definition, pauseMax: 3 * hour };
    await context.projects.save(limited, { expectedVersion: version, added: [] }, 'cli:test');
    await pauseFor('2h');
    const press = (duration: string) =>
      extendPause(context, { project: 'orders', by: 'U0BOB', duration, expected: null });
    expect(await press('2h')).toEqual({
      kind: 'refused',
      refusal: { code: 'limit_above_max', project: 'orders', maxMs: 3 * hour },
    });
    expect((await press('30m')).kind).toBe('moved');
    const expectedEnd = (await read()).pausedUntil?.at ?? 0;
    const before = await context.serverClock.now();
    const kept = await keepPaused(context, { project: 'orders', by: 'U0BOB', expectedEnd });
    const { pausedUntil, keptPaused } = await read();
    expect(keptPaused?.by).toBe('U0BOB');
    expect(kept).toEqual({ kind: 'kept', until: pausedUntil?.at });
    expect(pausedUntil?.at).toBeGreaterThanOrEqual(before + 3 * hour);
    expect(pausedUntil?.at).toBeLessThanOrEqual((await context.serverClock.now()) + 3 * hour);
  });

  it('is not the answer to a reminder: Keep Paused without the end that it shows changes nothing.', async () => {
    const pause = await pauseFor('2h');
    expect(await keepPaused(context, { project: 'orders', by: 'U0BOB' })).toEqual({
      kind: 'refused',
      refusal: { code: 'deadline_moved', project: 'orders', by: 'U0ALICE', until: pause.pauseUntil?.at },
    });
  });

  it.each([
    ['0m', 'too_short'],
    ['soon', 'not_a_duration'],
    ['30d', 'too_long'],
  ])('is not extended by %s.', async (duration, problem) => {
    await pauseFor('2h');
    const result = await extendPause(context, { project: 'orders', by: 'U0BOB', duration, expected: null });
    expect(result).toMatchObject({ kind: 'refused', refusal: { code: 'invalid_limit', verb: 'extend', problem } });
  });
});
