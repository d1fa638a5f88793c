import { setTimeout as delay } from 'node:timers/promises';
import type { Action } from '../../src/domain/lifecycle.ts';
import type { MessageView } from '../fake-slack/types.ts';
import { buttonLabels } from '../support/slack-harness.ts';
import type { SoakSystem } from './soak-system.ts';

/** The commands and presses of all users, and their results. */
export interface UserStats {
  commands: number;
  responses: number;
  /** No ack within 3 s, so Slack showed an error: the socket was just closed. */
  notDelivered: number;
  missingResponses: number;
  presses: number;
}

const channel = 'C0SYNC';
const delayRange = { minMs: 300, maxMs: 1_500 };
const allowedActions: Readonly<Record<string, Action>> = {
  not_started: 'start',
  running: 'pause',
  paused: 'restore',
  failed: 'restore',
};

/** Simulates a user until the signal aborts: reads projects, and starts, pauses and restores them with OK or Cancel. */
export async function simulateUser(
  system: SoakSystem,
  user: string,
  stats: UserStats,
  signal: AbortSignal,
): Promise<void> {
  const { slack } = system;
  for (let iteration = 1; !signal.aborted; iteration++) {
    const project = pick(system.projects).id;
    const chance = Math.random();
    if (chance < 0.2) await sendCommand(system, { user, text: 'list', stats });
    else if (chance < 0.4) await sendCommand(system, { user, text: `show ${project}`, stats });
    else if (chance < 0.5) await sendCommand(system, { user, text: `history ${project}`, stats });
    else if (chance < 0.6) await sendCommand(system, { user, text: `precheck ${project}`, stats });
    else await performAction(system, { user, project, stats });
    // A reloaded client forgets its ephemeral messages. Otherwise the memory of the fake Slack would grow.
    if (iteration % 20 === 0) slack.reloadClient(user);
    await delay(delayRange.minMs + Math.random() * (delayRange.maxMs - delayRange.minMs), undefined, {
      signal,
    }).catch(() => {});
  }
}

interface CommandOptions {
  readonly user: string;
  readonly text: string;
  readonly stats: UserStats;
}

async function sendCommand({ slack }: SoakSystem, { user, text, stats }: CommandOptions): Promise<MessageView | null> {
  const ephemeralMessages = () =>
    slack.messagesVisibleTo(user, channel).filter(({ ephemeralFor }) => ephemeralFor === user);
  const before = new Set(ephemeralMessages().map(({ ts }) => ts));
  stats.commands += 1;
  const { kind } = await slack.command({ user, channel, text }).acked;
  if (kind !== 'acked') {
    stats.notDelivered += 1;
    return null;
  }
  const isNew = ({ ts }: MessageView) => !before.has(ts);
  const response = await slack
    .waitFor(() => ephemeralMessages().find(isNew), { description: text, timeoutMs: 20_000 })
    .catch(() => null);
  if (response === null) stats.missingResponses += 1;
  else stats.responses += 1;
  return response;
}

async function performAction(
  system: SoakSystem,
  { user, project, stats }: { readonly user: string; readonly project: string; readonly stats: UserStats },
): Promise<void> {
  const { slack, botRedis } = system;
  const action = allowedActions[(await botRedis.hget(`syncbot:{p:${project}}:state`, 'state')) ?? ''] ?? 'pause';
  const dialog = await sendCommand(system, { user, text: `${action} ${project} because of the soak`, stats });
  if (dialog === null || !buttonLabels(dialog).includes('OK')) return;
  const chance = Math.random();
  if (chance < 0.1) return;
  const label = chance < 0.3 ? 'Cancel' : 'OK';
  stats.presses += 1;
  const { kind } = await slack.press({ user, message: dialog, label }).acked;
  if (kind !== 'acked') stats.notDelivered += 1;
}

export function pick<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)] as T;
}
