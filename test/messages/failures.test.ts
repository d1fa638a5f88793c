import { expect, it } from 'vitest';
import type { FailureCauses } from '../../src/domain/failure-causes.ts';
import { messages } from '../../src/messages/catalog.ts';
import { alertText } from '../../src/messages/render.ts';
import { exampleLink, exampleProject } from '../support/example-records.ts';
import { plainFormatter as format } from './plain-formatter.ts';

const twoCauses: FailureCauses = {
  tasks: 7,
  grouped: 7,
  causes: 2,
  first: [
    { reason: 'connection refused', tasks: 6 },
    { reason: 'duplicate entry', tasks: 1 },
  ],
  since: 5,
  workers: 3,
};
const oneCause: FailureCauses = { ...twoCauses, causes: 1, first: [{ reason: 'connection refused', tasks: 7 }] };
const manyCauses: FailureCauses = { ...twoCauses, tasks: 10_000, grouped: 500, causes: 5 };

it.each([
  [twoCauses, '7 tasks failed, 2 causes: connection refused (6); duplicate entry (1)', '7 tasks failed, 2 causes'],
  [
    { ...twoCauses, tasks: 2, grouped: 2, first: twoCauses.first.map((cause) => ({ ...cause, tasks: 1 })) },
    '2 tasks failed, 2 causes: connection refused; duplicate entry',
    '2 tasks failed, 2 causes',
  ],
  [oneCause, '7 tasks failed: connection refused', '7 tasks failed, 1 cause'],
  [
    manyCauses,
    '10,000 tasks failed, 5 causes in the first 500: connection refused (6); duplicate entry (1) and 3 more',
    '10,000 tasks failed, 5 causes in the first 500',
  ],
  [
    { ...oneCause, tasks: 10_000, first: [{ reason: '', tasks: 7 }] },
    '10,000 tasks failed, 1 cause in the first 7: no reason given',
    '10,000 tasks failed, 1 cause in the first 7',
  ],
])('Causes are named with their numbers, and hidden where reasons are: %#.', (causes, revealed, hidden) => {
  expect(messages.failures.causes(causes, { format, revealReasons: true })).toBe(revealed);
  expect(messages.failures.causes(causes, { format, revealReasons: false })).toBe(hidden);
});

const failure = { kind: 'task_failed', link: exampleLink('a'), taskId: '1', at: 5, reason: 'refused' } as const;
const project = exampleProject({ state: 'failed' });

it('Both alerts about failed tasks have the causes, when the oldest task failed, and the workers.', () => {
  const context = { project, format, revealReasons: true };
  const at = format.at(5);
  const failed = alertText({ kind: 'project_failed', since: 6, failure, causes: twoCauses }, context);
  expect([failed.event, ...failed.details]).toEqual([
    'Failed',
    '7 tasks failed, 2 causes: connection refused (6); duplicate entry (1)',
    `the oldest on a ${at}`,
    '3 workers connected',
  ]);
  const { workers: _workers, ...causes } = twoCauses;
  const continues = alertText({ kind: 'tasks_failed', count: 7, failure, causes }, context);
  expect([continues.event, ...continues.details]).toEqual([
    '7 tasks failed',
    '2 causes: connection refused (6); duplicate entry (1)',
    `the oldest on a ${at}`,
  ]);
});

it('One failed task is named by its link and reason.', () => {
  const causes = { ...oneCause, tasks: 1, grouped: 1 };
  const { details } = alertText(
    { kind: 'project_failed', since: 6, failure, causes },
    { project, format, revealReasons: true },
  );
  expect(details).toEqual(['a task failed on a: refused']);
});

it('A resolved alert keeps its causes, without the workers of that time.', () => {
  const condition = { kind: 'project_failed', since: 6, failure, causes: twoCauses } as const;
  const occurrence = { since: 6, resolvedAt: 7 };
  const facts = { kind: 'project_failed', project, condition, occurrence, format, revealReasons: false } as const;
  expect(messages.alerts.resolved(facts).slice(1)).toEqual([
    '7 tasks failed, 2 causes',
    `the oldest on a ${format.at(5)}`,
  ]);
});
