import { describe, expect, it } from 'vitest';
import {
  activeDeadline,
  attemptDelayMs,
  isEndingSoon,
  timerOperationId,
  timerStep,
} from '../../src/domain/pause-timer.ts';
import { reminderDueAt } from '../../src/domain/paused-reminder.ts';
import type { PausedUntil } from '../../src/domain/paused-until.ts';
import type { Project } from '../../src/domain/project.ts';
import { exampleNow, exampleProject } from '../support/example-records.ts';

const minute = 60_000;
const version = 7;
const stopped = { at: exampleNow, change: null };

function endAt(at: number, overrides: Partial<PausedUntil> = {}): PausedUntil {
  return {
    at,
    by: 'U0ALICE',
    setAt: at - 120 * minute,
    operation: 'op',
    version,
    attempts: 0,
    nextAttemptAt: at,
    code: null,
    stopped: null,
    ...overrides,
  };
}

function pausedProject(pausedUntil: PausedUntil | null, overrides: Partial<Project> = {}): Project {
  return exampleProject({ state: 'paused', version, activeOperation: null, pausedUntil, ...overrides });
}

describe('the step of the timer', () => {
  const due = endAt(exampleNow);
  const cases: readonly [string, Project, 'none' | 'restore' | 'stop'][] = [
    ['restores at the end', pausedProject(due), 'restore'],
    ['does nothing before the end', pausedProject(endAt(exampleNow + 1)), 'none'],
    ['does nothing without an end', pausedProject(null), 'none'],
    ['does nothing while an operation is active', pausedProject(due, { activeOperation: 'other' }), 'none'],
    ['does nothing if the project is not Paused', pausedProject(due, { state: 'failed' }), 'none'],
    ['does nothing after the timer has stopped', pausedProject(endAt(exampleNow, { stopped })), 'none'],
    ['stops if the project was changed', pausedProject(due, { version: version + 1 }), 'stop'],
    [
      'waits for the next attempt after the end',
      pausedProject(endAt(exampleNow - minute, { attempts: 1, nextAttemptAt: exampleNow + 1 })),
      'none',
    ],
    [
      'restores at the next attempt',
      pausedProject(endAt(exampleNow - minute, { attempts: 1, nextAttemptAt: exampleNow })),
      'restore',
    ],
  ];
  it.each(cases)('%s.', (_case, project, kind) => {
    expect(timerStep(project, exampleNow).kind).toBe(kind);
  });
});

it('The attempts come after 1, 2, 5, 10 and 15 min, and then every 15 min.', () => {
  const minutes = Array.from({ length: 7 }, (_, index) => attemptDelayMs(index + 1) / minute);
  expect(minutes).toEqual([1, 2, 5, 10, 15, 15, 15]);
});

it('Each attempt, and each end of one pause, has an operation of its own.', () => {
  const end = endAt(exampleNow);
  const ids = [end, { ...end, attempts: 1 }, { ...end, at: exampleNow + 1 }, { ...end, operation: 'later' }].map(
    timerOperationId,
  );
  expect(new Set(ids).size).toBe(4);
  expect(timerOperationId({ ...end, by: 'U0BOB', setAt: 1 })).toBe(ids[0]);
});

describe('the notice of the end', () => {
  const soon = exampleNow + 15 * minute;
  const cases: readonly [string, PausedUntil, boolean][] = [
    ['is due 15 min before the end', endAt(soon), true],
    ['is not due earlier', endAt(soon + 1), false],
    ['is not due for a pause of 15 min', endAt(soon, { setAt: exampleNow }), false],
    ['is due for a pause that is a little longer', endAt(soon, { setAt: exampleNow - 1 }), true],
    ['is not due after a restore that did not succeed', endAt(exampleNow, { attempts: 1 }), false],
  ];
  it.each(cases)('%s.', (_case, end, isDue) => {
    expect(isEndingSoon(end, exampleNow)).toBe(isDue);
  });
});

describe('the reminder of a pause', () => {
  const reminderMs = 30 * minute;
  const dueAt = (project: Project) => reminderDueAt({ ...project, since: exampleNow }, reminderMs);

  it('is not due before the end of the pause.', () => {
    expect(dueAt(pausedProject(endAt(exampleNow + 120 * minute)))).toBeNull();
  });

  it.each([
    ['without an end', pausedProject(null)],
    ['after the timer has stopped', pausedProject(endAt(exampleNow, { stopped }))],
  ])('is due %s.', (_case, project) => {
    expect(activeDeadline(project)).toBeNull();
    expect(dueAt(project)).toBe(exampleNow + reminderMs);
  });
});
