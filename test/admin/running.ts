import { openApp } from '../../src/app.ts';
import type { CliApp, Role } from '../../src/cli/context.ts';
import { readEnvironment } from '../../src/config/environment.ts';
import { readSyncbotYml } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import { socketEnv } from '../support/slack/env.ts';
import type { StrictSlack } from '../support/slack/strict-slack.ts';
import { waitFor } from '../support/wait.ts';
import { readScrape, type Scrape } from './scrape.ts';

export interface Line {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** An app that runs a role, as `syncbot run` does it, with its port for health and metrics. */
export interface RunningApp extends AsyncDisposable {
  readonly app: CliApp;
  readonly port: number;
  /** Its log so far, at the level trace. */
  readonly lines: readonly Line[];
  readonly text: () => string;
  get(path: string, method?: string): Promise<Answered>;
  scrape(): Promise<Scrape>;
  /** Waits until this is what /readyz says. */
  readiness(parts: Readonly<Record<string, string>>): Promise<void>;
  /** Begins to stop; resolves when it has. */
  stop(): Promise<void>;
}

export interface RunOptions {
  readonly role: Role;
  readonly redisUrl: string;
  readonly slack?: StrictSlack;
  readonly yml?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const defaultYml = 'policy: { operators: [U0ALICE, U0BOB] }\nprojects: {}\n';

export async function runApp({ role, redisUrl, slack, yml = defaultYml, env = {} }: RunOptions): Promise<RunningApp> {
  const variables = {
    REDIS_URL: redisUrl,
    ADMIN_PORT: '0',
    ...(slack && socketEnv(slack)),
    ...env,
  };
  const read = readEnvironment(variables);
  const config = readSyncbotYml(yml, variables);
  if (read.kind === 'refused' || config.kind === 'refused') throw new Error('the test is configured wrongly');
  const written: string[] = [];
  const log = createLogger({ level: 'trace', to: { write: (line) => void written.push(line) } });
  const bound = log.child({ role, version: '1.2.3' });
  const app = await openApp({ environment: read.environment, config: config.config, log: bound, version: '1.2.3' });
  const ending = new AbortController();
  const ended = app.runRoles(role, ending.signal);
  const failed = ended.then(() => new Promise<never>(() => {}));
  const lines = () => written.map((line) => JSON.parse(line) as Line);
  const served = () => lines().find(({ msg }) => msg === 'health and metrics are served')?.['port'];
  const port = await Promise.race([waitFor(served), failed]).catch(async (error: unknown) => {
    await app[Symbol.asyncDispose]();
    throw error;
  });
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const stop = async () => {
    ending.abort();
    await ended;
  };
  return {
    app,
    get,
    stop,
    port: Number(port),
    get lines() {
      return lines();
    },
    text: () => written.join(''),
    scrape: async () => readScrape((await get('/metrics')).text),
    async readiness(parts) {
      const wanted = JSON.stringify(parts);
      await waitFor(async () => JSON.stringify(JSON.parse((await get('/readyz')).text).parts) === wanted, {
        describe: wanted,
      });
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await app[Symbol.asyncDispose]();
    },
  };
}
