import { Gauge, type Registry } from 'prom-client';
import type { OnObserved } from '../application/observer.ts';
import { firingConditions } from '../domain/alert.ts';
import { type AlertKind, alertKinds, severities } from '../domain/conditions.ts';
import type { ObservedProject } from '../domain/observation.ts';
import { activeDeadline } from '../domain/pause-timer.ts';
import type { ProjectId } from '../domain/project.ts';
import { type ProjectState, projectStates } from '../domain/project-state.ts';

/** One observe cycle. It passes what it observes to `onObserved`. */
export type ObserveCycle = (onObserved: OnObserved) => Promise<void>;

export interface ProjectMetrics {
  /** Runs a cycle and keeps what it observed, unless the cycle fails. */
  readonly instrumentCycle: (observe: ObserveCycle) => Promise<void>;
  /** The metrics of each project, in Prometheus' text format. */
  readonly render: () => string;
}

interface ProjectSample {
  readonly id: ProjectId;
  readonly state: ProjectState;
  readonly latencyMs: number | null;
  readonly backlog: number | null;
  /** The kinds of the alerts that fire. */
  readonly alerts: readonly AlertKind[];
}

/** What the last cycle of this process observed. */
interface CycleTotals {
  readonly projects: ProjectSample[];
  /** How many projects are Paused until a time. */
  timedPauses: number;
  readonly states: Map<string, number>;
  readonly alerts: Map<string, number>;
  readonly unreachable: Map<string, number>;
}

interface LastCycle {
  readonly totals: CycleTotals;
  readonly durationMs: number;
  /** `performance.now()`, ms. */
  readonly endedAtMs: number;
  /** Epoch seconds. */
  readonly timestamp: number;
}

/**
 * Other workers take cycles too. After three cycles without one of its own, this process leaves its metrics out: they would
 * be stale. A long cycle is followed by a pause of the same length (application/throttled-cycle.ts).
 */
const maxMissedCycles = 3;

/** The metrics of projects and links from the last cycle of this process. Aggregate them over all workers. */
export function createProjectMetrics(registry: Registry, observeEveryMs: () => number): ProjectMetrics {
  let last: LastCycle | null = null;
  const current = () => {
    if (last === null) return null;
    const keptMs = maxMissedCycles * Math.max(observeEveryMs(), 2 * last.durationMs);
    if (performance.now() - last.endedAtMs > keptMs) last = null;
    return last;
  };
  countGauges(registry, current);
  cycleGauges(registry, current);
  return {
    async instrumentCycle(observe) {
      const startedAtMs = performance.now();
      const totals = emptyTotals();
      await observe((observed) => {
        for (const project of observed) addProject(totals, project);
      });
      const endedAtMs = performance.now();
      last = { totals, endedAtMs, durationMs: endedAtMs - startedAtMs, timestamp: Date.now() / 1_000 };
    },
    render: () => renderProjects(current()?.totals.projects ?? []),
  };
}

function countGauges(registry: Registry, current: () => LastCycle | null): void {
  const gauge = (
    name: string,
    help: string,
    label: string,
    select: (totals: CycleTotals) => ReadonlyMap<string, number>,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        const cycle = current();
        if (cycle !== null) for (const [value, count] of select(cycle.totals)) this.set({ [label]: value }, count);
      },
    });
  gauge('syncbot_projects', 'Projects by state.', 'state', ({ states }) => states);
  gauge('syncbot_alerts', 'Firing alerts by kind.', 'kind', ({ alerts }) => alerts);
  const unreachableHelp = 'Links that did not answer, by connection name in syncbot.yml.';
  gauge('syncbot_links_unreachable', unreachableHelp, 'connection', ({ unreachable }) => unreachable);
}

function cycleGauges(registry: Registry, current: () => LastCycle | null): void {
  const gauge = (name: string, help: string, select: (cycle: LastCycle) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const cycle = current();
        if (cycle === null) this.remove();
        else this.set(select(cycle));
      },
    });
  const timedHelp = 'Paused projects that syncbot restores by itself at the end of their pause.';
  gauge('syncbot_timed_pauses', timedHelp, ({ totals }) => totals.timedPauses);
  const timestampHelp = 'When this process last completed an observe cycle, epoch seconds.';
  gauge('syncbot_observation_timestamp_seconds', timestampHelp, ({ timestamp }) => timestamp);
  gauge('syncbot_observation_duration_seconds', 'How long that cycle took.', ({ durationMs }) => durationMs / 1_000);
}

/** Formats the text itself: prom-client blocks the event loop for 0.1 s with 10,000 projects. */
function renderProjects(projects: readonly ProjectSample[]): string {
  const [latency, backlog] = ['syncbot_project_latency_seconds', 'syncbot_project_backlog'];
  const [state, alert] = ['syncbot_project_state', 'syncbot_project_alert'];
  const lines = [
    `# HELP ${latency} How far the worst link of a project is behind. Absent while a link does not answer.`,
    `# TYPE ${latency} gauge`,
  ];
  for (const { id, latencyMs } of projects) {
    if (latencyMs !== null) lines.push(`${latency}{project="${id}"} ${latencyMs / 1_000}`);
  }
  lines.push(
    '',
    `# HELP ${backlog} Runnable tasks that no worker has taken, over all links. Absent while a link does not answer.`,
    `# TYPE ${backlog} gauge`,
  );
  for (const project of projects) {
    if (project.backlog !== null) lines.push(`${backlog}{project="${project.id}"} ${project.backlog}`);
  }
  lines.push('', `# HELP ${state} 1 for the state that a project has.`, `# TYPE ${state} gauge`);
  for (const project of projects) lines.push(`${state}{project="${project.id}",state="${project.state}"} 1`);
  lines.push('', `# HELP ${alert} 1 while an alert of a project fires, else absent.`, `# TYPE ${alert} gauge`);
  for (const { id, alerts } of projects) {
    for (const kind of alerts) lines.push(`${alert}{project="${id}",kind="${kind}",severity="${severities[kind]}"} 1`);
  }
  return `${lines.join('\n')}\n`;
}

function emptyTotals(): CycleTotals {
  const zeros = (names: readonly string[]) => new Map(names.map((name) => [name, 0]));
  return {
    projects: [],
    timedPauses: 0,
    states: zeros(projectStates),
    alerts: zeros(alertKinds),
    unreachable: new Map(),
  };
}

function addProject(totals: CycleTotals, { project, stats: { links, latencyMs, backlog } }: ObservedProject): void {
  const { id, state } = project;
  const alerts = firingConditions(project.alerts).map(({ kind }) => kind);
  totals.projects.push({ id, state, latencyMs, backlog, alerts });
  if (activeDeadline(project) !== null) totals.timedPauses += 1;
  increment(totals.states, state, 1);
  for (const kind of alerts) increment(totals.alerts, kind, 1);
  for (const { kind, link } of links) increment(totals.unreachable, link.connection, kind === 'unreachable' ? 1 : 0);
}

function increment(counts: Map<string, number>, name: string, more: number): void {
  counts.set(name, (counts.get(name) ?? 0) + more);
}
