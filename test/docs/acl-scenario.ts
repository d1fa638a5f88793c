import { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { expect } from 'vitest';
import { findFreePort } from '../../demo/free-port.ts';
import { createApp } from '../../src/app.ts';
import { Services } from '../../src/services.ts';
import { type CliResult, runCliInProcess, writeConfigFile } from '../cli/cli-fixture.ts';
import { socketModeEnv } from '../fake-slack/bot-env.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { userActions } from '../support/slack-harness.ts';
import { endpointOf, testSettings } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { startLinkOwner } from './link-owner.ts';

export interface AclScenarioOptions {
  /** The URL of the bot's Redis, with the user and password of the bot. */
  readonly botUrl: string;
  /** The same for the links' Redis. Null if the links are in the bot's Redis. */
  readonly linksUrl: string | null;
  /** The URL of the links' Redis, with the user and password of the owner of the links. */
  readonly ownerUrl: string;
}

/**
 * Does everything that syncbot does with its Redis users: `apply`, the command line, bot and worker over the fake Slack,
 * start, pause, a restore that retries failed tasks, drift, Re-apply and Adopt, alerts, a pause of two projects and their restore
 * in waves, and a second `apply` that changes and removes projects.
 */
export async function runAclScenario({ botUrl, linksUrl, ownerUrl }: AclScenarioOptions): Promise<void> {
  await using slack = await FakeSlack.start();
  await using owner = await startLinkOwner(ownerUrl);
  const connection = linksUrl === null ? 'default' : 'links';
  const renderConfig = (links: readonly string[], withUsers: boolean) =>
    renderSyncbotYml({ links, withUsers, connection });
  await using configFile = await writeConfigFile(renderConfig(['orders-full', 'orders-incr'], true));
  const env = {
    ...configFile.env,
    REDIS_URL: botUrl,
    LINKS_URL: linksUrl ?? botUrl,
    ...socketModeEnv(slack),
    LOG_LEVEL: 'warn',
  };
  const cli = (...argv: string[]) => runCliInProcess(argv, { env, openApp: createApp });
  const runSuccessfully = async (...argv: string[]): Promise<CliResult> => {
    const result = await cli(...argv);
    expect(result, `${argv.join(' ')}: ${result.out}${result.err}`).toMatchObject({ exit: 0 });
    return result;
  };
  await runSuccessfully('apply', '--yes');
  await owner.startWorkers();
  await runSuccessfully('doctor');
  await runSuccessfully('precheck', 'orders');
  await addAndRemoveJob(botUrl);

  await using roles = await startRoles(env);
  await roles.waitUntilReady();
  const users = userActions(slack);
  await slack.waitForSockets();
  await users.requestAndPressOk('start', 'orders');
  await users.waitForMessage(/orders was started/);

  await owner.add('orders-incr', { fail: true, priority: 3 });
  await owner.add('orders-full', { fail: true });
  await users.waitForMessage(/orders · Failed · /);
  for (const command of ['list', 'show orders', 'history orders', 'precheck orders', 'help'])
    await users.runCommand(command);
  await owner.addAsOldProducer();
  users.press('OK', await users.runCommand('restore orders because it is fixed'));
  await users.waitForMessage(/orders was restored .*task/s);
  await owner.add('orders-full', { delay: 200 });

  await runSuccessfully('pause', 'orders', '--yes', '--reason', 'test of a correction');
  await owner.resume('orders-full');
  users.press('Re-apply', await users.waitForMessage(/Paused, but a link runs/));
  users.press('OK', await users.waitForMessage('Re-apply orders?'));
  await users.waitForMessage(/its links were set to its state/);
  await owner.resume('orders-full', 'orders-incr');
  users.press('Adopt', await users.waitForMessage(/Paused, but \d+ links run/));
  users.press('OK', await users.waitForMessage('Adopt orders?'));
  await waitFor(async () => (await runSuccessfully('list', 'running')).out.includes('orders'), {
    description: 'orders adopted',
  });

  users.press('Cancel', await users.runCommand('pause orders'));
  await runSuccessfully('start', 'users', '--yes');
  for (const action of ['pause', 'restore', 'pause']) await runSuccessfully(action, 'orders', 'users', '--yes');
  await configFile.rewrite(renderConfig(['orders-full', 'orders-incr', 'orders-late'], false));
  await runSuccessfully('apply', '--yes');
  await runSuccessfully('restore', 'orders', '--yes');
  for (const command of [['list', '--json'], ['show', 'orders', '--json'], ['history', 'orders'], ['doctor']])
    await cli(...command);
  await runSuccessfully('history', '--all');
  expect(slack.violations).toEqual([]);
}

/** What a bot does with the job of an operation that no worker took in time. */
async function addAndRemoveJob(botUrl: string): Promise<void> {
  const config = { redis: endpointOf(botUrl), connections: {}, settings: testSettings };
  await using services = new Services(config, pino({ level: 'silent' }));
  const ref = { project: 'orders', operation: 'late' };
  await services.context.jobs.execute(ref);
  await services.context.jobs.removeExecute(ref);
}

interface ConfigContent {
  readonly links: readonly string[];
  readonly withUsers: boolean;
  readonly connection: string;
}

function renderSyncbotYml({ links, withUsers, connection }: ConfigContent): string {
  const queues = links.map((queue) => `      - { queue: ${queue}, connection: ${connection} }\n`).join('');
  const users = `  users:\n    links:\n      - { queue: users-incr, connection: ${connection} }\n`;
  const connections = connection === 'default' ? '' : `connections:\n  links: \${LINKS_URL}\n`;
  return `${connections}policy:\n  operators: [S0OPS]\nsettings: { observeEvery: 250ms, alertGroupWait: 100ms, waves: { size: 1, wait: 1s } }
projects:\n  orders:\n    channel: C0SYNC\n    latencyAlert: 1h\n    links:\n${queues}${withUsers ? users : ''}`;
}

/** Starts a bot and a worker, each as a process of its own would run it. */
async function startRoles(env: Record<string, string>) {
  const signals = new EventEmitter();
  const ports = await Promise.all([findFreePort('127.0.0.1'), findFreePort('127.0.0.1')]);
  const runs = ['worker', 'bot'].map((role, index) => {
    const processEnv = { ...env, ADMIN_PORT: String(ports[index]) };
    return runCliInProcess(['run', '--role', role], { env: processEnv, openApp: createApp, signals });
  });
  return {
    /** Waits until both are ready and export metrics. */
    async waitUntilReady() {
      for (const port of ports) {
        const fetchAdmin = (path: string) => fetch(`http://127.0.0.1:${port}/${path}`);
        await waitFor(async () => (await fetchAdmin('readyz')).ok, { description: 'a ready process' });
        expect(await (await fetchAdmin('metrics')).text()).toContain('syncbot_queue_jobs');
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
