import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DemoError } from './demo-error.ts';
import { portUnavailableReason } from './free-port.ts';
import { type SupervisedProcess, spawnSupervised } from './supervised-process.ts';
import { findDemoRedisUrl, workspaceConfig } from './workspace.ts';

export interface LocalSlack extends AsyncDisposable {
  /** The page for people. */
  readonly pageUrl: string;
  /** What a bot takes for https://slack.com/api/. */
  readonly apiUrl: string;
  /** Settles when it is gone, for whatever reason, and its folder with it. */
  readonly exited: Promise<void>;
}

export interface LocalSlackOptions {
  readonly program: string;
  readonly port: number;
  /** Everything of the demo that is a file lies here; removed at the end, also when this process is killed. */
  readonly folder: string;
  readonly redisUrl: string;
}

const START_TIMEOUT_MS = 20_000;
const HOST = '127.0.0.1';

export interface HostPlatform {
  readonly platform: string;
  readonly arch: string;
  /** As `require.resolve`. */
  readonly resolve: (id: string) => string;
}

const currentPlatform: HostPlatform = {
  platform: process.platform,
  arch: process.arch,
  resolve: (id) => createRequire(import.meta.url).resolve(id),
};

/**
 * The local Slack's program, from the optional dependency of this platform.
 * @throws {DemoError} one sentence, when there is none.
 */
export function findLocalSlack({ platform, arch, resolve }: HostPlatform = currentPlatform): string {
  const platformName = `${platform}-${arch}`;
  const packageName = `local-slack-${platformName}`;
  try {
    return join(resolve(`${packageName}/package.json`), '../bin/local-slack');
  } catch (cause) {
    const message =
      platformName === 'linux-x64'
        ? `The demo needs the package ${packageName}, which is not installed: run \`npm ci\` (without --omit=optional) and try again.`
        : `The demo does not run on ${platformName}: its local Slack comes as a package for linux-x64 only; everything else of syncbot works here.`;
    throw new DemoError(2, message, cause);
  }
}

/**
 * Starts the local Slack and waits until it answers. It never outlives this process.
 * @throws {DemoError} one sentence: the port is taken, or the program does not run here.
 */
export async function startLocalSlack(options: LocalSlackOptions): Promise<LocalSlack> {
  const { program, port, folder, redisUrl } = options;
  await requireFreePort(port);
  const configFile = join(folder, 'local-slack.json');
  const uploadFolder = join(folder, 'uploads');
  await Promise.all([writeFile(configFile, workspaceConfig(redisUrl)), mkdir(uploadFolder)]);
  const slack = await spawnSupervised({
    name: 'syncbot-local-slack',
    command: [program, '--config', configFile, '--port', String(port), '--base-host', HOST],
    logFile: join(folder, 'local-slack.log'),
    temporaryFolder: folder,
    env: { TMPDIR: uploadFolder },
  });
  if (slack === null) throw new DemoError(1, 'The local Slack did not start: no shell (sh) could be run.');
  await waitUntilReady(slack, options);
  const [pageUrl, apiUrl] = [`http://localhost:${port}`, `http://${HOST}:${port}/api/`];
  return { pageUrl, apiUrl, exited: slack.exited, [Symbol.asyncDispose]: () => slack.stop() };
}

/** Before anything else is started or obtained. */
export async function requireFreePort(port: number): Promise<void> {
  const reason = await portUnavailableReason(port);
  if (reason === null) return;
  const problem = reason === 'taken' ? 'is taken' : 'may not be used by you';
  throw new DemoError(2, `Port ${port} ${problem}: set DEMO_SLACK_PORT to another one, such as DEMO_SLACK_PORT=3100.`);
}

/** Whether *our* local Slack answers: another demo may have taken the port in between. */
async function waitUntilReady(slack: SupervisedProcess, { port, redisUrl }: LocalSlackOptions): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while ((await findDemoRedisUrl(port)) !== redisUrl) {
    if (Date.now() > deadline) await slack.stop();
    const exitOutput = slack.exitOutput();
    if (exitOutput !== null) {
      await requireFreePort(port);
      throw new DemoError(1, `The local Slack did not start: ${exitOutput.split('\n').at(-1) || 'it said nothing'}.`);
    }
    await delay(20);
  }
}
