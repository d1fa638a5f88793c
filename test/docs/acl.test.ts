import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { createLinkConnections } from '../../src/infra/bullmq/link-connections.ts';
import { type CliResult, runCliInProcess, writeConfigFile } from '../cli/cli-fixture.ts';
import { type AclScenarioOptions, runAclScenario } from './acl-scenario.ts';
import { type AclServer, deniedCommands, grantedCommands, grantsByUser, startAclServer } from './acl-server.ts';
import { readPage } from './pages.ts';
import { commandsInScript, monitorServer, type ObservedCommands } from './redis-monitor.ts';

/** MONITOR does not show administrative commands. A test below checks doctor without this one. */
const hiddenCommand = 'client|list';
/** Commands that need no permission, or that only the monitor sends. */
const unneededCommands = new Set(['hello', 'auth']);
/** Sent only to a connection that timed out. A test below checks it. */
const outageCommand = 'ping';

test('on two servers the users of docs/security.md have the rights that syncbot needs, and no others', async () => {
  await using bots = await startAclServer();
  await using links = await startAclServer();
  await using botMonitor = await monitorServer(bots.url);
  await using linkMonitor = await monitorServer(links.url);
  await using owners = await addressesOf(links, 'owner');
  const ownerUrl = links.urlFor('owner');
  await runScenario({ botUrl: bots.urlFor('syncbot'), linksUrl: links.urlFor('syncbot-links'), ownerUrl }, [
    bots,
    links,
  ]);
  expect(neededCommands(botMonitor.observed(new Set()), [])).toEqual(grantedCommands('syncbot'));
  const observed = linkMonitor.observed(owners.addresses);
  expect(neededCommands(observed, [hiddenCommand, outageCommand])).toEqual(grantedCommands('syncbot-links'));
  const tasks = [...observed.fields].filter(([key]) => /^bull:[^:]+:[^:]+$/.test(key) && !key.endsWith(':meta'));
  const read = [...new Set(tasks.flatMap(([, fields]) => fields))].sort();
  expect(readPage('docs/security.md')).toContain(
    `these fields of a task and no others:\n${read.map((field) => `\`${field}\``).join(', ')}.`,
  );
});

test.each(['extendLocks-1', 'moveToDelayed-11', 'retryJob-11', 'moveStalledJobsToWait-9', 'moveJobFromActiveToWait-9'])(
  "the bot's user has every right that BullMQ's script %s needs, which runs after an outage",
  (script) => {
    const text = readFileSync(
      new URL(`../../node_modules/bullmq/dist/cjs/scripts/${script}.js`, import.meta.url),
      'utf8',
    );
    const named = commandsInScript(text);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((command) => !grantedCommands('syncbot').includes(command))).toEqual([]);
  },
);

test('on one server the user syncbot-all has the rights of both users', async () => {
  const both = [...new Set([...grantedCommands('syncbot'), ...grantedCommands('syncbot-links')])].sort();
  expect(grantedCommands('syncbot-all')).toEqual(both);
  await using server = await startAclServer();
  await runScenario({ botUrl: server.urlFor('syncbot-all'), linksUrl: null, ownerUrl: server.urlFor('owner') }, [
    server,
  ]);
});

test('a user needs each of its key patterns', async () => {
  await using server = await startAclServer();
  await using file = await writeConfigFile(
    'projects:\n  orders:\n    adopt: true\n    links:\n      - queue: orders-full\n',
  );
  const env = { ...file.env, REDIS_URL: server.urlFor('syncbot-all') };
  await server.admin.hset('bull:orders-full:meta', 'version', 'bullmq:6.7.0');
  const cli = (...argv: string[]) => runCliInProcess(argv, { env, openApp: createApp });
  expect(await cli('apply', '--yes')).toMatchObject({ exit: 0 });
  const rules = grantsByUser.get('syncbot-all')?.rules ?? '';
  const without = (pattern: string) => rules.split(' ').filter((rule) => rule !== `~${pattern}`);
  const cases: readonly (readonly [pattern: string, argv: readonly string[], expected: Partial<CliResult>])[] = [
    ['syncbot:*', ['list'], { exit: 1 }],
    ['{syncbot}:*', ['pause', 'orders', '--yes', '--timeout', '1s'], { exit: 1 }],
    ['bull:*', ['list'], { exit: 0, out: expect.stringContaining('unreachable') }],
  ];
  expect(rules.split(' ').filter((rule) => rule.startsWith('~'))).toEqual(cases.map(([pattern]) => `~${pattern}`));
  for (const [pattern, argv, expected] of cases) {
    await server.admin.acl('SETUSER', 'syncbot-all', 'resetkeys', ...without(pattern));
    await server.admin.acl('LOG', 'RESET');
    expect(await cli(...argv), pattern).toMatchObject(expected);
    expect(await deniedCommands(server.admin), pattern).not.toEqual([]);
    await server.admin.acl('SETUSER', 'syncbot-all', ...rules.split(' '));
  }
});

test('doctor reports unknown workers without CLIENT LIST', async () => {
  await using server = await startAclServer();
  await using file = await writeConfigFile(
    'projects:\n  orders:\n    adopt: true\n    links:\n      - queue: orders-full\n',
  );
  await server.admin.hset('bull:orders-full:meta', 'version', 'bullmq:6.7.0');
  const cli = (...argv: string[]) =>
    runCliInProcess(argv, { env: { ...file.env, REDIS_URL: server.urlFor('syncbot-all') }, openApp: createApp });
  await cli('apply', '--yes');
  expect((await cli('doctor')).out).toMatch(/^Fail +link orders\/orders-full .*no worker is connected/m);
  await server.admin.acl('SETUSER', 'syncbot-all', `-${hiddenCommand}`);
  expect((await cli('doctor')).out).toMatch(/^Unknown +link orders\/orders-full .*workers/m);
});

test('a connection that timed out becomes available again only with the right to PING', async () => {
  await using server = await startAclServer();
  for (const [rule, expected] of [
    ['+ping', true],
    ['-ping', false],
  ] as const) {
    await server.admin.acl('SETUSER', 'syncbot-links', rule);
    const target = { kind: 'standalone', url: server.urlFor('syncbot-links') } as const;
    await using connections = createLinkConnections({ warehouse: target }, () => {});
    const connection = connections.get('warehouse');
    connection?.breaker.recordFailure();
    expect(await connection?.breaker.isAvailable()).toBe(expected);
  }
});

/** Runs the scenario. A denied command fails the test before any other error. */
async function runScenario(options: AclScenarioOptions, servers: readonly AclServer[]): Promise<void> {
  const scenarioError = await runAclScenario(options).then(
    () => null,
    (error: unknown) => error,
  );
  for (const server of servers) expect(await deniedCommands(server.admin)).toEqual([]);
  if (scenarioError !== null) throw scenarioError;
}

/** Returns the commands that a user needs: those that clients or their scripts may send, and `extraCommands`. */
function neededCommands({ possibleCommands }: ObservedCommands, extraCommands: readonly string[]): string[] {
  return [...new Set([...possibleCommands, ...extraCommands])]
    .filter((command) => !unneededCommands.has(command))
    .sort();
}

/** Records the addresses of a user's connections until it is disposed. */
async function addressesOf({ admin }: AclServer, user: string) {
  const addresses = new Set<string>();
  const recordAddresses = async () => {
    for (const line of String(await admin.client('LIST')).split('\n')) {
      const address = / addr=(\S+)/.exec(line)?.[1];
      if (address !== undefined && line.includes(` user=${user} `)) addresses.add(address);
    }
  };
  const timer = setInterval(() => void recordAddresses().catch(() => {}), 50);
  return { addresses, [Symbol.asyncDispose]: async () => clearInterval(timer) };
}
