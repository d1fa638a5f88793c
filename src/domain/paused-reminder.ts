import { activeDeadline } from './pause-timer.ts';
import type { Project } from './project.ts';

/** After how long people are reminded of a pause, ms. Null if they are not. `defaultMs`: of the settings, 0 for never. */
export function reminderIntervalMs(
  { definition: { pausedReminder } }: Pick<Project, 'definition'>,
  defaultMs: number,
): number | null {
  return (pausedReminder ?? defaultMs) || null;
}

/** When the next reminder is due, epoch ms. Null if the project is not Paused, or if its pause ends by itself. */
export function reminderDueAt(project: Project, defaultMs: number): number | null {
  const intervalMs = reminderIntervalMs(project, defaultMs);
  if (project.state !== 'paused' || intervalMs === null || activeDeadline(project) !== null) return null;
  return (project.keptPaused?.at ?? project.since) + intervalMs;
}
