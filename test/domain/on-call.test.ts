import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertSeverities } from '../../src/domain/conditions.ts';
import { type CallingProject, mentionsFor, type OnCallRule } from '../../src/domain/on-call.ts';

const project = (overrides: Partial<CallingProject['definition']> = {}, by = 'U0ALICE'): CallingProject => ({
  by,
  failureStreak: null,
  definition: { labels: ['prod'], onCall: [], ...overrides },
});
const rule = (overrides: Partial<OnCallRule> = {}): OnCallRule => ({
  mention: ['S0OPS'],
  label: null,
  severity: 'critical',
  ...overrides,
});

describe('who is called', () => {
  it.each([
    ['the person who last changed the project, if no entry is configured', [], [project()], ['U0ALICE']],
    ['no person, if the command line changed it and no entry is configured', [], [project({}, 'cli:root')], []],
    ['the onCall of the project', [], [project({ onCall: ['S0DBA', 'U0BOB'] })], ['S0DBA', 'U0BOB']],
    ['an entry for all projects', [rule()], [project()], ['S0OPS']],
    ['an entry for its label', [rule({ label: 'prod' })], [project()], ['S0OPS']],
    ['not an entry for another label', [rule({ label: 'test' })], [project()], ['U0ALICE']],
    ['not the person who last changed it, if an entry matches', [rule()], [project({}, 'U0BOB')], ['S0OPS']],
    [
      'everybody who is named, each once',
      [rule(), rule()],
      [project({ onCall: ['S0DBA', 'S0OPS'] })],
      ['S0DBA', 'S0OPS'],
    ],
    [
      'everybody for several projects, each once',
      [rule({ label: 'prod' })],
      [project(), project(), project({ labels: [] }, 'U0BOB')],
      ['S0OPS', 'U0BOB'],
    ],
  ])('for a critical alert: %s', (_name, rules, projects, expected) => {
    expect(mentionsFor(rules, projects, 'critical')).toEqual(expected);
  });

  it('for a Failed project is the person who made it Running before', () => {
    const run = { since: 1, by: 'U0BOB', action: 'restore' } as const;
    const failureStreak = { count: 1, isSameCause: false, failedAt: 2, run };
    expect(mentionsFor([], [{ ...project({}, 'syncbot'), failureStreak }], 'critical')).toEqual(['U0BOB']);
    expect(mentionsFor([], [{ ...project({}, 'U0ALICE'), failureStreak }], 'critical')).toEqual(['U0ALICE']);
  });

  it.each([
    ['an entry for warnings', [rule({ severity: 'warning' })], ['S0OPS']],
    ['an entry for all alerts', [rule({ severity: 'info' })], ['S0OPS']],
    ['not an entry for critical alerts', [rule()], []],
  ])('for a warning: %s, never the onCall of the project or the person', (_name, rules, expected) => {
    expect(mentionsFor(rules, [project({ onCall: ['S0DBA'] })], 'warning')).toEqual(expected);
  });

  it('calls each id once, and for a more severe alert at least the same entries', () => {
    const ids = fc.uniqueArray(fc.constantFrom('U0ALICE', 'U0BOB', 'S0OPS', 'S0DBA'), { minLength: 1 });
    const rules = fc.array(
      fc.record({
        mention: ids,
        label: fc.constantFrom(null, 'prod', 'test'),
        severity: fc.constantFrom(...alertSeverities),
      }),
    );
    const projects = fc.array(
      fc.record({
        by: fc.constantFrom('U0ALICE', 'cli:root'),
        failureStreak: fc.constant(null),
        definition: fc.record({ labels: fc.constantFrom([], ['prod'], ['prod', 'test']), onCall: ids }),
      }),
    );
    fc.assert(
      fc.property(rules, projects, (given, called) => {
        const [critical, warning, info] = alertSeverities.map((severity) => mentionsFor(given, called, severity));
        expect(critical).toEqual([...new Set(critical)]);
        expect(critical).toEqual(expect.arrayContaining(warning ?? []));
        expect(warning).toEqual(expect.arrayContaining(info ?? []));
      }),
    );
  });
});
