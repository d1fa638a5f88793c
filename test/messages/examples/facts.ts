import type { FailureCauses } from '../../../src/domain/failure-causes.ts';
import type { Failure, Link, LinkSample, TaskFailure } from '../../../src/domain/link.ts';
import type { SkippedTask } from '../../../src/domain/skipped-tasks.ts';
import type { AlertContext, HistoryContext } from '../../../src/messages/facts.ts';
import { exampleLink, exampleProject } from '../../support/example-records.ts';
import { readableFormatter } from '../readable-formatter.ts';

/** Facts that several examples share. The day of the examples: 2026-11-27. */
export const at = (time: string): number => Date.parse(`2026-11-27T${time}:00Z`);

export const format = readableFormatter;
export const full: Link = exampleLink('orders-full');
export const incr: Link = exampleLink('orders-incr');
export const oneLink: LinkSample = { total: 1, first: [full] };
export const tenLinks: LinkSample = { total: 10, first: [full, incr] };
export const noLink: LinkSample = { total: 0, first: [] };

export const taskFailed: TaskFailure = {
  kind: 'task_failed',
  link: full,
  taskId: '7',
  reason: 'connection refused',
  at: at('02:58'),
};
export const causes: FailureCauses = {
  tasks: 7,
  grouped: 7,
  causes: 2,
  first: [
    { reason: 'connection refused', tasks: 6 },
    { reason: 'duplicate entry', tasks: 1 },
  ],
  since: at('02:58'),
  workers: 3,
};
export const skippedTask: SkippedTask = { ...taskFailed, skippedAt: at('03:04'), by: 'U0ALICE' };
export const unreachable: Failure = { kind: 'link_unreachable', link: incr, at: at('02:58') };

export const running = exampleProject({ state: 'running', since: at('01:10') });
export const paused = exampleProject({ state: 'paused', since: at('02:50'), reason: 'we deploy' });
export const failed = exampleProject({ state: 'failed', since: at('02:58'), by: 'syncbot', failure: taskFailed });

export const alertContext = (project = running): AlertContext => ({ project, format, revealReasons: true });
export const historyContext: HistoryContext = { format, revealReasons: true };
