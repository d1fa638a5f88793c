import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { fileSchema, linkSchema, policySchema, projectSchema, settingsSchema } from '../../src/config/schema.ts';
import { hintFor, knownKeys } from '../../src/config/vocabulary.ts';
import { readSyncbotYml } from '../../src/config.ts';

const whole = `connections:
  warehouse: \${WAREHOUSE_REDIS_URL}
policy:
  operators: [U0123, S0456]
  channels: [C0123]
settings: { confirmationTtl: 10m, observeEvery: 30s, operationRetention: 90d, auditLength: 5000, showErrors: true }
projects:
  orders:
    description: Orders to the warehouse
    source: { type: mysql, name: orders-db }
    target: { type: kafka, name: warehouse }
    labels: [prod]
    channel: C0123
    adopt: true
    onFailure: continue
    links:
      - queue: orders-full
      - { queue: orders-incr, connection: warehouse, prefix: sync }
`;
const env = { WAREHOUSE_REDIS_URL: 'redis://:secret@warehouse:6379/2' };

function faultsOf(text: string, variables: Record<string, string> = env) {
  const read = readSyncbotYml(text, variables);
  return read.kind === 'refused' ? read.faults : [];
}

function configOf(text: string, variables: Record<string, string> = env) {
  const read = readSyncbotYml(text, variables);
  if (read.kind === 'refused') throw new Error(JSON.stringify(read.faults));
  return read.config;
}

const oneLink = (id: string, link = `{ queue: ${id}-q }`) => `  ${id}:\n    links:\n      - ${link}\n`;

describe('a file without faults', () => {
  test('is read whole, with every key of the contract', () => {
    expect(configOf(whole)).toEqual({
      connections: { warehouse: 'redis://:secret@warehouse:6379/2' },
      policy: { operators: ['U0123', 'S0456'], channels: ['C0123'] },
      settings: {
        confirmationTtlMs: 600_000,
        observeEveryMs: 30_000,
        operationRetentionMs: 90 * 86_400_000,
        auditLength: 5_000,
        showErrors: true,
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
            onFailure: 'continue',
            links: [
              { queue: 'orders-full', connection: 'default', prefix: 'bull' },
              { queue: 'orders-incr', connection: 'warehouse', prefix: 'sync' },
            ],
          },
        },
      ],
    });
  });

  test('has the defaults of the contract', () => {
    const config = configOf(`projects:\n${oneLink('orders')}`);
    expect(config.settings).toEqual({
      confirmationTtlMs: 300_000,
      observeEveryMs: 5_000,
      operationRetentionMs: 90 * 86_400_000,
      auditLength: 10_000,
      showErrors: false,
    });
    expect(config.policy).toEqual({ operators: [], channels: [] });
    expect(config.connections).toEqual({});
    expect(config.projects[0]).toMatchObject({
      adopt: false,
      definition: { description: null, source: null, target: null, labels: [], channel: null, onFailure: 'pause' },
    });
  });

  test('may leave keys empty, and is frozen through and through', () => {
    const config = configOf('connections:\npolicy:\n  operators:\nsettings:\nprojects: {}\n');
    expect(config.projects).toEqual([]);
    expect(() => (config.policy.operators as string[]).push('U1')).toThrow(TypeError);
  });

  test('takes numbers and switches from variables too, and $${ as the characters themselves', () => {
    const text = `settings: { auditLength: "\${N}", showErrors: "\${S}" }\nprojects:\n${oneLink('orders', '{ queue: "a$$' + '{N}-$' + '{N}" }')}`;
    const config = configOf(text, { N: '200', S: 'true' });
    expect(config.settings).toMatchObject({ auditLength: 200, showErrors: true });
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the literal is what is tested
    expect(config.projects[0]?.definition.links[0]?.queue).toBe('a${N}-200');
  });
});

describe('faults', () => {
  test('are all named at once, each with its path, its line and a hint', () => {
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
    logRetention: 48h
    onFailure: retry
    links:
      - queue: users
        conection: warehouse
      - { queue: q2, connection: warehose, prefix: '' }
      - { prefix: bull }
`;
    const found = faultsOf(text).map(({ path, line, message, hint }) => {
      expect(hint).not.toBe('');
      return `${line} ${path} ${message}`;
    });
    expect(found).toEqual([
      '2 connections.default is a reserved name: it stands for REDIS_URL',
      '3 connections.broken is no address of a Redis',
      '4 polcy is an unknown key',
      '6 policy.operators[0] is no id of a user or a user group',
      '7 policy.channels[0] is no id of a channel',
      '8 settings.confirmationTtl is no duration',
      '8 settings.observeEvery is not from 250ms to 10m',
      '8 settings.auditLength is not a number',
      '10 projects.Orders is no id for a project',
      '11 projects.Orders.links has no entry: a project needs at least one link',
      '12 projects.pause is a word of the /sync command',
      '13 projects.pause.links[0].queue must not contain ":", as BullMQ wants it',
      '15 projects.users.labels is not a list',
      '16 projects.users.logRetention is not built yet',
      '17 projects.users.onFailure is neither pause nor continue',
      '20 projects.users.links[0].conection is an unknown key',
      '21 projects.users.links[1].prefix is empty',
      '22 projects.users.links[2].queue is missing',
    ]);
  });

  test('suggest the key that was meant', () => {
    const hints = faultsOf(
      `projects:\n  orders:\n    desciption: x\n    links: [{ queue: q, conection: a }]\n    zzz: 1\n`,
    );
    expect(hints.map(({ hint }) => hint)).toEqual([
      'Did you mean description?',
      'Did you mean connection?',
      'The keys here are: description, source, target, labels, channel, adopt, onFailure, links.',
    ]);
  });

  test.each(['logRetention: 48h', 'latencyAlert: 5m'])('a key that is not built yet is refused by name: %s', (line) => {
    const [fault, ...more] = faultsOf(`projects:\n  orders:\n    ${line}\n    links: [{ queue: q }]\n`);
    expect(more).toEqual([]);
    expect(fault).toMatchObject({ line: 3, message: 'is not built yet', hint: 'Leave it out.' });
  });

  test('a key that stands twice is refused with its line', () => {
    expect(faultsOf('projects:\n  orders:\n    links: []\n  orders:\n    links: []\n')).toMatchObject([
      { line: 4, message: 'This key stands here twice' },
    ]);
  });

  test('each missing variable is named where it stands, and only once', () => {
    const text = `connections:\n  a: \${A_URL}\n  b: redis://\${B_HOST}:\${B_PORT}\nprojects: {}\n`;
    expect(faultsOf(text, { A_URL: ' ' }).map(({ path, line, message }) => `${line} ${path} ${message}`)).toEqual([
      '2 connections.a needs the variable A_URL, which is not set',
      '3 connections.b needs the variable B_HOST, which is not set',
      '3 connections.b needs the variable B_PORT, which is not set',
    ]);
  });

  test('never quote what may be a secret', () => {
    const text = `connections: { a: "\${SECRET}", "b": "\${SECRET}x" }\npolicy: { operators: ["\${SECRET}"] }\nprojects:\n  o: { channel: "\${SECRET}", links: [{ queue: "\${SECRET}", connection: "\${SECRET}" }] }\n`;
    const faults = faultsOf(text, { SECRET: 'hush:hush' });
    expect(faults.length).toBeGreaterThan(3);
    expect(JSON.stringify(faults)).not.toContain('hush');
  });

  test.each([
    ['empty', '', 'The file is empty'],
    ['a list', '- a', 'The file is not a section with keys'],
    ['without projects', 'policy: {}', 'is missing'],
    ['with empty projects', 'projects:', 'is not a section with keys'],
    ['with an open brace', 'a: {b', 'a bracket is left open'],
    ['with a tag', 'a: !!js/function x', 'A tag'],
    ['of two documents', 'a: 1\n---\nb: 2', 'A second document begins here'],
    ['nested without end', `a: ${'['.repeat(50_000)}`, 'The file is nested too deep'],
  ])('a file that is none: %s', (_name, text, message) => {
    expect(faultsOf(text)[0]?.message).toContain(message);
  });
});

describe('a link in two places is refused', () => {
  const two = (first: string, second: string) =>
    faultsOf(
      `connections: { a: 'redis://u:p@h:6379/1', b: 'redis://h/1', c: 'redis://h/2', d: 'redis://localhost:6379' }\nprojects:\n${oneLink('one', first)}${oneLink('two', second)}`,
    );

  test.each([
    ['{ queue: q }', '{ queue: q }'],
    ['{ queue: q }', '{ queue: q, connection: default, prefix: bull }'],
    ['{ queue: q, connection: a }', '{ queue: q, connection: b }'],
    ['{ queue: q }', '{ queue: q, connection: d }'],
  ])('%s and %s', (first, second) => {
    expect(two(first, second)).toMatchObject([
      { path: 'projects.two.links[0]', line: 8, message: 'is a link of the project one already' },
    ]);
  });

  test.each([
    ['{ queue: q }', '{ queue: q, prefix: other }'],
    ['{ queue: q, connection: a }', '{ queue: q, connection: c }'],
    ['{ queue: q }', '{ queue: Q }'],
  ])('but not %s and %s', (first, second) => {
    expect(two(first, second)).toEqual([]);
  });

  test('also twice in one project, and even when something else is wrong', () => {
    const text = 'projects:\n  one:\n    labels: 3\n    links: [{ queue: q }, { queue: q }]\n';
    expect(faultsOf(text).map(({ message }) => message)).toEqual(['is not a list', 'is listed twice in this project']);
  });

  test('and REDIS_URL counts', () => {
    const text = `connections: { same: 'redis://main:6379' }\nprojects:\n${oneLink('one', '{ queue: q }')}${oneLink('two', '{ queue: q, connection: same }')}`;
    expect(faultsOf(text, { REDIS_URL: 'redis://main' })).toHaveLength(1);
    expect(faultsOf(text, {})).toHaveLength(0);
  });
});

test('the bot’s own queues are no links', () => {
  expect(faultsOf(`projects:\n${oneLink('one', "{ queue: q, prefix: '{syncbot}' }")}`)).toMatchObject([
    { path: 'projects.one.links[0].prefix' },
  ]);
});

test('every key of the schemas has its hint, and no other', () => {
  const sections = [
    ['', fileSchema],
    ['policy', policySchema],
    ['settings', settingsSchema],
    ['projects.*', projectSchema],
    ['projects.*.links.*', linkSchema],
  ] as const;
  for (const [section, schema] of sections) {
    expect(knownKeys(section).sort(), section).toEqual(Object.keys(schema.shape).sort());
  }
  expect(hintFor(['projects', 'orders', 'links', 3, 'queue'])).toContain('BullMQ queue');
});

describe('whatever the text, there is a config or a sentence', () => {
  const check = (text: string) => {
    const read = readSyncbotYml(text, env);
    if (read.kind === 'read') return;
    expect(read.faults.length).toBeGreaterThan(0);
    for (const fault of read.faults) {
      expect(fault.message).toMatch(/\S/);
      expect(fault.line).toBeGreaterThan(0);
      expect(`${fault.path}${fault.message}`).not.toMatch(/[\n\r]|undefined|\[object/);
    }
  };

  test('any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), check));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...whole.split(/(?<=\s)/), '&a ', '*a ', '<<: ', '? ', '!!set ')), (parts) =>
        check(parts.join('')),
      ),
    );
  });

  test('any structure under the known keys', () => {
    const key = fc.constantFrom(
      'connections',
      'policy',
      'settings',
      'projects',
      'orders',
      'links',
      'queue',
      '__proto__',
      'constructor',
      'toString',
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.double()),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.oneof(key, fc.string()), tie('tree'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    const file = fc.record(
      {
        connections: tree,
        policy: tree,
        settings: tree,
        projects: fc.oneof(tree, fc.record({ orders: fc.oneof(tree, fc.record({ links: tree, source: tree })) })),
      },
      { requiredKeys: [] },
    );
    fc.assert(fc.property(file, (value) => check(stringify(value))));
  });
});
