import { setTimeout as delay } from 'node:timers/promises';
import { fixRefusedRows } from '../../src/demo/tables.ts';
import { pick } from './people.ts';
import type { SoakSystem } from './soak-system.ts';

/** How often each fault was made. */
export type Troubles = Map<string, number>;

type Fault = (system: SoakSystem) => unknown;

const faults: Readonly<Record<string, Fault>> = {
  'reply of Redis lost': ({ proxies }) => pick(proxies).cutOne('reply', random()),
  'request to Redis lost': ({ proxies }) => pick(proxies).cutOne('request', random()),
  'Redis away for 1 s': ({ proxies }) => pick(proxies).outage(1_000),
  'Redis slow': ({ proxies }) => pick(proxies).delay(pick([0, 0, 5, 20])),
  'Slack 429': ({ slack }) =>
    slack.fail({ method: pick(['chat.postMessage', 'chat.update', 'response_url']), retryAfter: 1 }),
  'Slack 500': ({ slack }) => slack.fail({ method: pick(['chat.postMessage', 'chat.update']), status: 500 }),
  'socket cut': ({ slack }) => slack.socketCount > 1 && slack.cut(0),
  'socket refreshed': ({ slack }) => slack.socketCount > 1 && slack.disconnect('refresh_requested', 0),
  'row refused by a target': (system) => poison(system),
};

/** A fault every few seconds until told to stop. */
export async function makeTrouble(system: SoakSystem, troubles: Troubles, ending: AbortSignal): Promise<void> {
  for (;;) {
    await delay(4_000 + Math.random() * 4_000, undefined, { signal: ending }).catch(() => {});
    if (ending.aborted) break;
    const name = pick(Object.keys(faults));
    await faults[name]?.(system);
    troubles.set(name, (troubles.get(name) ?? 0) + 1);
  }
  for (const proxy of system.proxies) proxy.delay(0);
  await mendAll(system);
}

/** Targets take again what they had refused. */
export async function mendAll({ warehouse, projects }: SoakSystem): Promise<void> {
  for (const { id, links } of projects) {
    for (const { link } of links) await fixRefusedRows(warehouse, { project: id, link });
  }
}

async function poison(system: SoakSystem): Promise<void> {
  await mendAll(system);
  await pick(pick(system.projects).links).source.poison('1');
}

function random(): number {
  return Math.floor(Math.random() * 1_000);
}
