import { Gauge, type Registry } from 'prom-client';
import type { OnLooked } from '../application/observe.ts';
import { openFindings } from '../domain/alert.ts';
import { findingKinds } from '../domain/finding.ts';
import type { ObservedProject } from '../domain/observation.ts';
import { type ProjectId, projectStates } from '../domain/project.ts';

/** A round of the observer that tells what it sees. */
export type Round = (onLooked: OnLooked) => Promise<void>;

export interface RoundFigures {
  /** Does a round and keeps what it saw, when it ends well. */
  readonly round: (observe: Round) => Promise<void>;
  /** The figures of each project, in Prometheus' text format. */
  readonly text: () => string;
}

/** What the last round of this process saw. */
interface Seen {
  readonly projects: { readonly id: ProjectId; readonly latencyMs: number | null; readonly backlog: number | null }[];
  readonly states: Map<string, number>;
  readonly alerts: Map<string, number>;
  readonly unreachable: Map<string, number>;
}

interface LastRound {
  readonly seen: Seen;
  readonly tookMs: number;
  /** By `performance.now()`, and in seconds of the epoch. */
  readonly endedAt: number;
  readonly timestamp: number;
}

/**
 * So many rounds may be missed, since others take them too; then the figures are left out rather than shown stale. A round
 * that takes long is followed by a rest of the same length (application/round.ts).
 */
const roundsKept = 3;

/** Figures of projects and links, as this process saw them last. Any worker takes a round: they are looked at together. */
export function createRoundFigures(registry: Registry, observeEveryMs: number): RoundFigures {
  let last: LastRound | null = null;
  const fresh = () => {
    if (last === null) return null;
    const keptMs = roundsKept * Math.max(observeEveryMs, 2 * last.tookMs);
    if (performance.now() - last.endedAt > keptMs) last = null;
    return last;
  };
  countGauges(registry, fresh);
  roundGauges(registry, fresh);
  return {
    async round(observe) {
      const began = performance.now();
      const seen = nothing();
      await observe((observed) => {
        for (const one of observed) add(seen, one);
      });
      const endedAt = performance.now();
      last = { seen, endedAt, tookMs: endedAt - began, timestamp: Date.now() / 1_000 };
    },
    text: () => projectText(fresh()?.seen.projects ?? []),
  };
}

function countGauges(registry: Registry, fresh: () => LastRound | null): void {
  const gauge = (name: string, help: string, label: string, of: (seen: Seen) => ReadonlyMap<string, number>) =>
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        const round = fresh();
        if (round !== null) for (const [value, count] of of(round.seen)) this.set({ [label]: value }, count);
      },
    });
  gauge('syncbot_projects', 'Projects by state.', 'state', ({ states }) => states);
  gauge('syncbot_alerts', 'Open alerts by kind; drift is one.', 'kind', ({ alerts }) => alerts);
  const away = 'Links that did not answer, by the connection as syncbot.yml names it.';
  gauge('syncbot_links_unreachable', away, 'connection', ({ unreachable }) => unreachable);
}

function roundGauges(registry: Registry, fresh: () => LastRound | null): void {
  const gauge = (name: string, help: string, of: (round: LastRound) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const round = fresh();
        if (round === null) this.remove();
        else this.set(of(round));
      },
    });
  const when = 'When this process ended a round of the observer last, seconds of the epoch.';
  gauge('syncbot_observation_timestamp_seconds', when, ({ timestamp }) => timestamp);
  gauge('syncbot_observation_duration_seconds', 'How long that round took.', ({ tookMs }) => tookMs / 1_000);
}

/** Written by hand: ten thousand projects would keep prom-client, and everybody else, busy for a tenth of a second. */
function projectText(projects: Seen['projects']): string {
  const [latency, backlog] = ['syncbot_project_latency_seconds', 'syncbot_project_backlog'];
  const lines = [
    `# HELP ${latency} How far the worst link of a project is behind; left out while a link does not answer.`,
    `# TYPE ${latency} gauge`,
  ];
  for (const { id, latencyMs } of projects) {
    if (latencyMs !== null) lines.push(`${latency}{project="${id}"} ${latencyMs / 1_000}`);
  }
  lines.push(
    '',
    `# HELP ${backlog} Tasks that could be taken now and are not, over all links; left out while a link does not answer.`,
    `# TYPE ${backlog} gauge`,
  );
  for (const project of projects) {
    if (project.backlog !== null) lines.push(`${backlog}{project="${project.id}"} ${project.backlog}`);
  }
  return `${lines.join('\n')}\n`;
}

function nothing(): Seen {
  const zeros = (names: readonly string[]) => new Map(names.map((name) => [name, 0]));
  return { projects: [], states: zeros(projectStates), alerts: zeros(findingKinds), unreachable: new Map() };
}

function add(seen: Seen, { project, figures: { links, latencyMs, backlog } }: ObservedProject): void {
  const { id, state, alerts } = project;
  seen.projects.push({ id, latencyMs, backlog });
  addTo(seen.states, state, 1);
  for (const { kind } of openFindings(alerts)) addTo(seen.alerts, kind, 1);
  for (const { kind, link } of links) addTo(seen.unreachable, link.connection, kind === 'unreachable' ? 1 : 0);
}

function addTo(counts: Map<string, number>, name: string, more: number): void {
  counts.set(name, (counts.get(name) ?? 0) + more);
}
