import { type Action, actions } from '../../src/domain/project.ts';
import { countBotPoints, freezeBot, killBot } from './bot-crash.ts';
import type { Point } from './points.ts';
import { openTheatre, type Theatre } from './theatre.ts';
import { countWorkerPoints, freezeWorker, killWorker } from './worker-crash.ts';

/** Who is stopped at what, and how. */
export interface Case {
  /** `worker, pause`: of every point of it there is a case for each signal and side. */
  readonly scenario: string;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  readonly point: Point;
  play(theatre: Theatre): Promise<void>;
}

const roles = {
  worker: { count: countWorkerPoints, SIGKILL: killWorker, SIGSTOP: freezeWorker },
  bot: { count: countBotPoints, SIGKILL: killBot, SIGSTOP: freezeBot },
} as const;

/** Everything that can be played on the compiled sources in `folder`. */
export interface Programme {
  readonly folder: string;
  readonly cases: readonly Case[];
  readonly scripts: ReadonlySet<string>;
}

/** Counts the points of every scenario in runs that nobody disturbs, on servers that know every script already. */
export async function openProgramme(folder: string): Promise<Programme> {
  await using theatre = await openTheatre(folder);
  for (const action of ['start', 'restore'] as const) await countWorkerPoints(theatre, action);
  const cases: Case[] = [];
  for (const role of ['worker', 'bot'] as const) {
    for (const action of actions) {
      const labels = await roles[role].count(theatre, action);
      cases.push(...labels.flatMap((label) => casesAt(role, action, label)));
    }
  }
  return { folder, cases, scripts: theatre.scripts };
}

function casesAt(role: keyof typeof roles, action: Action, label: string): Case[] {
  return (['SIGKILL', 'SIGSTOP'] as const).flatMap((signal) =>
    (['before', 'after'] as const).map((when) => {
      const point = { label, when };
      const play = (theatre: Theatre) => roles[role][signal](theatre, action, point);
      return { scenario: `${role}, ${action}`, signal, point, play };
    }),
  );
}

export function nameOf({ scenario, signal, point }: Case): string {
  return `${scenario}, ${signal} ${point.when} ${point.label}`;
}

/** How the cases went. */
export interface Played {
  /** How many processes were stopped at their point. */
  readonly stops: number;
  /** A paragraph for each case that went wrong. */
  readonly failures: readonly string[];
}

export interface HowToPlay {
  /** How many at a time, each group on Redis servers of its own. */
  readonly atOnce: number;
  /** After so many failures the rest is left out: each one waits in vain for a while. */
  readonly failuresAtMost: number;
}

/** Plays the cases. */
export async function playAll(
  { folder, scripts }: Programme,
  cases: readonly Case[],
  { atOnce, failuresAtMost }: HowToPlay,
): Promise<Played> {
  const waiting = [...cases];
  const failures: string[] = [];
  let stops = 0;
  const playOn = async (): Promise<void> => {
    await using theatre = await openTheatre(folder, scripts);
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await next.play(theatre);
      } catch (error) {
        failures.push(`${nameOf(next)}:\n${error instanceof Error ? error.message : String(error)}`);
        if (failures.length >= failuresAtMost) waiting.splice(0);
        // What it has left behind must not spoil the next one.
        break;
      }
    }
    stops += theatre.stops();
  };
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (waiting.length > 0) await playOn();
    }),
  );
  return { stops, failures };
}
