import { EventEmitter } from 'node:events';
import { expect } from 'vitest';
import { openApp } from '../../src/app.ts';
import { freePort } from '../../src/demo/free-port.ts';
import { configFile, type Ran, runHere } from '../cli/shell.ts';
import { peopleOf } from '../support/conversation.ts';
import { socketEnv } from '../support/slack/env.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { waitFor } from '../support/wait.ts';
import { openOwner } from './link-owner.ts';

export interface RoadOptions {
  /** The bot's Redis, with the user and password that the bot is to use. */
  readonly botUrl: string;
  /** The same of the links' Redis; null: the links live in the bot's. */
  readonly linksUrl: string | null;
  /** The links' Redis as their owner reaches it. */
  readonly ownerUrl: string;
}

/**
 * Everything that syncbot does with its Redis users: `apply`, the command line, bot and worker over the strict Slack, start,
 * pause, restore with failed tasks put back, drift, Re-apply and Adopt, alerts, and a second `apply` that changes and removes.
 */
export async function walkTheRoad({ botUrl, linksUrl, ownerUrl }: RoadOptions): Promise<void> {
  await using slack = await StrictSlack.start();
  await using owner = await openOwner(ownerUrl);
  const where = linksUrl === null ? 'default' : 'links';
  const yml = (links: readonly string[], withUsers: boolean) => syncbotYml({ links, withUsers, where });
  await using file = await configFile(yml(['orders-full', 'orders-incr'], true));
  const env = {
    ...file.env,
    REDIS_URL: botUrl,
    LINKS_URL: linksUrl ?? botUrl,
    ...socketEnv(slack),
    LOG_LEVEL: 'warn',
  };
  const cli = (...argv: string[]) => runHere(argv, { env, openApp });
  const done = async (...argv: string[]): Promise<Ran> => {
    const ran = await cli(...argv);
    expect(ran, `${argv.join(' ')}: ${ran.out}${ran.err}`).toMatchObject({ exit: 0 });
    return ran;
  };
  await done('apply', '--yes');
  await owner.work();
  await done('doctor');
  await done('precheck', 'orders');

  await using roles = await startRoles(env);
  await roles.watched();
  const people = peopleOf(slack);
  await slack.connected();
  await people.act('start', 'orders');
  await people.sees(/orders is Running/);

  await owner.add('orders-incr', { fail: true, priority: 3 });
  await owner.add('orders-full', { fail: true });
  await people.sees(/orders is Failed/);
  for (const look of ['list', 'show orders', 'history orders', 'precheck orders', 'help']) await people.ask(look);
  await owner.addAsOldProducer();
  people.press('OK', await people.ask('restore orders because it is mended'));
  await people.sees(/orders is Running .*task/s);
  await owner.add('orders-full', { delay: 200 });

  await done('pause', 'orders', '--yes', '--reason', 'a look from outside');
  await owner.resume('orders-full');
  people.press('Re-apply', await people.sees(/runs although orders is Paused/));
  people.press('OK', await people.sees('Re-apply orders?'));
  await people.sees(/its links agree with that again/);
  await owner.resume('orders-full', 'orders-incr');
  people.press('Adopt', await people.sees(/run although orders is Paused/));
  people.press('OK', await people.sees('Adopt orders?'));
  await waitFor(async () => (await done('list', 'running')).out.includes('orders'), { describe: 'orders adopted' });

  people.press('Cancel', await people.ask('pause orders'));
  await done('pause', 'orders', '--yes');
  await file.rewrite(yml(['orders-full', 'orders-incr', 'orders-late'], false));
  await done('apply', '--yes');
  await done('restore', 'orders', '--yes');
  for (const look of [['list', '--json'], ['show', 'orders', '--json'], ['history', 'orders'], ['doctor']])
    await cli(...look);
  expect(slack.violations).toEqual([]);
}

interface Written {
  readonly links: readonly string[];
  readonly withUsers: boolean;
  readonly where: string;
}

function syncbotYml({ links, withUsers, where }: Written): string {
  const queues = links.map((queue) => `      - { queue: ${queue}, connection: ${where} }\n`).join('');
  const users = `  users:\n    links:\n      - { queue: users-incr, connection: ${where} }\n`;
  const connections = where === 'default' ? '' : `connections:\n  links: \${LINKS_URL}\n`;
  return `${connections}policy:\n  operators: [S0OPS]\nsettings: { observeEvery: 250ms }
projects:\n  orders:\n    channel: C0SYNC\n    latencyAlert: 1h\n    links:\n${queues}${withUsers ? users : ''}`;
}

/** Bot and worker, as two processes run them. */
async function startRoles(env: Record<string, string>) {
  const signals = new EventEmitter();
  const ports = await Promise.all([freePort('127.0.0.1'), freePort('127.0.0.1')]);
  const runs = ['worker', 'bot'].map((role, index) => {
    const watched = { ...env, ADMIN_PORT: String(ports[index]) };
    return runHere(['run', '--role', role], { env: watched, openApp, signals });
  });
  return {
    /** Both are ready, and tell their figures. */
    async watched() {
      for (const port of ports) {
        const at = (path: string) => fetch(`http://127.0.0.1:${port}/${path}`);
        await waitFor(async () => (await at('readyz')).ok, { describe: 'a ready process' });
        expect(await (await at('metrics')).text()).toContain('syncbot_queue_jobs');
      }
    },
    async [Symbol.asyncDispose]() {
      await waitFor(() => signals.listenerCount('SIGTERM') === 2);
      signals.emit('SIGTERM');
      for (const { exit, err } of await Promise.all(runs)) {
        expect({ exit, noperm: err.includes('NOPERM') }).toEqual({ exit: 0, noperm: false });
      }
    },
  };
}
