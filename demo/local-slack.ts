import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DemoError } from './errors.ts';
import { portUnavailableReason } from './free-port.ts';
import { type SupervisedProcess, spawnSupervised } from './supervised-process.ts';
import { findDemoRedisUrl, workspaceConfig } from './workspace.ts';

export interface LocalSlack extends AsyncDisposable {
  /** The workspace, for a browser. */
  readonly pageUrl: string;
  /** The Web API: replaces https://slack.com/api/. */
  readonly apiUrl: string;
  /** Resolves when the process has exited, for any reason, and its folder is removed. */
  readonly exited: Promise<void>;
}

export interface LocalSlackOptions {
  readonly program: string;
  readonly port: number;
  /** All files of the demo are here. The folder is removed when the local Slack ends, even if this process is killed. */
  readonly folder: string;
  readonly redisUrl: string;
}

export interface HostPlatform {
  readonly platform: string;
  readonly arch: string;
  /** Like `require.resolve`. */
  readonly resolve: (id: string) => string;
}

const currentPlatform: HostPlatform = {
  platform: process.platform,
  arch: process.arch,
  resolve: (id) => createRequire(import.meta.url).resolve(id),
};

/**
 * Returns the path of the local Slack's program. It comes from the optional dependency of this platform.
 * @throws {DemoError} if there is none for this platform, or it is not installed.
 */
export function findLocalSlack({ platform, arch, resolve }: HostPlatform = currentPlatform): string {
  const platformName = `${platform}-${arch}`;
  const packageName = `local-slack-${platformName}`;
  try {
    return join(resolve(`${packageName}/package.json`), '../bin/local-slack');
  } catch (cause) {
    const message =
      platformName === 'linux-x64'
        ? `The package ${packageName} is not installed: run \`npm ci\` and try again.`
        : `The demo does not run on ${platformName}: its local Slack exists for linux-x64 only. The rest of syncbot works here.`;
    throw new DemoError(2, message, cause);
  }
}

const startTimeoutMs = 20_000;
const host = '127.0.0.1';

/**
 * Starts the local Slack and waits until it answers. It never outlives this process.
 * @throws {DemoError} if the port is taken, or the program does not start.
 */
export async function startLocalSlack(options: LocalSlackOptions): Promise<LocalSlack> {
  const { program, port, folder, redisUrl } = options;
  await requireFreePort(port);
  const configFile = join(folder, 'local-slack.json');
  const uploadFolder = join(folder, 'uploads');
  await Promise.all([writeFile(configFile, workspaceConfig(redisUrl)), mkdir(uploadFolder)]);
  const slack = await spawnSupervised({
    name: 'syncbot-local-slack',
    command: [program, '--config', configFile, '--port', String(port), '--base-host', host],
    logFile: join(folder, 'local-slack.log'),
    temporaryFolder: folder,
    env: { TMPDIR: uploadFolder },
  });
  if (slack === null) throw new DemoError(1, 'The local Slack did not start: no shell (sh) could be run.');
  await waitUntilReady(slack, options);
  const [pageUrl, apiUrl] = [`http://localhost:${port}`, `http://${host}:${port}/api/`];
  return { pageUrl, apiUrl, exited: slack.exited, [Symbol.asyncDispose]: () => slack.stop() };
}

/** @throws {DemoError} if the local Slack cannot listen on this port. */
export async function requireFreePort(port: number): Promise<void> {
  const reason = await portUnavailableReason(port);
  if (reason === null) return;
  const problem = reason === 'taken' ? 'is taken' : 'needs more permissions';
  throw new DemoError(2, `Port ${port} ${problem}: set DEMO_SLACK_PORT to another one, such as DEMO_SLACK_PORT=3100.`);
}

/** Waits for this demo's own local Slack: another demo may have taken the port in the meantime. */
async function waitUntilReady(slack: SupervisedProcess, { port, redisUrl }: LocalSlackOptions): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while ((await findDemoRedisUrl(port)) !== redisUrl) {
    if (Date.now() > deadline) await slack.stop();
    const exitOutput = slack.exitOutput();
    if (exitOutput !== null) {
      await requireFreePort(port);
      throw new DemoError(
        1,
        `The local Slack did not start: ${exitOutput.split('\n').at(-1) || 'it printed nothing'}.`,
      );
    }
    await delay(20);
  }
}
