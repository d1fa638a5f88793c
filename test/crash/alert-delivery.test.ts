import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Condition } from '../../src/domain/conditions.ts';
import type { AlertNotifierOptions } from '../../src/slack/notifier/alert-notifier.ts';
import {
  type AlertChannelFixture,
  groupTimes,
  NotifierKilled,
  startAlertChannel,
} from '../slack/notifier/alert-channel-fixture.ts';
import { exampleLink } from '../support/example-records.ts';
import { visibleText } from '../support/slack-harness.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';

let services: TestServices;
beforeEach(async () => {
  services = await startTestServices();
});
afterEach(() => services[Symbol.asyncDispose]());

const links = { total: 1, first: [exampleLink('orders-full')] };
const noWorker: Condition = { kind: 'no_worker', noWorker: links, overdue: { total: 0, first: [] } };
const ids = ['invoices', 'orders', 'users'];

/** A call of the notifier to Redis or Slack at which it is killed, before or after the call takes effect. */
interface CrashPoint {
  readonly call: number;
  readonly when: 'before' | 'after';
}

interface Calls {
  readonly names: string[];
  readonly wrap: (options: AlertNotifierOptions) => AlertNotifierOptions;
}

/** Counts the calls of the notifier, and kills it once at the crash point. */
function countCalls(point: CrashPoint | null): Calls {
  const names: string[] = [];
  const count = <Port extends object>(port: Port, prefix: string): Port =>
    new Proxy(port, {
      get(target, name, receiver) {
        const member: unknown = Reflect.get(target, name, receiver);
        if (typeof member !== 'function') return member;
        return async (...args: readonly unknown[]) => {
          names.push(`${prefix}.${String(name)}`);
          const isPoint = names.length - 1 === point?.call;
          if (isPoint && point.when === 'before') throw new NotifierKilled();
          const result: unknown = await Reflect.apply(member, target, args);
          if (isPoint) throw new NotifierKilled();
          return result;
        };
      },
    });
  return {
    names,
    wrap: (options) => ({
      ...options,
      projects: count(options.projects, 'projects'),
      alerts: count(options.alerts, 'alerts'),
      alertGroups: count(options.alertGroups, 'alertGroups'),
      notifications: count(options.notifications, 'notifications'),
      client: { chat: count({ ...chatOf(options) }, 'chat') },
    }),
  };
}

const chatOf = ({ client: { chat } }: AlertNotifierOptions): AlertNotifierOptions['client']['chat'] => ({
  postMessage: (args) => chat.postMessage(args),
  update: (args) => chat.update(args),
});

/** Three alerts fire together, one resolves, then the others: a message, two edits and a reply. */
async function runStory(calls: Calls): Promise<AlertChannelFixture> {
  await services.redis.flushall();
  const fixture = await startAlertChannel({ alertGroups: services.context.alertGroups, wrap: calls.wrap });
  for (const id of ids) fixture.addProject(id, { state: 'running' });
  for (const id of ids) await fixture.setAlert(id, noWorker);
  await fixture.advance(groupTimes.waitMs + 60_000);
  await fixture.setAlert('orders', null, {}, 'no_worker');
  await fixture.advance(60_000);
  for (const id of ['invoices', 'users']) await fixture.setAlert(id, null, {}, 'no_worker');
  await fixture.advance(120_000);
  return fixture;
}

it('A notifier that is killed at any call loses no alert, and doubles only what Slack had accepted and nothing had stored.', async () => {
  const counted = countCalls(null);
  await (await runStory(counted))[Symbol.asyncDispose]();
  const names = [...counted.names];
  expect(names.filter((name) => name.startsWith('chat.'))).toEqual([
    'chat.postMessage',
    'chat.update',
    'chat.update',
    'chat.postMessage',
  ]);
  const points = names.flatMap((_name, call) => [
    { call, when: 'before' as const },
    { call, when: 'after' as const },
  ]);
  for (const point of points) {
    const label = `${point.when} call ${point.call}, ${names[point.call]}`;
    await using fixture = await runStory(countCalls(point));
    const isAccepted = point.when === 'after' && names[point.call] === 'chat.postMessage';
    const isUnstored = point.when === 'before' && names[point.call - 1] === 'chat.postMessage';
    const doubled = isAccepted || isUnstored ? 1 : 0;
    const [messages, replies] = [fixture.messages(), fixture.replies()];
    expect(messages.length + replies.length, label).toBe(2 + doubled);
    expect(messages.map(visibleText).at(-1), label).toMatch(/^3 projects · Resolved <!date/);
    expect(replies.at(-1)?.text, label).toMatch(/^3 projects · Resolved <!date/);
    for (const id of ids)
      expect(fixture.delivered(id, 'no_worker'), label).toMatchObject({
        seq: 2,
        resolved: true,
        destination: 'C0SYNC',
      });
  }
});
