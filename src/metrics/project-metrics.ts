import { Gauge, type Registry } from 'prom-client';
import type { OnObserved } from '../application/observe.ts';
import { firingConditions } from '../domain/alert.ts';
import { alertKinds } from '../domain/conditions.ts';
import type { ObservedProject } from '../domain/observation.ts';
import type { ProjectId } from '../domain/project.ts';
import { projectStates } from '../domain/state.ts';

/** A round of the observer that tells what it sees. */
export type ObserveCycle = (onLooked: OnObserved) => Promise<void>;

export interface ProjectMetrics {
  /** Does a round and keeps what it saw, when it ends well. */
  readonly instrumentCycle: (observe: ObserveCycle) => Promise<void>;
  /** The figures of each project, in Prometheus' text format. */
  readonly render: () => string;
}

/** What the last round of this process saw. */
interface CycleTotals {
  readonly projects: { readonly id: ProjectId; readonly latencyMs: number | null; readonly backlog: number | null }[];
  readonly states: Map<string, number>;
  readonly alerts: Map<string, number>;
  readonly unreachable: Map<string, number>;
}

interface LastCycle {
  readonly totals: CycleTotals;
  readonly durationMs: number;
  /** By `performance.now()`, and in seconds of the epoch. */
  readonly endedAt: number;
  readonly timestamp: number;
}

/**
 * So many rounds may be missed, since others take them too; then the figures are left out rather than shown stale. A round
 * that takes long is followed by a rest of the same length (application/run-cycle.ts).
 */
const maxMissedCycles = 3;

/** Figures of projects and links, as this process saw them last. Any worker takes a round: they are looked at together. */
export function createProjectMetrics(registry: Registry, observeEveryMs: number): ProjectMetrics {
  let last: LastCycle | null = null;
  const current = () => {
    if (last === null) return null;
    const keptMs = maxMissedCycles * Math.max(observeEveryMs, 2 * last.durationMs);
    if (performance.now() - last.endedAt > keptMs) last = null;
    return last;
  };
  countGauges(registry, current);
  cycleGauges(registry, current);
  return {
    async instrumentCycle(observe) {
      const began = performance.now();
      const seen = emptyTotals();
      await observe((observed) => {
        for (const one of observed) addProject(seen, one);
      });
      const endedAt = performance.now();
      last = { totals: seen, endedAt, durationMs: endedAt - began, timestamp: Date.now() / 1_000 };
    },
    render: () => renderProjects(current()?.totals.projects ?? []),
  };
}

function countGauges(registry: Registry, current: () => LastCycle | null): void {
  const gauge = (name: string, help: string, label: string, of: (seen: CycleTotals) => ReadonlyMap<string, number>) =>
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        const cycle = current();
        if (cycle !== null) for (const [value, count] of of(cycle.totals)) this.set({ [label]: value }, count);
      },
    });
  gauge('syncbot_projects', 'Projects by state.', 'state', ({ states }) => states);
  gauge('syncbot_alerts', 'Open alerts by kind; drift is one.', 'kind', ({ alerts }) => alerts);
  const away = 'Links that did not answer, by the connection as syncbot.yml names it.';
  gauge('syncbot_links_unreachable', away, 'connection', ({ unreachable }) => unreachable);
}

function cycleGauges(registry: Registry, current: () => LastCycle | null): void {
  const gauge = (name: string, help: string, of: (cycle: LastCycle) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const round = current();
        if (round === null) this.remove();
        else this.set(of(round));
      },
    });
  const when = 'When this process ended a round of the observer last, seconds of the epoch.';
  gauge('syncbot_observation_timestamp_seconds', when, ({ timestamp }) => timestamp);
  gauge('syncbot_observation_duration_seconds', 'How long that round took.', ({ durationMs }) => durationMs / 1_000);
}

/** Written by hand: ten thousand projects would keep prom-client, and everybody else, busy for a tenth of a second. */
function renderProjects(projects: CycleTotals['projects']): string {
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

function emptyTotals(): CycleTotals {
  const zeros = (names: readonly string[]) => new Map(names.map((name) => [name, 0]));
  return { projects: [], states: zeros(projectStates), alerts: zeros(alertKinds), unreachable: new Map() };
}

function addProject(seen: CycleTotals, { project, stats: { links, latencyMs, backlog } }: ObservedProject): void {
  const { id, state, alerts } = project;
  seen.projects.push({ id, latencyMs, backlog });
  increment(seen.states, state, 1);
  for (const { kind } of firingConditions(alerts)) increment(seen.alerts, kind, 1);
  for (const { kind, link } of links) increment(seen.unreachable, link.connection, kind === 'unreachable' ? 1 : 0);
}

function increment(counts: Map<string, number>, name: string, more: number): void {
  counts.set(name, (counts.get(name) ?? 0) + more);
}
