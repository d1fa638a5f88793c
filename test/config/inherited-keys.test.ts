import { describe, expect, test } from 'vitest';
import { projectSchema } from '../../src/config/project-schema.ts';
import { configErrors, parsedConfig } from './config-fixture.ts';

const hour = 3_600_000;
const definitionOf = (text: string) => parsedConfig(text).projects[0]?.definition;
const errorsOf = (text: string) => configErrors(text).map(({ line, path, message }) => `${line} ${path} ${message}`);

describe('a project gets a key', () => {
  const file = (keys: string) => `settings: { pauseMax: 8h }
defaults: { channel: C0DEFAULT, onFailure: continue, adopt: true, onCall: [U0DEFAULT], pauseMax: 6h, latencyAlert: 9m }
labels:
  prod: { channel: C0PROD, onFailure: pause, onCall: [U0PROD, S0PROD], latencyAlert: 2m }
projects:
  orders: { ${keys}links: [{ queue: q }] }
  users: { labels: [prod], links: [{ queue: r }] }
`;

  test('from defaults, if neither it nor its labels set it', () => {
    expect(parsedConfig(file('')).projects[0]).toMatchObject({
      adopt: true,
      definition: { channel: 'C0DEFAULT', onFailure: 'continue', onCall: ['U0DEFAULT'], latencyAlert: hour * 0.15 },
    });
    expect(definitionOf(file(''))?.pauseMax).toBe(6 * hour);
  });

  test('from its labels, if it does not set it', () => {
    expect(definitionOf(file('labels: [prod, other], '))).toMatchObject({
      channel: 'C0PROD',
      onFailure: 'pause',
      onCall: ['U0PROD', 'S0PROD'],
      pauseMax: 6 * hour,
    });
  });

  test('from itself, also an empty list, but not a key without a value', () => {
    const keys = 'labels: [prod], channel: C0OWN, onFailure: continue, onCall: [], latencyAlert: , ';
    expect(definitionOf(file(keys))).toMatchObject({
      channel: 'C0OWN',
      onFailure: 'continue',
      onCall: [],
      latencyAlert: 120_000,
    });
  });

  test('of its links one by one', () => {
    const text = `connections: { far: redis://far }
defaults: { link: { connection: far, prefix: sync } }
labels: { old: { link: { prefix: bull } } }
projects:
  orders: { links: [{ queue: a }, { queue: b, connection: default }, { queue: c, prefix: own }] }
  users: { labels: [old], links: [{ queue: a }] }
`;
    expect(definitionOf(text)?.links).toEqual([
      { queue: 'a', connection: 'far', prefix: 'sync' },
      { queue: 'b', connection: 'default', prefix: 'sync' },
      { queue: 'c', connection: 'far', prefix: 'own' },
    ]);
    expect(parsedConfig(text).projects[1]?.definition.links).toEqual([
      { queue: 'a', connection: 'far', prefix: 'bull' },
    ]);
  });
});

describe('errors', () => {
  const oneProject =
    'projects:\n  orders: { labels: [prod], links: [{ queue: q }] }\n  users: { links: [{ queue: r }] }\n';

  test('of an inherited value are reported once, where it is written', () => {
    expect(
      errorsOf(`defaults:
  channel: general
  latencyAlert: soon
  link:
    connection: far
    prefix: '{syncbot}'
labels:
  prod:
    onFailure: retry
    link: { connection: near }
${oneProject}`),
    ).toEqual([
      '2 defaults.channel is not the id of a channel',
      '3 defaults.latencyAlert is not a duration',
      '5 defaults.link.connection is not one of the connections',
      "6 defaults.link.prefix is reserved for the bot's own queues",
      '9 labels.prod.onFailure is not pause or continue',
      '10 labels.prod.link.connection is not one of the connections',
    ]);
  });

  test('of a queue in two projects count the inherited connection and prefix', () => {
    const projects = 'projects:\n  one: { links: [{ queue: q }] }\n  two: { links: [{ queue: q, prefix: sync }] }\n';
    expect(errorsOf(projects)).toEqual([]);
    expect(errorsOf(`defaults: { link: { prefix: sync } }\n${projects}`)).toEqual([
      '4 projects.two.links[0] is already a link of project one',
    ]);
  });

  const labels = (second: string) => `labels:
  prod: { channel: C0PROD, pauseMax: 4h, link: { prefix: a } }
  eu: ${second}
projects:
  orders: { KEYSlabels: [prod, eu], links: [{ queue: q }] }
`;
  test.each([
    [
      'a key that its labels set differently',
      labels('{ channel: C0EU }'),
      ['5 projects.orders.labels have different values of channel'],
    ],
    [
      'a key of its links',
      labels('{ link: { prefix: b } }'),
      ['5 projects.orders.labels have different values of prefix'],
    ],
    ['nothing, if they agree', labels('{ channel: C0PROD, link: { prefix: a } }'), []],
    ['nothing, if the project sets it', labels('{ channel: C0EU }').replace('KEYS', 'channel: C0OWN, '), []],
    ['nothing about pauseMax: the shortest one counts', labels('{ pauseMax: 1h }'), []],
  ])('of a project name %s', (_what, text, errors) => {
    expect(errorsOf(text.replace('KEYS', ''))).toEqual(errors);
  });

  test('name keys that a project cannot inherit', () => {
    expect(errorsOf(`defaults: { description: x, chanel: C0 }\n${oneProject}`)).toEqual([
      '1 defaults.description is an unknown key',
      '1 defaults.chanel is an unknown key',
    ]);
    expect(configErrors(`defaults: { chanel: C0 }\n${oneProject}`)[0]?.hint).toBe('Did you mean channel?');
  });
});

test('each key of a project can be inherited, but those that differ from project to project', () => {
  const own = ['description', 'source', 'target', 'labels', 'links'];
  const inherited = Object.keys(projectSchema.shape).filter((key) => !own.includes(key));
  const values: Record<string, unknown> = { onFailure: 'continue', adopt: true, channel: 'C0ABC', onCall: ['U0ABC'] };
  const written = inherited.map(
    (key) => `${key}: ${JSON.stringify(values[key] ?? (key === 'runbook' ? 'https://x' : '7m'))}`,
  );
  const text = (section: string) => `${section}projects: { orders: { links: [{ queue: q }] } }\n`;
  const set = parsedConfig(text(`defaults: { ${written.join(', ')} }\n`)).projects[0];
  const unset = parsedConfig(text('')).projects[0];
  const readKey = (project: typeof set, key: string) =>
    JSON.stringify({ ...project, ...project?.definition }[key as 'adopt']);
  expect(inherited.filter((key) => readKey(set, key) === readKey(unset, key))).toEqual([]);
});
