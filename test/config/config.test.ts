import { describe, expect, test } from 'vitest';
import { hintFor, keysOfSection } from '../../src/config/key-docs.ts';
import { linkSchema, projectSchema } from '../../src/config/project-schema.ts';
import { fileSchema, policySchema, settingsSchema } from '../../src/config/schema.ts';
import { configErrors, fullConfig, parsedConfig, projectYaml } from './config-fixture.ts';

describe('a valid file', () => {
  test('is read with every documented key', () => {
    const { configuration, ...file } = parsedConfig(fullConfig);
    expect(configuration).toEqual({
      policy: file.policy,
      onCall: file.onCall,
      digests: file.digests,
      settings: file.settings,
      connections: {
        warehouse: {
          kind: 'template',
          template: `\${WAREHOUSE_REDIS_URL}`,
          variables: ['WAREHOUSE_REDIS_URL'],
        },
      },
    });
    expect(file).toEqual({
      connections: { warehouse: { kind: 'standalone', url: 'redis://:secret@warehouse:6379/2' } },
      policy: { operators: ['U0123', 'S0456'], channels: ['C0123'] },
      onCall: [
        { mention: ['S0456'], label: 'prod', severity: 'warning' },
        { mention: ['U0123'], label: null, severity: 'critical' },
      ],
      digests: [{ at: '09:00', timezone: 'Europe/Berlin', channel: 'C0123' }],
      settings: {
        confirmationTtlMs: 600_000,
        observeEveryMs: 30_000,
        operationRetentionMs: 90 * 86_400_000,
        auditLength: 5_000,
        pausedReminderMs: 86_400_000,
        showErrors: true,
        alertGroupWaitMs: 5_000,
        alertGroupIntervalMs: 120_000,
        channelsWithoutButtons: ['C0789'],
        waves: { size: 5, wait: 30_000 },
      },
      projects: [
        {
          adopt: true,
          definition: {
            v: 1,
            id: 'orders',
            description: 'Orders to the warehouse',
            source: { type: 'mysql', name: 'orders-db' },
            target: { type: 'kafka', name: 'warehouse' },
            labels: ['prod'],
            channel: 'C0123',
            onCall: ['S0789'],
            runbook: 'https://wiki.example.com/orders?a=1#b',
            onFailure: 'continue',
            logRetention: 48 * 3_600_000,
            latencyAlert: 300_000,
            pausedReminder: 12 * 3_600_000,
            pauseMax: 4 * 3_600_000,
            links: [
              { queue: 'orders-full', connection: 'default', prefix: 'sync' },
              { queue: 'orders-incr', connection: 'warehouse', prefix: 'sync' },
            ],
          },
        },
      ],
    });
  });

  test('has the documented defaults', () => {
    const config = parsedConfig(`projects:\n${projectYaml('orders')}`);
    expect(config.settings).toEqual({
      confirmationTtlMs: 300_000,
      observeEveryMs: 5_000,
      operationRetentionMs: 90 * 86_400_000,
      auditLength: 10_000,
      pausedReminderMs: 86_400_000,
      showErrors: false,
      alertGroupWaitMs: 10_000,
      alertGroupIntervalMs: 60_000,
      channelsWithoutButtons: [],
      waves: null,
    });
    expect(config.policy).toEqual({ operators: [], channels: [] });
    expect(config.onCall).toEqual([]);
    expect(config.digests).toEqual([]);
    expect(config.connections).toEqual({});
    expect(config.projects[0]).toMatchObject({
      adopt: false,
      definition: {
        description: null,
        source: null,
        target: null,
        labels: [],
        onCall: [],
        runbook: null,
        onFailure: 'pause',
      },
    });
  });

  test.each([
    ['of the project, whatever its labels have', 'pauseMax: 2h, labels: [prod]', 2],
    ['the shortest of its labels', 'labels: [prod, nightly]', 1],
    ['that of all projects, for a label without one', 'labels: [dev]', 8],
    ['that of all projects', '', 8],
  ])('gives a project the pauseMax %s', (_which, keys, hours) => {
    const config = parsedConfig(`settings: { pauseMax: 8h }
labels:
  prod: { pauseMax: 4h }
  nightly: { pauseMax: 1h }
  dev: {}
projects:
  orders: { ${keys}${keys === '' ? '' : ', '}links: [{ queue: q }] }
  users: { labels: [prod, nightly, dev], links: [{ queue: r }] }
`);
    expect(config.projects[0]?.definition.pauseMax).toBe(hours * 3_600_000);
    expect(config.settings).not.toHaveProperty('pauseMax');
  });

  test('may have keys without a value, and the config is deeply frozen', () => {
    const config = parsedConfig('connections:\npolicy:\n  operators:\nsettings:\nprojects: {}\n');
    expect(config.projects).toEqual([]);
    expect(() => (config.policy.operators as string[]).push('U1')).toThrow(TypeError);
  });

  test('takes numbers and booleans from variables, and reads $${ as the characters ${', () => {
    const text = `settings: { auditLength: "\${N}", showErrors: "\${S}" }\nprojects:\n${projectYaml('orders', '{ queue: "a$$' + '{N}-$' + '{N}" }')}`;
    const config = parsedConfig(text, { N: '200', S: 'true' });
    expect(config.settings).toMatchObject({ auditLength: 200, showErrors: true });
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the test is about this literal
    expect(config.projects[0]?.definition.links[0]?.queue).toBe('a${N}-200');
  });
});

describe('errors', () => {
  test('are all reported at once, each with its path, line and hint', () => {
    const text = `connections:
  default: redis://elsewhere:6379
  broken: http://x
polcy: {}
policy:
  operators: [bob]
  channels: ['#sync']
settings: { confirmationTtl: soon, observeEvery: 1d, auditLength: many }
projects:
  Orders:
    links: []
  pause:
    links: [{ queue: 'a:b' }]
  users:
    labels: prod
    logRetention: 2s
    onFailure: retry
    links:
      - queue: users
        conection: warehouse
      - { queue: q2, connection: warehose, prefix: '' }
      - { prefix: bull }
`;
    const errors = configErrors(text).map(({ path, line, message, hint }) => {
      expect(hint).not.toBe('');
      return `${line} ${path} ${message}`;
    });
    expect(errors).toEqual([
      '2 connections.default is reserved for REDIS_URL',
      '3 connections.broken is not a Redis URL',
      '4 polcy is an unknown key',
      '6 policy.operators[0] is not the id of a user or user group',
      '7 policy.channels[0] is not the id of a channel',
      '8 settings.confirmationTtl is not a duration',
      '8 settings.observeEvery is not between 250ms and 10m',
      '8 settings.auditLength is not a number',
      '10 projects.Orders is not a valid project id',
      '11 projects.Orders.links is empty: a project needs at least one link',
      '12 projects.pause is a reserved word of the /sync command',
      '13 projects.pause.links[0].queue must not contain ":"',
      '15 projects.users.labels is not a list',
      '16 projects.users.logRetention is not between 1m and 3650d',
      '17 projects.users.onFailure is not pause or continue',
      '20 projects.users.links[0].conection is an unknown key',
      '21 projects.users.links[1].prefix is empty',
      '22 projects.users.links[2].queue is missing',
    ]);
  });

  test('suggest a known key for an unknown key', () => {
    const hints = configErrors(
      `projects:\n  orders:\n    desciption: x\n    links: [{ queue: q, conection: a }]\n    zzz: 1\n`,
    );
    expect(hints.map(({ hint }) => hint)).toEqual([
      'Did you mean description?',
      'Did you mean connection?',
      'The keys here are: description, source, target, labels, channel, onCall, runbook, adopt, onFailure, logRetention, pausedReminder, pauseMax, latencyAlert, links.',
    ]);
  });

  test.each([
    ['logRetention: 30s', 'is not between 1m and 3650d', 'Write a duration from 1m to 3650d, such as 48h.'],
    ['latencyAlert: soon', 'is not a duration', 'Write a duration from 1s to 30d, such as 5m.'],
  ])('have a hint about a duration that is invalid or out of range: %s', (line, message, hint) => {
    const [error, ...otherErrors] = configErrors(`projects:\n  orders:\n    ${line}\n    links: [{ queue: q }]\n`);
    expect(otherErrors).toEqual([]);
    expect(error).toMatchObject({ line: 3, message, hint });
  });

  test('report a key that appears twice, with the line of the second one', () => {
    expect(configErrors('projects:\n  orders:\n    links: []\n  orders:\n    links: []\n')).toMatchObject([
      { line: 4, message: 'This key appears twice' },
    ]);
  });

  test('report duplicates in a list, with the line of the second one', () => {
    const text = `policy:
  operators: [U1, S2, U1]
  channels:
    - C1
    - C1
projects:
  orders:
    labels: [prod, prod]
    links: [{ queue: q }]
`;
    expect(configErrors(text, {}).map(({ path, line, message }) => `${line} ${path} ${message}`)).toEqual([
      '2 policy.operators[2] is a duplicate',
      '5 policy.channels[1] is a duplicate',
      '8 projects.orders.labels[1] is a duplicate',
    ]);
  });

  test('have the line of their key, also below a key that looks like a number', () => {
    expect(configErrors('projects:\n  1:\n    links: []\n')).toMatchObject([{ path: 'projects.1.links', line: 3 }]);
  });

  test('have the line of the nearest parent if the key is missing or behind an alias', () => {
    const text = 'projects:\n  a: &a\n    labels: []\n  b: *a\n';
    expect(configErrors(text).map(({ path, line }) => `${line} ${path}`)).toEqual([
      '2 projects.a.links',
      '4 projects.b.links',
    ]);
  });

  test('report each missing variable once, with the path that uses it', () => {
    const text = `connections:\n  a: \${A_URL}\n  b: redis://\${B_HOST}:\${B_PORT}\nprojects: {}\n`;
    expect(configErrors(text, { A_URL: ' ' }).map(({ path, line, message }) => `${line} ${path} ${message}`)).toEqual([
      '2 connections.a needs the variable A_URL, which is not set',
      '3 connections.b needs the variable B_HOST, which is not set',
      '3 connections.b needs the variable B_PORT, which is not set',
    ]);
  });

  test('never quote a value', () => {
    const text = `connections: { a: "\${SECRET}", "b": "\${SECRET}x" }\npolicy: { operators: ["\${SECRET}"] }\nprojects:\n  o: { channel: "\${SECRET}", links: [{ queue: "\${SECRET}", connection: "\${SECRET}" }] }\n`;
    const errors = configErrors(text, { SECRET: 'hush:hush' });
    expect(errors.length).toBeGreaterThan(3);
    expect(JSON.stringify(errors)).not.toContain('hush');
  });

  test.each([
    ['that is empty', '', 'The file is empty'],
    ['that is a list', '- a', 'The file is not a section with keys'],
    ['with a key that is not text', '{ a: 1 }: x', 'A key is not plain text'],
    ['without projects', 'policy: {}', 'is missing'],
    ['with empty projects', 'projects:', 'is not a section with keys'],
    ['with an open brace', 'a: {b', 'a bracket is not closed'],
    ['with a tag', 'a: !!js/function x', 'The YAML tag'],
    ['with two documents', 'a: 1\n---\nb: 2', 'A second YAML document starts here'],
    ['that is nested too deeply', `a: ${'['.repeat(50_000)}`, 'The file is nested too deeply'],
  ])('name what is wrong with a file %s', (_name, text, message) => {
    expect(configErrors(text)[0]?.message).toContain(message);
  });
});

test('the key list has exactly the keys of the schemas', () => {
  const sections = [
    ['', fileSchema],
    ['policy', policySchema],
    ['settings', settingsSchema],
    ['projects.*', projectSchema],
    ['projects.*.links.*', linkSchema],
  ] as const;
  for (const [section, schema] of sections) {
    expect(keysOfSection(section).sort(), section).toEqual(Object.keys(schema.shape).sort());
  }
  expect(hintFor(['projects', 'orders', 'links', 3, 'queue'])).toContain('BullMQ queue');
});
