import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, type AlertRecord, needsNotification } from '../../src/domain/alert.ts';
import { type ChannelAlerts, isCritical, isFiring, noChannelAlerts } from '../../src/domain/alert-group.ts';
import { type AlertKind, alertKinds, type Condition } from '../../src/domain/conditions.ts';
import { groupAlerts } from '../../src/domain/group-alerts.ts';
import {
  afterRecording,
  afterReply,
  afterWriting,
  forgetGroup,
  maxPostsPerMinute,
  nextDelivery,
} from '../../src/domain/next-delivery.ts';
import { exampleLink } from '../support/example-records.ts';

const times = { waitMs: 10_000, intervalMs: 60_000 };
const channel = 'C0SYNC';
const kinds = ['unexpectedly_running', 'project_failed', 'unexpectedly_paused', 'no_worker', 'latency'] as const;
type Kind = (typeof kinds)[number];

function condition(kind: Kind, weight: number): Condition {
  const links = { total: weight, first: [exampleLink('orders-full')] };
  switch (kind) {
    case 'unexpectedly_running':
      return { kind, links, cause: 'resumed' };
    case 'project_failed':
      return { kind, since: weight, failure: null };
    case 'no_worker':
      return { kind, noWorker: links, overdue: { total: 0, first: [] } };
    case 'latency':
      return { kind, latencyMs: weight, limitMs: 1 };
    default:
      return { kind, links };
  }
}

type Change =
  | {
      readonly kind: 'fire' | 'resolve' | 'return';
      readonly project: number;
      readonly alert: Kind;
      readonly weight: number;
    }
  | { readonly kind: 'advance'; readonly ms: number }
  /** The notifier is killed after Slack has accepted something, or after it has stored it. */
  | { readonly kind: 'crash'; readonly isStored: boolean };

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('fire' as const, 'fire' as const, 'resolve' as const, 'return' as const),
      project: fc.nat(12),
      alert: fc.constantFrom(...kinds),
      weight: fc.integer({ min: 1, max: 50 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 90_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), isStored: fc.boolean() }) },
);

interface Post {
  readonly at: number;
  readonly kind: AlertKind;
  readonly isReply: boolean;
}

/** The records of projects, the notifier and a channel of Slack, on a clock of their own. */
class Simulation {
  readonly records = new Map<string, AlertRecord>();
  readonly changed = new Set<string>();
  readonly posts: Post[] = [];
  /** Which alerts each message shows as firing, by its ts. */
  readonly messages = new Map<string, readonly string[]>();
  now = 1_000_000;
  alerts: ChannelAlerts = noChannelAlerts;
  #crash: { readonly isStored: boolean } | null = null;
  crashes = 0;

  apply(step: Change): void {
    if (step.kind === 'advance') this.advance(step.ms);
    else if (step.kind === 'crash') this.#crash = step;
    else this.#changeAlert(step);
  }

  #changeAlert({ kind, project, alert: alertKind, weight }: Exclude<Change, { kind: 'advance' | 'crash' }>): void {
    const key = `p${project} ${alertKind}`;
    const { alert: previous = null, delivered = null } = this.records.get(key) ?? {};
    const seq = (previous?.seq ?? 0) + 1;
    const isFiringNow = previous?.state === 'firing';
    if ((kind === 'resolve') !== isFiringNow) return;
    const since = kind === 'fire' || previous === null ? this.now : previous.since;
    const fields = { since, seq, changedAt: this.now, version: 1 };
    const alert: Alert =
      kind === 'resolve'
        ? { state: 'resolved', condition: previous?.condition, ...fields }
        : { state: 'firing', condition: condition(alertKind, weight), absentOnce: false, ...fields };
    this.records.set(key, { alert, delivered });
    this.changed.add(key);
    this.now += 1;
  }

  /** Runs the notifier until this time has passed. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const until = this.#run();
      if (until === null || until > end) break;
      this.now = Math.max(this.now, until);
    }
    this.now = end;
    this.#run();
  }

  /** Everything that is due is read again, as the sweep does. */
  sweep(): void {
    for (const [key, record] of this.records) if (needsNotification(record)) this.changed.add(key);
  }

  #run(): number | null {
    const observed = [...this.changed].map((key) => {
      const [project = '', kind = ''] = key.split(' ');
      const found = alertKinds.find((each) => each === kind) ?? 'latency';
      return { project, kind: found, record: this.records.get(key) ?? null, destination: channel, calls: [] };
    });
    this.changed.clear();
    // Redis returns the groups in any order.
    this.alerts = { ...this.alerts, groups: new Map([...this.alerts.groups].reverse()) };
    const grouped = groupAlerts(this.alerts, observed, { ...times, channel, now: this.now });
    this.alerts = grouped.alerts;
    for (const { project, kind, delivered } of grouped.silent) this.#record(`${project} ${kind}`, delivered);
    for (;;) {
      const delivery = nextDelivery(this.alerts, this.now, times);
      if (delivery.kind === 'wait') return delivery.until;
      const id = delivery.group;
      const group = this.alerts.groups.get(id);
      if (group === undefined) throw new Error(`no group ${id}`);
      if (delivery.kind === 'forget') this.alerts = forgetGroup(this.alerts, id);
      else if (delivery.kind === 'record') {
        for (const [project, member] of group.members) {
          const { seq, since, isRecorded } = member;
          const delivered = { seq, since, message: group.message, resolved: !isFiring(member), destination: channel };
          if (!isRecorded) this.#record(`${project} ${group.kind}`, delivered);
        }
        this.alerts = afterRecording(this.alerts, id);
      } else {
        const stored = this.#write(delivery.kind, id);
        if (this.#crash !== null) {
          const { isStored } = this.#crash;
          this.#crash = null;
          this.crashes += 1;
          if (isStored) this.alerts = stored;
          this.sweep();
          return this.now;
        }
        this.alerts = stored;
      }
    }
  }

  #write(kind: 'post' | 'edit' | 'reply', id: string): ChannelAlerts {
    const group = this.alerts.groups.get(id);
    if (group === undefined) throw new Error(`no group ${id}`);
    const { now } = this;
    if (kind !== 'edit') this.posts.push({ at: now, kind: group.kind, isReply: kind === 'reply' });
    if (kind === 'reply') return afterReply(this.alerts, id, now);
    const ts = kind === 'post' ? `${this.posts.length}` : (group.message?.ts ?? '');
    const firing = [...group.members].filter(([, member]) => isFiring(member));
    this.messages.set(
      ts,
      firing.map(([project]) => `${project} ${group.kind}`),
    );
    return afterWriting(this.alerts, id, { message: { channel, ts }, isNew: kind === 'post', now });
  }

  #record(key: string, delivered: NonNullable<AlertRecord['delivered']>): void {
    const record = this.records.get(key);
    if (record !== undefined) this.records.set(key, { ...record, delivered });
  }

  /** The messages that show the alert as firing. */
  shownIn(key: string): number {
    return [...this.messages.values()].filter((firing) => firing.includes(key)).length;
  }
}

function simulate(changes: readonly Change[]): Simulation {
  const simulation = new Simulation();
  for (const each of changes) simulation.apply(each);
  simulation.sweep();
  simulation.advance(10 * 60_000);
  return simulation;
}

const withoutCrashes = (changes: readonly Change[]) => changes.filter(({ kind }) => kind !== 'crash');
const manyChanges = fc.array(change, { minLength: 1, maxLength: 80, size: 'max' });

describe('the alerts of a channel', () => {
  it('each end in exactly one message that shows whether they fire, and no alert is lost', () => {
    fc.assert(
      fc.property(manyChanges, (changes) => {
        const simulation = simulate(withoutCrashes(changes));
        for (const [key, record] of simulation.records) {
          expect(simulation.shownIn(key), key).toBe(record.alert.state === 'firing' ? 1 : 0);
          expect(needsNotification(record), key).toBe(false);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('are shown after a crash: a message may be doubled only if the crash came before it was stored', () => {
    fc.assert(
      fc.property(manyChanges, (changes) => {
        const simulation = simulate(changes);
        for (const [key, record] of simulation.records) {
          const shown = simulation.shownIn(key);
          if (record.alert.state === 'firing') expect(shown, key).toBeGreaterThanOrEqual(1);
          expect(shown, key).toBeLessThanOrEqual(1 + simulation.crashes);
          expect(needsNotification(record), key).toBe(false);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('are not doubled by a crash after the message was stored', () => {
    const stored = (each: Change): Change => (each.kind === 'crash' ? { ...each, isStored: true } : each);
    fc.assert(
      fc.property(manyChanges, (changes) => {
        const simulation = simulate(changes.map(stored));
        for (const [key, { alert }] of simulation.records)
          expect(simulation.shownIn(key), key).toBe(alert.state === 'firing' ? 1 : 0);
      }),
      { numRuns: 150 },
    );
  });

  it('have one group for each message, also if an alert fires again before the notifier has seen its end', () => {
    const alert = 'unexpectedly_paused';
    const simulation = new Simulation();
    simulation.apply({ kind: 'fire', project: 3, alert, weight: 1 });
    simulation.advance(60_000);
    simulation.apply({ kind: 'fire', project: 0, alert, weight: 1 });
    simulation.apply({ kind: 'resolve', project: 3, alert, weight: 1 });
    simulation.apply({ kind: 'fire', project: 3, alert, weight: 1 });
    simulation.apply({ kind: 'crash', isStored: true });
    simulation.advance(5_000);
    const messages = [...simulation.alerts.groups.values()].map(({ message }) => message?.ts ?? 'waiting');
    expect(messages.sort()).toEqual(['1', 'waiting']);
  });

  it('make at most one message or reply in a second, and at most five messages in a minute that are not critical', () => {
    fc.assert(
      fc.property(manyChanges, (changes) => {
        const { posts } = simulate(withoutCrashes(changes));
        for (const [index, { at }] of posts.entries()) {
          const next = posts[index + 1];
          if (next !== undefined) expect(next.at - at).toBeGreaterThanOrEqual(1_000);
          const minute = posts.filter((post) => !post.isReply && post.at <= at && post.at > at - 60_000);
          const last = minute.at(-1);
          if (last !== undefined && last.at === at && !isCritical(last.kind))
            expect(minute.length).toBeLessThanOrEqual(maxPostsPerMinute);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('are posted the worst first: no other message is written while a critical one is due', () => {
    const simulation = new Simulation();
    for (const alert of [...kinds].reverse())
      for (const project of [1, 2, 3]) simulation.apply({ kind: 'fire', project, alert, weight: 1 });
    simulation.advance(60_000);
    expect(simulation.posts.map(({ kind }) => kind)).toEqual([...kinds]);
  });

  it('that fire while others are posted wait only for their own group', () => {
    const simulation = new Simulation();
    for (let project = 0; project < 12; project += 1)
      for (const alert of ['unexpectedly_paused', 'no_worker', 'latency'] as const)
        simulation.apply({ kind: 'fire', project, alert, weight: 1 });
    simulation.advance(9_500);
    simulation.apply({ kind: 'fire', project: 1, alert: 'unexpectedly_running', weight: 1 });
    const firedAt = simulation.now;
    simulation.advance(30_000);
    const [critical] = simulation.posts.filter(({ kind }) => kind === 'unexpectedly_running');
    expect((critical?.at ?? 0) - firedAt).toBeLessThanOrEqual(times.waitMs);
  });
});
