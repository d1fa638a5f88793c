import { randomUUID } from 'node:crypto';
import { webApi } from '@slack/bolt';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { requestAction } from '../src/application/request-action.ts';
import { withTimeout } from '../src/lib/async.ts';
import { Services } from '../src/services.ts';
import { actionIds } from '../src/slack/action-ids.ts';
import { createAuthorizer } from '../src/slack/authorizer.ts';
import { operationRefValue } from '../src/slack/button-values.ts';
import { onOk } from '../src/slack/listeners/confirmation.ts';
import { createListener } from '../src/slack/listeners/listener.ts';
import { readBlockAction } from '../src/slack/requests.ts';
import { slackFormatter } from '../src/slack/views/mrkdwn.ts';
import { makeDefinition } from '../test/support/project-definition.ts';
import { waitFor } from '../test/support/wait-for.ts';
import type { LinkPauser } from './pause-baseline.ts';
import { resumeAll } from './queues.ts';
import { createProjects, createStoresFor, idleOverrides, idleSettings } from './redis-fixture.ts';
import { benchmarkUser } from './slack-fixture.ts';

const teamId = 'T0BENCH';
/** Ends a wait that would otherwise last forever. */
const timeoutMs = 60_000;

/**
 * Pauses links with the bot's own code, from a press of OK. `url` is the Redis address for the bot, which may be a proxy.
 * `redis` is a direct connection for commands that are not measured.
 */
export async function startPauseSubject(url: string, redis: Redis): Promise<LinkPauser> {
  const log = pino({ level: 'silent' });
  const config = { redis: { kind: 'standalone', url } as const, connections: {}, settings: idleSettings };
  const core = new Services(config, log, idleOverrides);
  await core.startWorkers();
  const press = createOkPresser(core, { actionId: actionIds.ok, run: onOk });
  const waitForLastPaused = watchPauses(core);
  const stores = createStoresFor(redis);
  let projects = 0;

  return {
    async measurePauseMs(names) {
      projects += 1;
      const id = `pause-${projects}`;
      const links = names.map((queue) => ({ queue, connection: 'default', prefix: 'bull' }));
      await createProjects(stores, [makeDefinition(id, { links })], 'running');
      const request = { project: id, action: 'pause', by: benchmarkUser.user, reason: null, origin: 'slack' } as const;
      const requested = await requestAction(core.context, { ...request, channel: benchmarkUser.channel });
      if (requested.kind === 'refused') throw new Error(`refused: ${requested.refusal.code}`);
      const ref = { project: id, operation: requested.operation.id };
      const lastPausedAt = waitForLastPaused(names.length);
      const start = performance.now();
      // Never rejects. It ends 10 s later, when the listener has checked that a worker claimed the operation.
      void press(operationRefValue(ref));
      const paused = await withTimeout(lastPausedAt, timeoutMs);
      if (paused.kind !== 'resolved') throw new Error(`the links were not paused: ${paused.kind}`);
      const ms = paused.value - start;
      await waitFor(async () => (await stores.operations.read(ref))?.state === 'done', {
        description: 'the end of the operation',
      });
      await resumeAll(redis, names);
      await stores.projects.remove(id, (await stores.projects.readVersion(id)) ?? 0, 'cli:bench');
      return ms;
    },
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

/** The returned function resolves at the moment when this number of links has been paused. Throws if a link is not paused. */
export function watchPauses({ context }: Services): (links: number) => Promise<number> {
  let [remaining, resolve] = [0, (_at: number) => {}];
  const setPaused = context.links.setPaused.bind(context.links);
  context.links.setPaused = async (...args) => {
    const results = await setPaused(...args);
    if (results.includes('unreachable')) throw new Error('a link was not paused');
    remaining -= results.length;
    if (remaining === 0) resolve(performance.now());
    return results;
  };
  return (links) => {
    remaining = links;
    return new Promise((resolveLastPaused) => {
      resolve = resolveLastPaused;
    });
  };
}

export interface OkButton {
  readonly actionId: string;
  readonly run: typeof onOk;
}

/** Returns the bot's own listener for OK. It does not call Slack: the policy names the user and the channel. */
export function createOkPresser({ context }: Services, { actionId, run }: OkButton): (value: string) => Promise<void> {
  const client = new webApi.WebClient('xoxb-bench');
  const authorizer = createAuthorizer({
    client,
    readPolicy: async () => ({ operators: [benchmarkUser.user], channels: [benchmarkUser.channel] }),
    installedTeam: () => teamId,
    monotonicNow: () => performance.now(),
    log: context.log,
  });
  const readTimeZone = async () => 'UTC';
  const format = slackFormatter('/sync');
  const listenerContext = { ...context, client, authorizer, readTimeZone, format, showErrors: false };
  const handlePress = createListener(listenerContext, { decode: readBlockAction, run, deduplicate: 'before_refusal' });
  return (value) => {
    const body = {
      user: { id: benchmarkUser.user, team_id: teamId },
      channel: { id: benchmarkUser.channel },
      response_url: 'http://127.0.0.1/never-used',
      trigger_id: randomUUID(),
      actions: [{ action_id: actionId, value }],
    };
    return handlePress({ ack: async () => {}, body });
  };
}
