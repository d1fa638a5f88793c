import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DemoFault } from './demo-fault.ts';
import { whyNotFree } from './free-port.ts';
import { type Kept, startKept } from './keeper.ts';
import { redisOfDemo, workspaceConfig } from './workspace.ts';

export interface LocalSlack extends AsyncDisposable {
  /** The page for people. */
  readonly page: string;
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

export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** As `require.resolve`. */
  readonly resolve: (id: string) => string;
}

const thisMachine: Machine = {
  platform: process.platform,
  arch: process.arch,
  resolve: (id) => createRequire(import.meta.url).resolve(id),
};

/**
 * The local Slack's program, from the optional dependency of this platform.
 * @throws {DemoFault} one sentence, when there is none.
 */
export function findLocalSlack({ platform, arch, resolve }: Machine = thisMachine): string {
  const here = `${platform}-${arch}`;
  const name = `local-slack-${here}`;
  try {
    return join(resolve(`${name}/package.json`), '../bin/local-slack');
  } catch (cause) {
    const sentence =
      here === 'linux-x64'
        ? `The demo needs the package ${name}, which is not installed: run \`npm ci\` (without --omit=optional) and try again.`
        : `The demo does not run on ${here}: its local Slack comes as a package for linux-x64 only; everything else of syncbot works here.`;
    throw new DemoFault(2, sentence, cause);
  }
}

/**
 * Starts the local Slack and waits until it answers. It never outlives this process.
 * @throws {DemoFault} one sentence: the port is taken, or the program does not run here.
 */
export async function startLocalSlack(options: LocalSlackOptions): Promise<LocalSlack> {
  const { program, port, folder, redisUrl } = options;
  await refuseTaken(port);
  const config = join(folder, 'local-slack.json');
  const files = join(folder, 'uploads');
  await Promise.all([writeFile(config, workspaceConfig(redisUrl)), mkdir(files)]);
  const slack = await startKept({
    name: 'syncbot-local-slack',
    command: [program, '--config', config, '--port', String(port), '--base-host', HOST],
    log: join(folder, 'local-slack.log'),
    temporary: folder,
    env: { TMPDIR: files },
  });
  if (slack === null) throw new DemoFault(1, 'The local Slack did not start: no shell (sh) could be run.');
  await answering(slack, options);
  const [page, apiUrl] = [`http://localhost:${port}`, `http://${HOST}:${port}/api/`];
  return { page, apiUrl, exited: slack.exited, [Symbol.asyncDispose]: () => slack.stop() };
}

/** Before anything else is started or obtained. */
export async function refuseTaken(port: number): Promise<void> {
  const why = await whyNotFree(port);
  if (why === null) return;
  const what = why === 'taken' ? 'is taken' : 'may not be used by you';
  throw new DemoFault(2, `Port ${port} ${what}: set DEMO_SLACK_PORT to another one, such as DEMO_SLACK_PORT=3100.`);
}

/** Whether *our* local Slack answers: another demo may have taken the port in between. */
async function answering(slack: Kept, { port, redisUrl }: LocalSlackOptions): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while ((await redisOfDemo(port)) !== redisUrl) {
    if (Date.now() > deadline) await slack.stop();
    const lastWords = slack.lastWords();
    if (lastWords !== null) {
      await refuseTaken(port);
      throw new DemoFault(1, `The local Slack did not start: ${lastWords.split('\n').at(-1) || 'it said nothing'}.`);
    }
    await delay(20);
  }
}
