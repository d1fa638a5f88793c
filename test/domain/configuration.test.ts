import fc from 'fast-check';
import { expect, it } from 'vitest';
import { alertSeverities } from '../../src/domain/conditions.ts';
import { type Configuration, configurationChanges } from '../../src/domain/configuration.ts';
import { messages } from '../../src/messages/catalog.ts';

const ids = fc.uniqueArray(fc.constantFrom('U0ALICE', 'U0BOB', 'S0OPS', 'C0SYNC'));
const duration = fc.constantFrom(1_000, 5_000, 60_000);
const sources = fc.dictionary(
  fc.constantFrom('far', 'near', 'constructor'),
  fc.oneof(
    fc.record({
      kind: fc.constant('template' as const),
      template: fc.constantFrom(`\${A}`, `\${B}`),
      variables: fc.constant<string[]>(['A']),
    }),
    fc.record({ kind: fc.constant('file' as const), digest: fc.constantFrom('1', '2') }),
  ),
);
const configurations: fc.Arbitrary<Configuration> = fc.record({
  policy: fc.record({ operators: ids, channels: ids }),
  onCall: fc.array(
    fc.record({
      mention: ids,
      label: fc.constantFrom(null, 'prod'),
      severity: fc.constantFrom(...alertSeverities),
    }),
    { maxLength: 2 },
  ),
  digests: fc.array(
    fc.record({
      at: fc.constantFrom('09:00', '17:30'),
      timezone: fc.constantFrom('UTC', 'Europe/Berlin'),
      channel: fc.constantFrom('C0SYNC', 'C0OPS'),
    }),
    { maxLength: 2 },
  ),
  settings: fc.record({
    confirmationTtlMs: duration,
    observeEveryMs: duration,
    operationRetentionMs: duration,
    pausedReminderMs: duration,
    auditLength: fc.constantFrom(100, 200),
    showErrors: fc.boolean(),
    alertGroupWaitMs: duration,
    alertGroupIntervalMs: duration,
    channelsWithoutButtons: ids,
    waves: fc.option(fc.record({ size: fc.constantFrom(1, 5), wait: fc.constantFrom('caughtUp' as const, 1_000) })),
  }),
  connections: sources,
});

/** Equal configurations have equal text. The order of ids and names has no effect. */
const normalize = ({ policy, onCall, settings, connections }: Configuration) =>
  JSON.stringify([
    [...policy.operators].sort(),
    [...policy.channels].sort(),
    onCall.map(({ mention, label, severity }) => [mention, label, severity]),
    { ...settings, channelsWithoutButtons: [...settings.channelsWithoutButtons].sort() },
    Object.entries(connections).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);

it('There is a change exactly if two configurations differ in their effect.', () => {
  fc.assert(
    fc.property(configurations, configurations, (before, after) => {
      const changes = configurationChanges(before, after);
      expect(changes.length === 0).toBe(normalize(before) === normalize(after));
      expect(configurationChanges(before, before)).toEqual([]);
    }),
  );
});

it('A policy without channels names the channels that it does not allow.', () => {
  const change = { kind: 'channels', before: [], after: ['C0SYNC'] } as const;
  expect(messages.configuration.change(change)).toBe(
    'policy.channels: every channel that is not shared with another organization → C0SYNC',
  );
});

it('A change of onCall says whom which alerts mention.', () => {
  const after = [
    { mention: ['S0OPS', 'U0BOB'], label: 'prod', severity: 'warning' },
    { mention: ['S0DBA'], label: null, severity: 'critical' },
  ] as const;
  expect(messages.configuration.change({ kind: 'on_call', before: [], after })).toBe(
    'policy.onCall: the person who last changed the project → S0OPS, U0BOB for critical alerts and warnings of projects with the label prod; S0DBA for critical alerts of all projects',
  );
});

it('Every operator who gains or loses the right is named.', () => {
  fc.assert(
    fc.property(configurations, configurations, (before, after) => {
      const change = configurationChanges(before, after).find(({ kind }) => kind === 'operators');
      const noChange: { added: readonly string[]; removed: readonly string[] } = { added: [], removed: [] };
      const { added, removed } = change?.kind === 'operators' ? change : noChange;
      const kept = before.policy.operators.filter((id) => !removed.includes(id));
      expect([...kept, ...added].sort()).toEqual([...after.policy.operators].sort());
    }),
  );
});
