import { describe, expect, test } from 'vitest';
import { configErrors, parsedConfig } from './config-fixture.ts';

const file = (project: string, settings = '{}', policy = '{}', connections = '{}') =>
  `connections: ${connections}\npolicy: ${policy}\nsettings: ${settings}\nprojects:\n  orders: { links: [{ queue: q }], ${project} }\n`;
const inLinks = (link: string) => `projects:\n  orders:\n    links:\n      - ${link}\n`;
const messageOf = (text: string) => configErrors(text)[0]?.message ?? 'accepted';
const x = (length: number) => 'x'.repeat(length);

const notWebUrl = 'is not an http or https URL without a user name and password';

describe('a value of syncbot.yml', () => {
  test.each([
    ['description: ""', 'is empty'],
    [`description: ${x(1_000)}`, 'accepted'],
    [`description: ${x(1_001)}`, 'is longer than 1000 characters'],
    [`labels: [${x(63)}]`, 'accepted'],
    [`labels: [${x(64)}]`, 'is longer than 63 characters'],
    [`labels: [${Array.from({ length: 50 }, (_, n) => `l${n}`)}]`, 'accepted'],
    [`labels: [${Array.from({ length: 51 }, (_, n) => `l${n}`)}]`, 'has more than 50 entries'],
    [`source: { type: ${x(63)}, name: ${x(255)} }`, 'accepted'],
    [`source: { type: ${x(64)}, name: a }`, 'is longer than 63 characters'],
    [`target: { type: a, name: ${x(256)} }`, 'is longer than 255 characters'],
    ['target: { type: a, name: b, c: d }', 'is an unknown key'],
    ['channel: C0123', 'accepted'],
    ['channel: G0123', 'accepted'],
    ['channel: D0123', 'accepted'],
    ['channel: XC0123', 'is not the id of a channel'],
    ['channel: C0123-', 'is not the id of a channel'],
    ['channel: C', 'is not the id of a channel'],
    ['adopt: true', 'accepted'],
    ['adopt: "false"', 'accepted'],
    ['adopt: 1', 'is not true or false'],
    ['onFailure: pause', 'accepted'],
    ['logRetention: 1m', 'accepted'],
    ['logRetention: 59s', 'is not between 1m and 3650d'],
    ['logRetention: 3650d', 'accepted'],
    ['logRetention: 3651d', 'is not between 1m and 3650d'],
    ['latencyAlert: 1s', 'accepted'],
    ['latencyAlert: 999ms', 'is not between 1s and 30d'],
    ['latencyAlert: 30d', 'accepted'],
    ['latencyAlert: 31d', 'is not between 1s and 30d'],
    ['latencyAlert: 5', 'is not text'],
    ['runbook: http://wiki/orders', 'accepted'],
    ['runbook: "https://example.com/a b"', notWebUrl],
    ['runbook: ftp://example.com/orders', notWebUrl],
    ['runbook: wiki.example.com/orders', notWebUrl],
    ['runbook: "javascript:alert(1)"', notWebUrl],
    ['runbook: https://bob:secret@example.com', notWebUrl],
  ])('in a project, %s: %s', (value, message) => {
    expect(messageOf(file(value))).toBe(message);
  });

  test.each([
    ['{ at: "09:00", timezone: Europe/Berlin, channel: C0123 }', 'accepted'],
    ['{ at: 23:59, timezone: UTC, channel: C0123 }', 'accepted'],
    ['{ at: "25:00", timezone: UTC, channel: C0123 }', 'is not a time of day'],
    ['{ at: "9:00", timezone: UTC, channel: C0123 }', 'is not a time of day'],
    ['{ at: 9, timezone: UTC, channel: C0123 }', 'is not text'],
    ['{ at: "09:00", timezone: Berlin, channel: C0123 }', 'is not a known time zone'],
    ['{ at: "09:00", timezone: "", channel: C0123 }', 'is not a known time zone'],
    ['{ at: "09:00", timezone: UTC, channel: "#sync" }', 'is not the id of a channel'],
    ['{ at: "09:00", timezone: UTC }', 'is missing'],
    [
      '{ at: "09:00", timezone: UTC, channel: C0123 }, { at: "09:00", timezone: UTC, channel: C0123 }',
      'is a duplicate',
    ],
    ['{ at: "09:00", timezone: UTC, channel: C0123 }, { at: "09:00", timezone: UTC, channel: C0456 }', 'accepted'],
    [
      Array.from({ length: 51 }, (_, n) => `{ at: "09:00", timezone: UTC, channel: C${n} }`).join(', '),
      'has more than 50 entries',
    ],
  ])('in digest, %s: %s', (entries, message) => {
    expect(messageOf(`digest: [${entries}]\nprojects: {}\n`)).toBe(message);
  });

  test('in digest has its path and a hint', () => {
    const entry = '{ at: "09:00", timezone: UTC, channel: C0123 }';
    const wrong = '{ at: "25:00", timezone: Berlin, channel: sync }';
    const errors = configErrors(`digest:\n  - ${entry}\n  - ${wrong}\n  - ${entry}\nprojects: {}\n`);
    expect(errors.map(({ path, line, hint }) => [path, line, hint])).toEqual([
      ['digest[1].at', 3, 'Write a time of day from 00:00 to 23:59, such as "09:00".'],
      [
        'digest[1].timezone',
        3,
        'Write a name of the IANA time zone database, such as Europe/Berlin, America/New_York or UTC.',
      ],
      [
        'digest[1].channel',
        3,
        "Write the id of a channel (C0123ABCD), not its name. The id is at the end of the channel's link.",
      ],
      ['digest[2]', 4, 'Write `{ at: "09:00", timezone: Europe/Berlin, channel: C0123ABCD }`.'],
    ]);
  });

  test.each([
    ['confirmationTtl: 1s', 'accepted'],
    ['confirmationTtl: 999ms', 'is not between 1s and 24h'],
    ['confirmationTtl: 24h', 'accepted'],
    ['confirmationTtl: 25h', 'is not between 1s and 24h'],
    ['observeEvery: 250ms', 'accepted'],
    ['observeEvery: 249ms', 'is not between 250ms and 10m'],
    ['observeEvery: 10m', 'accepted'],
    ['waves: { size: 5 }', 'accepted'],
    ['waves: { size: 5, wait: 30s }', 'accepted'],
    ['waves: { size: 5, wait: 2h }', 'is not between 1s and 1h'],
    ['alertGroupWait: 100ms', 'accepted'],
    ['alertGroupWait: 11m', 'is not between 100ms and 10m'],
    ['alertGroupInterval: 1s', 'accepted'],
    ['alertGroupInterval: 61m', 'is not between 1s and 1h'],
    ['observeEvery: 601s', 'is not between 250ms and 10m'],
    ['operationRetention: 1h', 'accepted'],
    ['operationRetention: 59m', 'is not between 1h and 3650d'],
    ['operationRetention: 3650d', 'accepted'],
    ['operationRetention: 3651d', 'is not between 1h and 3650d'],
    ['pausedReminder: 1m', 'accepted'],
    ['pausedReminder: 365d', 'accepted'],
    ['pausedReminder: off', 'accepted'],
    ['pausedReminder: 0', 'accepted'],
    ['pauseMax: 30d', 'accepted'],
    ['pauseMax: 31d', 'is not between 1m and 30d'],
    ['pauseMax: off', 'is not a duration'],
    ['pausedReminder: 59s', 'is not between 1m and 365d'],
    ['pausedReminder: never', 'is not a duration'],
    ['auditLength: 100', 'accepted'],
    ['auditLength: 99', 'is less than 100'],
    ['auditLength: 1000000', 'accepted'],
    ['auditLength: 1000001', 'is more than 1000000'],
    ['auditLength: 100.5', 'is not a whole number'],
    ['auditLength: "100"', 'accepted'],
    ['auditLength: "x100"', 'is not a number'],
    ['auditLength: [200]', 'is not a number'],
    ['auditLength: "100x"', 'is not a number'],
    ['auditLength: "1000000000"', 'is not a number'],
    ['showErrors: "true"', 'accepted'],
    ['showErrors: "yes"', 'is not true or false'],
  ])('in the settings, %s: %s', (value, message) => {
    expect(messageOf(file('', `{ ${value} }`))).toBe(message);
  });

  test.each([
    ['operators: [U1, W1, S1]', 'accepted'],
    ['operators: [XU1]', 'is not the id of a user or user group'],
    ['operators: [U1x]', 'is not the id of a user or user group'],
    ['operators: [U]', 'is not the id of a user or user group'],
    ['onCall: [{ mention: [U1, W1, S1], severity: info }]', 'accepted'],
    ['onCall: [{ mention: [] }]', 'has no id'],
    ['onCall: [{ mention: ["@ops"] }]', 'is not the id of a user or user group'],
    ['onCall: [{ mention: [U1, U1] }]', 'is a duplicate'],
    ['onCall: [{ mention: [U1], severity: high }]', 'is not critical, warning or info'],
    ['onCall: [{ mention: [U1], label: prod }]', 'is not a label of a project'],
    ['onCall: [U1]', 'is not a section with keys'],
  ])('in the policy, %s: %s', (value, message) => {
    expect(messageOf(file('', '{}', `{ ${value} }`))).toBe(message);
  });

  test.each([
    [`{ queue: ${x(255)} }`, 'accepted'],
    [`{ queue: ${x(256)} }`, 'is longer than 255 characters'],
    ['{ queue: "a\\u0007b" }', 'contains unprintable characters'],
    ['{ queue: q, prefix: "a:b" }', 'accepted'],
    ['{ queue: q, prefix: "{syncbot}" }', "is reserved for the bot's own queues"],
    ['{ queue: q, prefix: "a\\u0007b" }', 'contains unprintable characters'],
    ['{ queue: q, connection: }', 'accepted'],
    ['{ queue: q, prefix: }', 'accepted'],
  ])('in a link, %s: %s', (link, message) => {
    expect(messageOf(inLinks(link))).toBe(message);
  });

  test.each([
    ['a', 'accepted'],
    [x(63), 'accepted'],
    [x(64), 'is not a valid name of a connection'],
    ['A', 'is not a valid name of a connection'],
    ['-a', 'is not a valid name of a connection'],
    ['a.b', 'is not a valid name of a connection'],
    ['default', 'is reserved for REDIS_URL'],
  ])('as the name of a connection, %s: %s', (name, message) => {
    expect(messageOf(file('', '{}', '{}', `{ ${name}: " redis://other " }`))).toBe(message);
  });

  test('is what the text of a variable says', () => {
    const { settings } = parsedConfig(file('', '{ auditLength: "123", showErrors: "false" }'));
    expect(settings).toMatchObject({ auditLength: 123, showErrors: false });
    expect(parsedConfig(file('', '{ showErrors: "true" }')).settings.showErrors).toBe(true);
  });
});

describe('a hint', () => {
  const hintOf = (text: string) => configErrors(text)[0]?.hint;

  test.each([
    ['a name of a connection', file('', '{}', '{}', '{ A: redis://a }'), /^Use 1 to 63 of a-z/],
    ['the URL of a connection', file('', '{}', '{}', '{ a: x }'), /^Write redis:/],
    ['the operators', file('', '{}', '{ operators: x }'), /^Write a list of user ids/],
    ['a setting', file('', '{ auditLength: 5 }'), /100/],
    ['a reserved name', file('', '{}', '{}', '{ default: redis://a }'), 'Choose another name.'],
    ['an unknown connection', inLinks('{ queue: q, connection: zzz }'), 'The connections are: default.'],
    ['a mistyped connection', inLinks('{ queue: q, connection: defalt }'), 'Did you mean default?'],
    ['a project id', 'projects: { Orders: { links: [{ queue: q }] } }', /^Use 1 to 63 of a-z/],
    ['a reserved project id', 'projects: { pause: { links: [{ queue: q }] } }', 'Choose another name.'],
    ['an unknown key of the file', 'projcts: {}\nprojects: {}', 'Did you mean projects?'],
    [
      'another key of the file',
      'zzz: {}\nprojects: {}',
      'The keys here are: connections, policy, digest, settings, defaults, labels, projects.',
    ],
    ['a link in two places', inLinks('{ queue: q }\n      - { queue: q }'), 'Remove one of the two entries.'],
    ['a queue', inLinks('{ queue: "a:b" }'), /^Write the name of a BullMQ queue|BullMQ queue/],
    ['an empty list of links', 'projects: { orders: { links: [] } }', /\S/],
  ])('says what to write for %s', (_name, text, hint) => {
    expect(hintOf(text)).toEqual(typeof hint === 'string' ? hint : expect.stringMatching(hint));
  });
});
