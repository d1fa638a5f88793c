import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApp } from '../../src/app.ts';
import { openLinkConnections } from '../../src/infra/bullmq/link-connections.ts';
import { configFile, runHere } from '../cli/shell.ts';
import { type RoadOptions, walkTheRoad } from './acl-road.ts';
import { denied, type Guarded, granted, grants, guardedServer } from './acl-server.ts';
import { commandsNamedIn, type Seen, watchServer } from './acl-witness.ts';
import { page } from './pages.ts';

/** MONITOR does not show administrators' commands; what becomes of doctor without it is tested below. */
const notShown = 'client|list';
/** Needs no permission, or is sent only by the watcher. */
const needless = new Set(['hello', 'auth']);
/** Asked of a connection that was silent; tested below. */
const afterOutage = 'ping';

test('the users of docs/security.md may do what is needed, and nothing else: two servers', async () => {
  await using bots = await guardedServer();
  await using links = await guardedServer();
  await using botWitness = await watchServer(bots.url);
  await using linkWitness = await watchServer(links.url);
  await using owners = await addressesOf(links, 'owner');
  const ownerUrl = links.as('owner');
  await walk({ botUrl: bots.as('syncbot'), linksUrl: links.as('syncbot-links'), ownerUrl }, [bots, links]);
  expect(needed(botWitness.seen(new Set()), [])).toEqual(granted('syncbot'));
  const seen = linkWitness.seen(owners.addresses);
  expect(needed(seen, [notShown, afterOutage])).toEqual(granted('syncbot-links'));
  const tasks = [...seen.fields].filter(([key]) => /^bull:[^:]+:[^:]+$/.test(key) && !key.endsWith(':meta'));
  const read = [...new Set(tasks.flatMap(([, fields]) => fields))].sort();
  expect(page('security.md')).toContain(
    `these fields and no others:\n${read.map((field) => `\`${field}\``).join(', ')}.`,
  );
});

test.each(['extendLocks-1', 'moveToDelayed-11', 'retryJob-11', 'moveStalledJobsToWait-9', 'moveJobFromActiveToWait-9'])(
  "BullMQ's script %s, which runs after an outage, is granted what it names",
  (script) => {
    const text = readFileSync(
      new URL(`../../node_modules/bullmq/dist/cjs/scripts/${script}.js`, import.meta.url),
      'utf8',
    );
    const named = commandsNamedIn(text);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((command) => !granted('syncbot').includes(command))).toEqual([]);
  },
);

test('one user for both, when the links live in the Redis of the bot', async () => {
  const both = [...new Set([...granted('syncbot'), ...granted('syncbot-links')])].sort();
  expect(granted('syncbot-all')).toEqual(both);
  await using server = await guardedServer();
  await walk({ botUrl: server.as('syncbot-all'), linksUrl: null, ownerUrl: server.as('owner') }, [server]);
});

test('without one of its key patterns a user cannot work', async () => {
  await using server = await guardedServer();
  await using file = await configFile(
    'projects:\n  orders:\n    adopt: true\n    links:\n      - queue: orders-full\n',
  );
  const env = { ...file.env, REDIS_URL: server.as('syncbot-all') };
  await server.admin.hset('bull:orders-full:meta', 'version', 'bullmq:6.7.0');
  const cli = (...argv: string[]) => runHere(argv, { env, openApp });
  expect(await cli('apply', '--yes')).toMatchObject({ exit: 0 });
  const rules = grants.get('syncbot-all')?.rules ?? '';
  const without = (pattern: string) => rules.split(' ').filter((rule) => rule !== `~${pattern}`);
  const tries: readonly (readonly [pattern: string, argv: readonly string[], said: string])[] = [
    ['syncbot:*', ['list'], 'Something went wrong that should not'],
    ['{syncbot}:*', ['pause', 'orders', '--yes', '--timeout', '1s'], 'Something went wrong that should not'],
    ['bull:*', ['list'], '1 unreachable'],
  ];
  expect(rules.split(' ').filter((rule) => rule.startsWith('~'))).toEqual(tries.map(([pattern]) => `~${pattern}`));
  for (const [pattern, argv, sentence] of tries) {
    await server.admin.acl('SETUSER', 'syncbot-all', 'resetkeys', ...without(pattern));
    await server.admin.acl('LOG', 'RESET');
    const { out, err } = await cli(...argv);
    expect(`${out}${err}`, pattern).toContain(sentence);
    expect(await denied(server.admin), pattern).not.toEqual([]);
    await server.admin.acl('SETUSER', 'syncbot-all', ...rules.split(' '));
  }
});

test('what MONITOR does not show: without it doctor cannot tell', async () => {
  await using server = await guardedServer();
  await using file = await configFile(
    'projects:\n  orders:\n    adopt: true\n    links:\n      - queue: orders-full\n',
  );
  await server.admin.hset('bull:orders-full:meta', 'version', 'bullmq:6.7.0');
  const cli = (...argv: string[]) =>
    runHere(argv, { env: { ...file.env, REDIS_URL: server.as('syncbot-all') }, openApp });
  await cli('apply', '--yes');
  const sentence = 'does not tell its workers';
  expect((await cli('doctor')).out).not.toContain(sentence);
  await server.admin.acl('SETUSER', 'syncbot-all', `-${notShown}`);
  expect((await cli('doctor')).out).toContain(sentence);
});

test('without PING a connection that was silent is not asked again', async () => {
  await using server = await guardedServer();
  for (const [rule, worth] of [
    ['+ping', true],
    ['-ping', false],
  ] as const) {
    await server.admin.acl('SETUSER', 'syncbot-links', rule);
    const target = { kind: 'standalone', url: server.as('syncbot-links') } as const;
    await using connections = openLinkConnections({ warehouse: target }, () => {});
    const connection = connections.get('warehouse');
    connection?.noteSilence(true);
    expect(await connection?.isWorthAsking()).toBe(worth);
  }
});

/** Walks the road; whatever a server denied is told first. */
async function walk(options: RoadOptions, servers: readonly Guarded[]): Promise<void> {
  const walked = await walkTheRoad(options).then(
    () => null,
    (error: unknown) => error,
  );
  for (const server of servers) expect(await denied(server.admin)).toEqual([]);
  if (walked !== null) throw walked;
}

/** What a user must be granted: what was seen, what a script that ran may come to, and what no road shows. */
function needed({ mayCome }: Seen, more: readonly string[]): string[] {
  return [...new Set([...mayCome, ...more])].filter((command) => !needless.has(command)).sort();
}

/** The addresses of a user's connections, as long as this lives. */
async function addressesOf({ admin }: Guarded, user: string) {
  const addresses = new Set<string>();
  const look = async () => {
    for (const line of String(await admin.client('LIST')).split('\n')) {
      const address = / addr=(\S+)/.exec(line)?.[1];
      if (address !== undefined && line.includes(` user=${user} `)) addresses.add(address);
    }
  };
  const timer = setInterval(() => void look().catch(() => {}), 50);
  return { addresses, [Symbol.asyncDispose]: async () => clearInterval(timer) };
}
