import { setTimeout as delay } from 'node:timers/promises';
import type { Action } from '../../src/domain/project.ts';
import { labelsOf } from '../support/conversation.ts';
import type { MessageView } from '../support/slack/types.ts';
import type { SoakSystem } from './soak-system.ts';

/** What people typed, and whether they were answered. */
export interface Said {
  commands: number;
  answered: number;
  /** Slack itself said that the app did not respond: its socket had just been cut. */
  notDelivered: number;
  unanswered: number;
  presses: number;
}

const channel = 'C0SYNC';
const between = { leastMs: 300, mostMs: 1_500 };
const fitting: Readonly<Record<string, Action>> = {
  not_started: 'start',
  running: 'pause',
  paused: 'restore',
  failed: 'restore',
};

/** One person at work until told to stop: looks around, and starts, pauses and restores, with OK or Cancel. */
export async function work(system: SoakSystem, user: string, said: Said, ending: AbortSignal): Promise<void> {
  const { slack } = system;
  for (let turn = 1; !ending.aborted; turn++) {
    const project = pick(system.projects).id;
    const chance = Math.random();
    if (chance < 0.2) await ask(system, { user, text: 'list', said });
    else if (chance < 0.4) await ask(system, { user, text: `show ${project}`, said });
    else if (chance < 0.5) await ask(system, { user, text: `history ${project}`, said });
    else if (chance < 0.6) await ask(system, { user, text: `precheck ${project}`, said });
    else await act(system, { user, project, said });
    // A client that is reloaded forgets what only one person saw; else this test's own Slack would only ever grow.
    if (turn % 20 === 0) slack.reloadClient(user);
    await delay(between.leastMs + Math.random() * (between.mostMs - between.leastMs), undefined, {
      signal: ending,
    }).catch(() => {});
  }
}

interface Asking {
  readonly user: string;
  readonly text: string;
  readonly said: Said;
}

async function ask({ slack }: SoakSystem, { user, text, said }: Asking): Promise<MessageView | null> {
  const own = () => slack.messagesSeenBy(user, channel).filter(({ ephemeralFor }) => ephemeralFor === user);
  const before = new Set(own().map(({ ts }) => ts));
  said.commands += 1;
  const { kind } = await slack.command({ user, channel, text }).acked;
  if (kind !== 'acked') {
    said.notDelivered += 1;
    return null;
  }
  const isNew = ({ ts }: MessageView) => !before.has(ts);
  const answer = await slack.waitFor(() => own().find(isNew), { what: text, timeoutMs: 20_000 }).catch(() => null);
  if (answer === null) said.unanswered += 1;
  else said.answered += 1;
  return answer;
}

async function act(
  system: SoakSystem,
  { user, project, said }: { readonly user: string; readonly project: string; readonly said: Said },
): Promise<void> {
  const { slack, own } = system;
  const action = fitting[(await own.hget(`syncbot:{p:${project}}:state`, 'state')) ?? ''] ?? 'pause';
  const dialog = await ask(system, { user, text: `${action} ${project} because of the soak`, said });
  if (dialog === null || !labelsOf(dialog).includes('OK')) return;
  const chance = Math.random();
  if (chance < 0.1) return;
  const label = chance < 0.3 ? 'Cancel' : 'OK';
  said.presses += 1;
  const { kind } = await slack.press({ user, message: dialog, label }).acked;
  if (kind !== 'acked') said.notDelivered += 1;
}

export function pick<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)] as T;
}
