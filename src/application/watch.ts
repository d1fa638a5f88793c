import { type Alert, type AlertKind, advance } from '../domain/alert.ts';
import { type Finding, findingKinds } from '../domain/finding.ts';
import { type Findings, findingsOfRecord } from '../domain/findings.ts';
import type { Project, ProjectId } from '../domain/project.ts';
import type { Deps } from './deps.ts';

export interface Watched {
  readonly findings: Findings;
  /** The bot's Redis server time. */
  readonly now: number;
}

/**
 * Writes down what one look at a project has found, kind by kind, and has its channel told of what is news. A look counts
 * only while nobody holds the project and its version is the one that was looked at.
 */
export async function noteFindings(deps: Deps, project: Project, { findings, now }: Watched): Promise<void> {
  if (project.holder !== null) return;
  let isNews = false;
  for (const kind of findingKinds) {
    if (!Object.hasOwn(findings, kind)) continue;
    const finding: Finding | null | undefined = findings[kind];
    const before = project.alerts[kind]?.alert ?? null;
    const after = advance(before, { finding, version: project.version, now });
    if (after === null || after === before) continue;
    const noted = await deps.store.noteAlert(project.id, project.version, {
      kind,
      before,
      after,
      event: eventOf(before, after),
    });
    if (noted && after.open !== (before?.open ?? false)) logChange(deps, { project: project.id, kind, after });
    isNews ||= noted && after.seq > (before?.seq ?? 0);
  }
  if (isNews) await deps.notifier.alert(project.id);
}

/** After a change of state: what the project's own record tells, at once; what its links tell waits for the next look. */
export async function noteState(deps: Deps, id: ProjectId): Promise<void> {
  const [project, now] = await Promise.all([deps.store.read(id), deps.store.now()]);
  if (project !== null) await noteFindings(deps, project, { findings: findingsOfRecord(project, now), now });
}

function eventOf(before: Alert | null, after: Alert): 'alert' | 'alert_over' | null {
  if (after.open === (before?.open ?? false)) return null;
  return after.open ? 'alert' : 'alert_over';
}

function logChange(
  { log }: Deps,
  { project, kind, after }: { project: ProjectId; kind: AlertKind; after: Alert },
): void {
  if (after.open) log.warn({ project, kind }, 'alert');
  else log.info({ project, kind }, 'alert over');
}
