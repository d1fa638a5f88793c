import { webApi } from '@slack/bolt';
import { requestAlertDelivery } from '../../../src/application/alert-channels.ts';
import type { AlertGroupStore } from '../../../src/application/alert-store.ts';
import { type Alert, type DeliveredAlert, deliveredAlertSchema } from '../../../src/domain/alert.ts';
import {
  alertGroupSchema,
  alertMemberSchema,
  type ChannelAlerts,
  noChannelAlerts,
} from '../../../src/domain/alert-group.ts';
import type { AlertKind, Condition } from '../../../src/domain/conditions.ts';
import type { Operation } from '../../../src/domain/operation.ts';
import type { Project } from '../../../src/domain/project.ts';
import { type AlertNotifierOptions, notifyAlerts } from '../../../src/slack/notifier/alert-notifier.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { FakeSlack } from '../../fake-slack/fake-slack.ts';
import type { MessageView } from '../../fake-slack/types.ts';
import { exampleNow, exampleProject } from '../../support/example-records.ts';

export const groupTimes = { waitMs: 10_000, intervalMs: 60_000 };

/** The alerts of projects as the observer writes them, the notifier, and the fake Slack. The clock moves when a test says so. */
export interface AlertChannelFixture extends AsyncDisposable {
  readonly slack: FakeSlack;
  readonly projects: Map<string, Project>;
  readonly operations: Map<string, Operation>;
  readonly warnings: object[];
  /** What was recorded as delivered: `orders latency`. */
  readonly recorded: string[];
  /** The projects whose records the notifier has read. */
  readonly reads: Set<string>;
  now: number;
  addProject(id: string, overrides?: Partial<Project>, channel?: string | null): void;
  /** Sets an alert, and asks for its delivery. A null condition means resolved. */
  setAlert(project: string, condition: Condition | null, overrides?: AlertOverrides, kind?: AlertKind): Promise<void>;
  /** Removes a project, and asks for the delivery of its alerts, as `apply` does. */
  removeProject(id: string): Promise<void>;
  /** Stores an alert and what was delivered, without a change. */
  storeAlert(project: string, kind: AlertKind, alert: Alert, delivered: DeliveredAlert | null): void;
  delivered(project: string, kind: AlertKind): DeliveredAlert | null;
  /** Asks for the delivery of every alert that is due, as the sweep does. */
  sweep(): Promise<void>;
  /** Runs the jobs that are due now. */
  runJobs(): Promise<void>;
  /** Moves the clock, and runs every job at its time. */
  advance(ms: number): Promise<void>;
  /** As if the messages had been posted by a version without groups. */
  forgetGroups(): void;
  /** How many groups of the channel are stored. */
  groups(channel?: string): ChannelAlerts['groups'];
  /** The messages of the channel without replies, oldest first. */
  messages(channel?: string): MessageView[];
  replies(channel?: string): MessageView[];
}

export type AlertOverrides = Partial<Pick<Alert, 'since' | 'seq' | 'changedAt' | 'earlier' | 'acknowledgement'>>;

/** Thrown where a test kills the notifier. Another one continues after `killedJobMs`, as BullMQ and the sweep let it. */
export class NotifierKilled extends Error {}
const killedJobMs = 30_000;

export interface AlertChannelOptions {
  /** Default: in memory. */
  readonly alertGroups?: AlertGroupStore;
  readonly channelsWithoutButtons?: readonly string[];
  /** Replaces what the notifier uses. */
  readonly wrap?: (options: AlertNotifierOptions) => AlertNotifierOptions;
}

export async function startAlertChannel(given: AlertChannelOptions = {}): Promise<AlertChannelFixture> {
  const { wrap = (options) => options } = given;
  const slack = await FakeSlack.start();
  const { apiUrl: slackApiUrl, botToken } = slack;
  const client = new webApi.WebClient(botToken, {
    slackApiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  });
  const projects = new Map<string, Project>();
  const operations = new Map<string, Operation>();
  const jobs = new Map<string, number>();
  const stored = createMemoryStore();
  const warnings: object[] = [];
  const recorded: string[] = [];
  const reads = new Set<string>();
  const alertsDueIn = async (channel: string, delayMs: number) => void jobs.set(channel, fixture.now + delayMs);
  const context = {
    operations: { read: async ({ operation }: { readonly operation: string }) => operations.get(operation) ?? null },
    alertGroups: given.alertGroups ?? stored.store,
    notifications: { alertsDueIn, alertsChanged: async (channel: string) => void jobs.set(channel, fixture.now) },
  };
  const request = async (changed: readonly Project[]) => {
    const alerts = ({ alerts: records }: Project) => Object.values(records);
    const wake = true;
    await requestAlertDelivery(
      context,
      changed.map((project) => ({ project, alerts: alerts(project) })),
      { wake },
    );
  };
  const storeAlert: AlertChannelFixture['storeAlert'] = (id, kind, alert, delivered) => {
    const project = projects.get(id);
    if (project === undefined) throw new Error(`no project ${id}`);
    projects.set(id, { ...project, alerts: { ...project.alerts, [kind]: { alert, delivered } } });
  };
  const run = (channel: string) =>
    notifyAlerts(
      wrap({
        ...context,
        projects: { readMany: async (ids) => ids.flatMap((id) => projects.get(reads.add(id) && id) ?? []) },
        alerts: {
          async markNotified(id, kind, delivered) {
            recorded.push(`${id} ${kind}`);
            const alert = projects.get(id)?.alerts[kind]?.alert;
            if (alert !== undefined) storeAlert(id, kind, alert, deliveredAlertSchema.parse(delivered));
          },
        },
        serverClock: { now: async () => fixture.now },
        groupTimes,
        channelsWithoutButtons: given.channelsWithoutButtons ?? [],
        client,
        format: slackFormatter('/sync'),
        showErrors: false,
        onCallRules: [],
        log: { info: () => {}, warn: (fields, message) => void warnings.push({ ...fields, message }), error: () => {} },
      }),
      channel,
    );
  const nextJob = () => [...jobs].sort(([, a], [, b]) => a - b)[0];
  const runUntil = async (end: number) => {
    for (let job = nextJob(); job !== undefined && job[1] <= end; job = nextJob()) {
      const [channel, at] = job;
      fixture.now = Math.max(fixture.now, at);
      jobs.delete(channel);
      await run(channel).catch(async (error: unknown) => {
        if (!(error instanceof NotifierKilled)) throw error;
        await fixture.sweep();
        jobs.set(channel, fixture.now + killedJobMs);
      });
    }
    fixture.now = end;
  };
  const channelViews = (channel: string) => slack.messagesVisibleTo('U0CAROL', channel);
  const fixture: AlertChannelFixture = {
    slack,
    projects,
    operations,
    warnings,
    recorded,
    reads,
    forgetGroups: () => stored.clear(),
    now: exampleNow,
    addProject(id, fields = {}, channel = 'C0SYNC') {
      const example = exampleProject({ state: 'paused', by: 'U0ALICE', ...fields });
      projects.set(id, { ...example, id, definition: { ...example.definition, id, channel } });
    },
    async setAlert(id, condition, alertOverrides = {}, kind = condition?.kind ?? 'unexpectedly_running') {
      const project = projects.get(id);
      const { alert: previous, delivered } = project?.alerts[kind] ?? { alert: null, delivered: null };
      const { now } = fixture;
      const since = previous?.state === 'firing' ? previous.since : now;
      const common = { since, seq: (previous?.seq ?? 0) + 1, changedAt: now, version: 1 };
      const alert: Alert =
        condition === null
          ? { state: 'resolved', condition: previous?.condition, ...common, ...alertOverrides }
          : { state: 'firing', condition, absentOnce: false, ...common, ...alertOverrides };
      storeAlert(id, kind, alert, delivered);
      await request([projects.get(id)].filter((each) => each !== undefined));
    },
    async removeProject(id) {
      const project = projects.get(id);
      projects.delete(id);
      await request(project === undefined ? [] : [project]);
    },
    storeAlert,
    delivered: (id, kind) => projects.get(id)?.alerts[kind]?.delivered ?? null,
    async sweep() {
      const isDue = ({ alerts }: Project) =>
        Object.values(alerts).some(({ alert, delivered }) => alert.seq > (delivered?.seq ?? 0));
      await request([...projects.values()].filter(isDue));
    },
    runJobs: () => runUntil(fixture.now),
    advance: (ms) => runUntil(fixture.now + ms),
    groups: (channel = 'C0SYNC') => stored.read(channel).groups,
    messages: (channel = 'C0SYNC') => channelViews(channel).filter(({ threadTs }) => threadTs === undefined),
    replies: (channel = 'C0SYNC') => slack.threadReplies(channel),
    [Symbol.asyncDispose]: () => slack[Symbol.asyncDispose](),
  };
  return fixture;
}

/** Keeps what the schemas of the stored records keep. */
function createMemoryStore() {
  const channels = new Map<string, { readonly alerts: ChannelAlerts; readonly version: number }>();
  const changed = new Map<string, Set<string>>();
  const read = (channel: string) => channels.get(channel) ?? { alerts: noChannelAlerts, version: 0 };
  const store: AlertGroupStore = {
    async addChanged(channel, projects) {
      const set = changed.get(channel) ?? new Set();
      changed.set(channel, set);
      for (const project of projects) set.add(project);
      return { isFirst: set.size === projects.length };
    },
    async takeChanged(channel) {
      const taken = [...(changed.get(channel) ?? [])];
      changed.delete(channel);
      return taken;
    },
    hasChanged: async (channel) => changed.has(channel),
    read: async (channel) => read(channel),
    async save(channel, { after, expectedVersion }) {
      if (read(channel).version !== expectedVersion) return { kind: 'conflict' };
      const groups = [...after.groups].map(([id, { members, ...group }]) => {
        const parsed = [...members].map(([project, member]) => [project, alertMemberSchema.parse(member)] as const);
        return [id, { ...alertGroupSchema.parse(group), members: new Map(parsed) }] as const;
      });
      channels.set(channel, { alerts: { ...after, groups: new Map(groups) }, version: expectedVersion + 1 });
      return { kind: 'written' };
    },
  };
  return { store, read: (channel: string) => read(channel).alerts, clear: () => channels.clear() };
}
