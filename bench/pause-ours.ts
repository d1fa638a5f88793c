import { randomUUID } from 'node:crypto';
import { webApi } from '@slack/bolt';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { requestAction } from '../src/application/request.ts';
import { outcomeWithin } from '../src/application/within.ts';
import { type Core, openCore } from '../src/core.ts';
import type { OperationRef } from '../src/domain/operation.ts';
import { actionIds, operationRefValue, readPress } from '../src/slack/contract.ts';
import { createDirectory } from '../src/slack/directory.ts';
import { onOk } from '../src/slack/handlers/answer.ts';
import { listen } from '../src/slack/handlers/listen.ts';
import { slackVoice } from '../src/slack/mrkdwn.ts';
import { definitionOf } from '../test/support/definition.ts';
import { waitFor } from '../test/support/wait.ts';
import type { Pauser } from './pause-floor.ts';
import { resumeAll } from './queues.ts';
import { person } from './slack-stage.ts';
import { putProjects, quietOverrides, quietSettings, storeOn } from './stage.ts';

const team = 'T0BENCH';
/** Only ends a wait that would be for ever. */
const tooLongMs = 60_000;

/** Pauses links as the bot does it when somebody presses OK. `redis`: a way past what is measured. */
export async function openPauseOurs(url: string, redis: Redis): Promise<Pauser> {
  const log = pino({ level: 'silent' });
  const config = { redis: { kind: 'standalone', url } as const, connections: {}, settings: quietSettings };
  const core = openCore(config, log, quietOverrides);
  await core.startWorker();
  const press = pressing(core);
  const lastPaused = watchDrive(core);
  const store = storeOn(redis);
  let projects = 0;

  return {
    async pause(names) {
      projects += 1;
      const id = `pause-${projects}`;
      const links = names.map((queue) => ({ queue, connection: 'default', prefix: 'bull' }));
      await putProjects(store, [definitionOf(id, { links })], 'running');
      const asked = { project: id, action: 'pause', by: person.user, reason: null, origin: 'slack' } as const;
      const requested = await requestAction(core.deps, { ...asked, channel: person.channel });
      if (requested.kind === 'refused') throw new Error(`refused: ${requested.refusal.code}`);
      const ref = { project: id, operation: requested.operation.id };
      const paused = lastPaused(names.length);
      const start = performance.now();
      const pressed = press(ref);
      const waited = await outcomeWithin(paused, tooLongMs);
      if (waited.kind !== 'answered') throw new Error(`the links were not paused: ${waited.kind}`);
      const ms = waited.value - start;
      await pressed;
      await waitFor(async () => (await store.readOperation(ref))?.state === 'done', { describe: 'the end of a pause' });
      await resumeAll(redis, names);
      await store.remove(id, (await store.version(id)) ?? 0, 'cli:bench');
      return ms;
    },
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

/** Answers the moment at which so many links have been paused; each of them must be. */
function watchDrive({ deps }: Core): (links: number) => Promise<number> {
  let [left, resolve] = [0, (_at: number) => {}];
  const drive = deps.links.drive.bind(deps.links);
  Object.assign(deps.links, {
    drive: async (...how: Parameters<typeof drive>) => {
      const driven = await drive(...how);
      if (driven.includes('unreachable')) throw new Error('a link was not paused');
      left -= driven.length;
      if (left === 0) resolve(performance.now());
      return driven;
    },
  });
  return (links) => {
    left = links;
    return new Promise((done) => {
      resolve = done;
    });
  };
}

/** The bot's own listener for OK. Nothing of Slack is asked: the policy names the person and the channel. */
function pressing({ deps }: Core): (ref: OperationRef) => Promise<void> {
  const directory = createDirectory({
    client: new webApi.WebClient('xoxb-bench'),
    policy: { operators: [person.user], channels: [person.channel] },
    installedTeam: () => team,
    now: Date.now,
    log: deps.log,
  });
  const desk = {
    deps,
    directory,
    voice: slackVoice('/sync'),
    showErrors: false,
    onRejected: () => {},
    stopping: new AbortController().signal,
  };
  const onPress = listen(desk, readPress, onOk, 'harmless');
  return (ref) => {
    const body = {
      user: { id: person.user, team_id: team },
      channel: { id: person.channel },
      response_url: 'http://127.0.0.1/never-used',
      trigger_id: randomUUID(),
      actions: [{ action_id: actionIds.ok, value: operationRefValue(ref) }],
    };
    return onPress({ ack: async () => {}, body });
  };
}
