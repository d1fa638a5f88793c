import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exportConfig, unstoredUrls } from '../../src/config/export-config.ts';
import { type Configuration, configurationChanges } from '../../src/domain/configuration.ts';
import { definitionChanges } from '../../src/domain/diff-projects.ts';
import { env, fullConfig, parsedConfig } from './config-fixture.ts';

const stateOf = (text: string) => {
  const { configuration, projects } = parsedConfig(text);
  return { configuration, definitions: projects.map(({ definition }) => definition) };
};

function expectNoChange(state: ReturnType<typeof stateOf>, text = exportConfig(state)): void {
  const again = stateOf(text);
  expect(configurationChanges(state.configuration, again.configuration)).toEqual([]);
  expect(again.definitions.map(({ id }) => id)).toEqual(state.definitions.map(({ id }) => id));
  for (const [index, definition] of state.definitions.entries())
    expect(definitionChanges(definition, again.definitions[index] ?? definition)).toEqual([]);
}

describe('the exported file', () => {
  test('changes nothing if it is applied, whatever is stored', () => {
    const text = (maxLength: number) =>
      fc
        .oneof(
          fc.string({ unit: 'grapheme' }),
          fc.constantFrom('null', '1', 'true', '$' + '{X}', '- a', '#', "it's", ' x '),
        )
        .map((value) => value.slice(0, maxLength).replace(/[\p{Cc}\p{Cs}:]/gu, '') || 'x');
    const id = (letter: string) => fc.integer({ min: 0, max: 5 }).map((number) => `${letter}0A${number}`);
    const minutes = fc.integer({ min: 60, max: 3_600 }).map((seconds) => seconds * 1_000);
    const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
    const endpoint = fc.record({ type: text(63), name: text(255) });
    const project = fc.record({
      description: optional(text(100)),
      source: optional(endpoint),
      target: optional(endpoint),
      labels: fc.uniqueArray(text(20), { maxLength: 3 }),
      channel: optional(id('C')),
      onCall: fc.uniqueArray(id('U'), { maxLength: 3 }),
      runbook: fc.constantFrom(null, 'https://wiki.example.com/a?b=1#c'),
      onFailure: fc.constantFrom('pause' as const, 'continue' as const),
      logRetention: optional(minutes),
      latencyAlert: optional(minutes),
      pausedReminder: optional(fc.oneof(minutes, fc.constant(0))),
      pauseMax: optional(minutes),
      links: fc.uniqueArray(
        fc.record({ queue: text(20), connection: fc.constantFrom('default', 'warehouse'), prefix: text(5) }),
        { minLength: 1, maxLength: 3, selector: (link) => JSON.stringify(link) },
      ),
    });
    const stored = parsedConfig(fullConfig).configuration;
    const settings = fc.record({
      confirmationTtlMs: minutes,
      observeEveryMs: fc.integer({ min: 250, max: 600_000 }),
      operationRetentionMs: fc.constant(3_600_000),
      pausedReminderMs: fc.oneof(minutes, fc.constant(0)),
      auditLength: fc.integer({ min: 100, max: 1_000 }),
      showErrors: fc.boolean(),
      alertGroupWaitMs: fc.integer({ min: 100, max: 600_000 }),
      alertGroupIntervalMs: minutes,
      channelsWithoutButtons: fc.uniqueArray(id('C'), { maxLength: 2 }),
      waves: optional(
        fc.record({ size: fc.integer({ min: 1, max: 9 }), wait: fc.constantFrom('caughtUp' as const, 1_500) }),
      ),
    });
    fc.assert(
      fc.property(fc.array(project, { maxLength: 3 }), settings, (projects, stateSettings) => {
        const definitions = projects.map((each, index) => ({
          v: 1 as const,
          id: `p${index}`,
          ...each,
          links: each.links.map((link) => ({ ...link, prefix: `${index}${link.prefix}` })),
        }));
        expectNoChange({ configuration: { ...stored, onCall: [], settings: stateSettings }, definitions });
      }),
    );
  });

  test('has every key of a file that was applied', () => {
    expectNoChange(stateOf(fullConfig));
    expect(exportConfig(stateOf(fullConfig))).toMatch(
      /^# yaml-language-server: \$schema=\S+syncbot\.schema\.json\n# Written by syncbot export: .*\nconnections:\n {2}warehouse: \$\{WAREHOUSE_REDIS_URL\}\n/,
    );
  });

  test('has a variable for a URL that is not stored, and no secret', () => {
    const state = stateOf("connections: { dr-1: 'redis://u:secret@dr:6379' }\nprojects: {}");
    const text = exportConfig(state);
    expect(text).toContain('dr-1: $' + '{DR_1_REDIS_URL}');
    expect(text).not.toContain('secret');
    expect(unstoredUrls(state.configuration)).toEqual([{ name: 'dr-1', variable: 'DR_1_REDIS_URL' }]);
    expect(unstoredUrls(parsedConfig(fullConfig, env).configuration as Configuration)).toEqual([]);
  });

  test('has the values of defaults and labels at each project, and says so in its head', () => {
    const inherited = 'defaults: { channel: C0A1 }\nlabels: { prod: { runbook: "https://a.example" } }';
    const project = 'orders: { labels: [prod], links: [{ queue: a }] }';
    const text = exportConfig(stateOf(`${inherited}\nprojects: { ${project} }`));
    expect(text).toMatch(/^# .*each project has the values that defaults and labels gave it\.$/m);
    expect(text).toMatch(/orders:\n {4}labels:\n {6}- prod\n {4}channel: C0A1\n {4}runbook: https:\/\/a\.example\n/);
    expect(text).not.toMatch(/^(defaults|labels):/m);
  });

  test('has projects only if no configuration is stored', () => {
    expect(exportConfig({ configuration: null, definitions: [] })).toMatch(/\nprojects: \{\}\n$/);
  });
});
