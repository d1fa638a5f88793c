import { setTimeout as delay } from 'node:timers/promises';
import { fixRefusedRows } from '../../demo/tables.ts';
import type { SoakSystem } from './soak-system.ts';
import { pick } from './users.ts';

/** The number of injected faults, by name. */
export type FaultCounts = Map<string, number>;

type FaultInjector = (system: SoakSystem) => unknown;

const faults: Readonly<Record<string, FaultInjector>> = {
  'lost reply of Redis': ({ proxies }) => pick(proxies).dropOneConnection('reply', randomIndex()),
  'lost request to Redis': ({ proxies }) => pick(proxies).dropOneConnection('request', randomIndex()),
  'Redis down for 1 s': ({ proxies }) => pick(proxies).goDownFor(1_000),
  'slow Redis': ({ proxies }) => pick(proxies).setDelayMs(pick([0, 0, 5, 20])),
  'Slack 429': ({ slack }) =>
    slack.injectFault({ method: pick(['chat.postMessage', 'chat.update', 'response_url']), retryAfter: 1 }),
  'Slack 500': ({ slack }) => slack.injectFault({ method: pick(['chat.postMessage', 'chat.update']), status: 500 }),
  'closed socket': ({ slack }) => slack.socketCount > 1 && slack.terminateSocket(0),
  'refreshed socket': ({ slack }) => slack.socketCount > 1 && slack.announceDisconnect('refresh_requested', 0),
  'row that the target refuses': (system) => breakRow(system),
};

/** Injects a fault every 4 to 8 s until the signal aborts, then repairs the targets. */
export async function injectFaults(system: SoakSystem, faultCounts: FaultCounts, signal: AbortSignal): Promise<void> {
  for (;;) {
    await delay(4_000 + Math.random() * 4_000, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    const name = pick(Object.keys(faults));
    await faults[name]?.(system);
    faultCounts.set(name, (faultCounts.get(name) ?? 0) + 1);
  }
  for (const proxy of system.proxies) proxy.setDelayMs(0);
  await repairTargets(system);
}

/** Makes the targets accept the rows that they refused. */
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
