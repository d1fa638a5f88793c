import { z } from 'zod';
import { isActiveEnd, readPausedUntil } from './paused-until.ts';
import type { Fields } from './records.ts';
import { shouldPauseLinks } from './state-model.ts';

/** A project while nothing is pending. */
export interface QuietProject {
  readonly record: Fields;
  readonly onFailure: 'pause' | 'continue';
  /** How many links have another flag than the project wants, because a person has set it. */
  readonly differingLinks: number;
  readonly failedTasks: number;
}

/** Compares the alerts with their causes. Returns the differences, or an empty text. */
export function findWrongAlerts(project: QuietProject): string {
  const expected = expectedAlerts(project);
  const alerts = readAlerts(project.record);
  const firing = alerts.filter(({ alert }) => alert.state === 'firing').map(({ kind }) => kind);
  if (firing.sort().join() !== expected.sort().join())
    return `firing alerts: ${firing.join() || 'none'}, expected: ${expected.join() || 'none'}`;
  const running = alerts.find(({ kind, alert }) => kind === 'unexpectedly_running' && alert.state === 'firing');
  const links = running?.alert.condition?.links?.total;
  if (links !== undefined && links !== project.differingLinks)
    return `the alert names ${links} running links, there are ${project.differingLinks}`;
  const notNotified = alerts.filter(({ alert, notifiedSeq }) => notifiedSeq < alert.seq);
  return notNotified.map(({ kind }) => `${kind} is not notified`).join();
}

function expectedAlerts({ record, onFailure, differingLinks, failedTasks }: QuietProject): string[] {
  const { state = '', by } = record;
  const isPaused = shouldPauseLinks(state);
  const end = readPausedUntil(record['pausedUntil']);
  const alerts: Readonly<Record<string, boolean>> = {
    project_failed: state === 'failed' && by === 'syncbot',
    tasks_failed: state === 'running' && onFailure === 'continue' && failedTasks > 0,
    paused_reminder: state === 'paused' && !isActiveEnd(end),
    pause_overdue: state === 'paused' && end !== null && (!isActiveEnd(end) || end.attempts > 0),
    unexpectedly_paused: !isPaused && differingLinks > 0,
    unexpectedly_running: isPaused && differingLinks > 0,
  };
  return Object.keys(alerts).filter((kind) => alerts[kind]);
}

const alertSchema = z.object({
  state: z.string(),
  seq: z.number(),
  condition: z.object({ links: z.object({ total: z.number() }).optional() }).optional(),
});
const deliveredSchema = z.object({ seq: z.number() });

function readAlerts(record: Fields) {
  return Object.entries(record).flatMap(([field, json]) => {
    const [, kind] = /^alert:(.+)$/.exec(field) ?? [];
    if (kind === undefined) return [];
    const delivered = record[`delivered:${kind}`];
    const notifiedSeq = delivered === undefined ? 0 : deliveredSchema.parse(JSON.parse(delivered)).seq;
    return [{ kind, alert: alertSchema.parse(JSON.parse(json)), notifiedSeq }];
  });
}
