import { setTimeout as delay } from 'node:timers/promises';
import { fixRefusedRows } from '../../demo/tables.ts';
import type { SoakSystem } from './soak-system.ts';
import { pick } from './users.ts';

/** How often each fault was made. */
export type FaultCounts = Map<string, number>;

type FaultInjector = (system: SoakSystem) => unknown;

const faults: Readonly<Record<string, FaultInjector>> = {
  'reply of Redis lost': ({ proxies }) => pick(proxies).dropOneConnection('reply', randomIndex()),
  'request to Redis lost': ({ proxies }) => pick(proxies).dropOneConnection('request', randomIndex()),
  'Redis away for 1 s': ({ proxies }) => pick(proxies).goDownFor(1_000),
  'Redis slow': ({ proxies }) => pick(proxies).setDelayMs(pick([0, 0, 5, 20])),
  'Slack 429': ({ slack }) =>
    slack.injectFault({ method: pick(['chat.postMessage', 'chat.update', 'response_url']), retryAfter: 1 }),
  'Slack 500': ({ slack }) => slack.injectFault({ method: pick(['chat.postMessage', 'chat.update']), status: 500 }),
  'socket cut': ({ slack }) => slack.socketCount > 1 && slack.terminateSocket(0),
  'socket refreshed': ({ slack }) => slack.socketCount > 1 && slack.announceDisconnect('refresh_requested', 0),
  'row refused by a target': (system) => breakRow(system),
};

/** A fault every few seconds until told to stop. */
export async function injectFaults(system: SoakSystem, faultCounts: FaultCounts, signal: AbortSignal): Promise<void> {
  for (;;) {
    await delay(4_000 + Math.random() * 4_000, undefined, { signal: signal }).catch(() => {});
    if (signal.aborted) break;
    const name = pick(Object.keys(faults));
    await faults[name]?.(system);
    faultCounts.set(name, (faultCounts.get(name) ?? 0) + 1);
  }
  for (const proxy of system.proxies) proxy.setDelayMs(0);
  await repairTargets(system);
}

/** Targets take again what they had refused. */
export async function repairTargets({ warehouse, projects }: SoakSystem): Promise<void> {
  for (const { id, links } of projects) {
    for (const { link } of links) await fixRefusedRows(warehouse, { project: id, link });
  }
}

async function breakRow(system: SoakSystem): Promise<void> {
  await repairTargets(system);
  await pick(pick(system.projects).links).source.breakRow('1');
}

function randomIndex(): number {
  return Math.floor(Math.random() * 1_000);
}
