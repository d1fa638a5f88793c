import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decideWait } from '../../src/application/catch-up.ts';
import { checkClaim } from '../../src/application/check-claim.ts';
import { confirm } from '../../src/application/confirm.ts';
import type { UseCaseContext } from '../../src/application/context.ts';
import { RetryLaterError } from '../../src/application/errors.ts';
import { execute } from '../../src/application/execute.ts';
import { type ActionRequest, requestAction } from '../../src/application/request-action.ts';
import { sweep } from '../../src/application/sweep.ts';
import { catchUpTimeoutMs } from '../../src/domain/catch-up.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { keys } from '../support/keys.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { overrideContext, withoutJobs } from './context-overrides.ts';

const minute = 60_000;
const hour = 60 * minute;
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
  whenCaughtUp: true,
  by: 'U0ALICE',
  reason: null,
  origin: 'slack',
  channel: 'C0SYNC',
} as const;

const addBacklog = (ageMs = minute) => testLink.queue.add('task', {}, { timestamp: Date.now() - ageMs });

async function request(overrides: Partial<ActionRequest> = {}): Promise<OperationRef> {
  const requested = await requestAction(context, { ...pauseRequest, ...overrides });
  if (requested.kind === 'refused') return expect.fail(requested.refusal.code);
  return { project: 'orders', operation: requested.operation.id };
}

async function requestAndConfirmWait(overrides: Partial<ActionRequest> = {}): Promise<OperationRef> {
  const ref = await request(overrides);
  await confirm(context, { ref, by: overrides.by ?? 'U0ALICE', dialog: null });
  return ref;
}

const readProject = async () => (await context.projects.read('orders')) ?? expect.fail('no project');
const readOperation = async (ref: OperationRef) => (await context.operations.read(ref)) ?? expect.fail('no operation');
const expectWaiting = (ref: OperationRef, by = context) =>
  expect(execute(by, ref)).rejects.toBeInstanceOf(RetryLaterError);
const events = async (limit: number) =>
  (await context.auditLog.read('orders', { limit })).map(({ event, by, code }) => [event, by, code]);

/** As if that time had passed. */
async function passTime({ project, operation }: OperationRef, ms: number): Promise<void> {
  const key = keys.operation(project, operation);
  for (const field of ['waitsUntil', 'executeBy', 'resolvedAt', 'waitEndedAt']) {
    const value = await services.redis.hget(key, field);
    if (value) await services.redis.hset(key, field, Number(value) - ms);
  }
}

describe('a pause when caught up', () => {
  it('waits while the project is behind, and pauses it when nothing waits any more.', async () => {
    await addBacklog();
    const ref = await requestAndConfirmWait();
    const { requestedAt, resolvedAt, waitsUntil } = await readOperation(ref);
    expect(waitsUntil).toBe((resolvedAt ?? requestedAt) + catchUpTimeoutMs);
    expect((await readProject()).waitingPause).toEqual({ operation: ref.operation, by: 'U0ALICE', until: waitsUntil });
    await expectWaiting(ref);
    await expectWaiting(ref);
    expect(await readProject()).toMatchObject({ state: 'running', version: 1, activeOperation: null });
    const { waitObservation } = await readOperation(ref);
    expect(waitObservation?.latencyMs).toBeGreaterThanOrEqual(minute);
    await testLink.queue.drain();
    await execute(context, ref);
    expect(await readProject()).toMatchObject({ state: 'paused', by: 'U0ALICE', waitingPause: null });
    expect(await testLink.queue.isPaused()).toBe(true);
    expect(await events(5)).toEqual([
      ['done', 'U0ALICE', null],
      ['started', 'U0ALICE', null],
      ['wait_ended', null, null],
      ['confirmed', 'U0ALICE', null],
      ['requested', 'U0ALICE', null],
    ]);
  });

  it('pauses a project that has caught up already at once.', async () => {
    const ref = await requestAndConfirmWait();
    await execute(context, ref);
    expect(await readOperation(ref)).toMatchObject({ state: 'done', waitEndedBy: null });
  });

  it('waits for young tasks that no worker takes, although their latency is low.', async () => {
    await addBacklog(0);
    const ref = await requestAndConfirmWait();
    await expectWaiting(ref);
    await expectWaiting(ref);
  });

  it('is refused when the project has not caught up in time, also without a worker.', async () => {
    await addBacklog();
    const ref = await requestAndConfirmWait();
    await expectWaiting(ref);
    await passTime(ref, catchUpTimeoutMs - minute);
    expect(await checkClaim(context, ref)).toEqual({ kind: 'unchanged' });
    await expectWaiting(ref);
    await passTime(ref, minute);
    expect(await checkClaim(context, ref)).toMatchObject({
      kind: 'refused',
      operation: { state: 'refused', refusal: { code: 'not_caught_up', latencyMs: expect.any(Number) } },
    });
    expect(await readProject()).toMatchObject({ state: 'running', waitingPause: null });
    expect(await events(1)).toEqual([['refused', 'U0ALICE', 'not_caught_up']]);
  });

  it('is not begun after the time, although the project has caught up since.', async () => {
    await addBacklog();
    const ref = await requestAndConfirmWait();
    await expectWaiting(ref);
    await testLink.queue.drain();
    await passTime(ref, catchUpTimeoutMs + minute);
    await execute(context, ref);
    expect(await readOperation(ref)).toMatchObject({ state: 'refused', refusal: { code: 'not_caught_up' } });
    expect((await readProject()).state).toBe('running');
  });

  it('counts the time of a worker from the end of the wait.', async () => {
    await addBacklog();
    const ref = await requestAndConfirmWait();
    await passTime(ref, 10 * minute);
    expect(await checkClaim(context, ref)).toEqual({ kind: 'unchanged' });
    await decideWait(context, { ref, by: 'U0BOB', event: 'pause_now' });
    expect(await checkClaim(context, ref)).toEqual({ kind: 'unchanged' });
    await passTime(ref, 15_000);
    expect(await checkClaim(context, ref)).toEqual({ kind: 'delayed' });
    await passTime(ref, 2 * minute);
    expect(await checkClaim(context, ref)).toMatchObject({ operation: { refusal: { code: 'claim_timeout' } } });
  });

  it('waits while a link cannot be read, and records that its latency is not known.', async () => {
    const ref = await requestAndConfirmWait();
    const unreachable = overrideContext(context, {
      links: { observe: async (links) => links.map(({ link }) => ({ kind: 'unreachable', link })) },
    });
    await expectWaiting(ref, unreachable);
    expect((await readOperation(ref)).waitObservation).toMatchObject({ latencyMs: null, shown: { latencyMs: null } });
    await execute(context, ref);
    expect((await readOperation(ref)).state).toBe('done');
  });

  it('waits while a task has failed for good: the observer is about to make the project Failed.', async () => {
    const worker = await testLink.startWorker(() => Promise.reject(new Error('refused')));
    await testLink.queue.add('task', {});
    await new Promise((resolve) => worker.once('failed', resolve));
    const ref = await requestAndConfirmWait();
    await expectWaiting(ref);
  });
});

describe('a decision during the wait', () => {
  it('Pause Now by another person pauses the project although it is behind.', async () => {
    await addBacklog();
    const ref = await requestAndConfirmWait();
    await expectWaiting(ref);
    expect(await decideWait(context, { ref, by: 'U0BOB', event: 'pause_now' })).toMatchObject({ kind: 'decided' });
    expect(await decideWait(context, { ref, by: 'U0BOB', event: 'pause_now' })).toMatchObject({ kind: 'decided' });
    await execute(context, ref);
    expect(await readOperation(ref)).toMatchObject({ state: 'done', by: 'U0ALICE', waitEndedBy: 'U0BOB' });
    expect(await events(3)).toContainEqual(['wait_ended', 'U0BOB', null]);
  });

  it('Cancel by another person ends it. A later decision changes nothing.', async () => {
    await addBacklog();
    const ref = await requestAndConfirmWait();
    expect(await decideWait(context, { ref, by: 'U0BOB', event: 'cancel' })).toMatchObject({ kind: 'decided' });
    expect(await readOperation(ref)).toMatchObject({ state: 'cancelled', waitEndedBy: 'U0BOB' });
    expect(await events(1)).toEqual([['cancelled', 'U0BOB', null]]);
    expect(await decideWait(context, { ref, by: 'U0ALICE', event: 'pause_now' })).toMatchObject({
      refusal: { code: 'not_waiting' },
    });
    await execute(context, ref);
    expect(await readProject()).toMatchObject({ state: 'running', waitingPause: null });
  });

  it('about an operation that never waited is refused.', async () => {
    const ref = await requestAndConfirmWait({ whenCaughtUp: false });
    const result = await decideWait(context, { ref, by: 'U0BOB', event: 'cancel' });
    expect(result).toEqual({ kind: 'refused', refusal: { code: 'not_waiting', project: 'orders' } });
    const unknown = await decideWait(context, { ref: { ...ref, operation: 'no' }, by: 'U0BOB', event: 'cancel' });
    expect(unknown).toEqual({ kind: 'refused', refusal: { code: 'unknown_operation' } });
  });
});

describe('another operation during the wait', () => {
  it('An ordinary pause wins. The waiting one is refused, since the project is Paused.', async () => {
    await addBacklog();
    const ref = await requestAndConfirmWait();
    const other = await requestAndConfirmWait({ whenCaughtUp: false, by: 'U0BOB' });
    await execute(context, other);
    expect((await readProject()).state).toBe('paused');
    await execute(context, ref);
    expect(await readOperation(ref)).toMatchObject({
      state: 'refused',
      refusal: { code: 'not_allowed', state: 'paused', by: 'U0BOB' },
    });
    expect((await readProject()).waitingPause).toBeNull();
  });

  it('A second pause when caught up is refused with who waits and until when, at the request and at OK.', async () => {
    await addBacklog();
    const early = await request({ by: 'U0BOB' });
    const ref = await requestAndConfirmWait();
    const { waitsUntil: until } = await readOperation(ref);
    const refusal = { code: 'pause_waits', project: 'orders', by: 'U0ALICE', until };
    expect(await requestAction(context, { ...pauseRequest, by: 'U0CAROL' })).toEqual({ kind: 'refused', refusal });
    await confirm(context, { ref: early, by: 'U0BOB', dialog: null });
    expect(await readOperation(early)).toMatchObject({ state: 'refused', refusal });
    await expectWaiting(ref);
  });

  it('A change of the definition ends the wait.', async () => {
    await addBacklog();
    const ref = await requestAndConfirmWait();
    const { definition, version } = await readProject();
    const update = { expectedVersion: version, added: [] };
    await context.projects.save({ ...definition, description: 'changed' }, update, 'cli:bob');
    await execute(context, ref);
    expect(await readOperation(ref)).toMatchObject({ state: 'refused', refusal: { code: 'changed' } });
  });

  it('Only a pause can wait.', async () => {
    const result = await requestAction(context, { ...pauseRequest, action: 'restore' });
    const refusal = { code: 'catch_up_not_possible', project: 'orders', action: 'restore' };
    expect(result).toEqual({ kind: 'refused', refusal });
  });
});

describe('the end of a pause that waits', () => {
  const limit = (word: 'for' | 'until', text: string) => ({ limit: { word, text, timeZone: 'UTC' } });

  it('is counted from the beginning of the pause if it is a duration.', async () => {
    await addBacklog();
    const ref = await requestAndConfirmWait(limit('for', '2h'));
    expect((await readOperation(ref)).pauseUntil).toMatchObject({ durationMs: 2 * hour });
    await passTime(ref, 10 * minute);
    await testLink.queue.drain();
    await execute(context, ref);
    const { pauseUntil, startedAt } = await readOperation(ref);
    expect(pauseUntil).toEqual({ at: (startedAt ?? 0) + 2 * hour, timeZone: null, source: 'person' });
    expect((await readProject()).pausedUntil).toMatchObject({ at: pauseUntil?.at, by: 'U0ALICE' });
    const [done, started, ended] = await context.auditLog.read('orders', { limit: 3 });
    expect([done?.until, started?.until, ended?.until]).toEqual([pauseUntil?.at, pauseUntil?.at, null]);
  });

  it('is counted from the beginning of the pause if it comes from pauseMax.', async () => {
    const { definition, version } = await readProject();
    const limited = { ...definition, pauseMax: hour };
    await context.projects.save(limited, { expectedVersion: version, added: [] }, 'cli:test');
    await addBacklog();
    const tooLong = await requestAction(context, { ...pauseRequest, ...limit('for', '2h') });
    expect(tooLong).toMatchObject({ refusal: { code: 'limit_above_max', maxMs: hour } });
    const ref = await requestAndConfirmWait();
    await passTime(ref, 10 * minute);
    await testLink.queue.drain();
    await execute(context, ref);
    const { pauseUntil, startedAt } = await readOperation(ref);
    expect(pauseUntil).toEqual({ at: (startedAt ?? 0) + hour, timeZone: null, source: 'pauseMax' });
    expect((await readProject()).pausedUntil).toMatchObject({ at: pauseUntil?.at });
  });

  it('refuses the pause when it passes during the wait.', async () => {
    await addBacklog();
    const soon = new Date(Date.now() + 5 * minute).toISOString().slice(11, 16);
    const ref = await requestAndConfirmWait(limit('until', soon));
    const key = keys.operation('orders', ref.operation);
    const until = Date.now() - 1_000;
    await services.redis.hset(key, 'pauseUntil', JSON.stringify({ at: until, timeZone: 'UTC', source: 'person' }));
    await execute(context, ref);
    expect(await readOperation(ref)).toMatchObject({ state: 'refused', refusal: { code: 'limit_passed', until } });
  });
});

describe('a wait that a crash interrupts', () => {
  it('is continued by the sweep, which adds its job again.', async () => {
    await addBacklog();
    const ref = await requestAndConfirmWait();
    const added: OperationRef[] = [];
    const jobs = { ...context.jobs, execute: async (each: OperationRef) => void added.push(each) };
    await sweep(overrideContext(context, { jobs }));
    expect(added).toEqual([ref]);
  });

  it('is continued by another worker after each step.', async () => {
    const ref = await requestAndConfirmWait();
    const afterWait = overrideContext(context, {
      operations: { claim: lastClaimFails(context) },
    });
    await expect(execute(afterWait, ref)).rejects.toThrow('killed');
    expect(await readOperation(ref)).toMatchObject({ state: 'confirmed', waitEndedAt: expect.any(Number) });
    expect((await readProject()).waitingPause).toBeNull();
    await execute(context, ref);
    expect(await readOperation(ref)).toMatchObject({ state: 'done' });
    expect((await events(20)).filter(([event]) => event === 'wait_ended')).toHaveLength(1);
  });
});

/** The worker is killed after the end of the wait, before its claim. */
function lastClaimFails({ operations }: UseCaseContext): UseCaseContext['operations']['claim'] {
  let claims = 0;
  return (ref, executionId) => {
    claims += 1;
    return claims === 1 ? operations.claim(ref, executionId) : Promise.reject(new Error('killed'));
  };
}
