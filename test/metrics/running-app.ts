import { createApp } from '../../src/app.ts';
import type { CliApp, Role } from '../../src/cli/cli-app.ts';
import { parseEnvironment } from '../../src/config/environment.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { createLogger } from '../../src/logging/logger.ts';
import { socketModeEnv } from '../fake-slack/bot-env.ts';
import type { FakeSlack } from '../fake-slack/fake-slack.ts';
import type { PinoLine } from '../support/slack-harness.ts';
import { waitFor } from '../support/wait-for.ts';
import { parseScrape, type Scrape } from './scrape.ts';

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** An app that runs a role as `syncbot run` does, with an admin server. */
export interface RunningApp extends AsyncDisposable {
  readonly app: CliApp;
  readonly port: number;
  /** All log lines so far, at the level trace. */
  readonly logLines: readonly PinoLine<string>[];
  readonly logText: () => string;
  get(path: string, method?: string): Promise<HttpResponse>;
  scrape(): Promise<Scrape>;
  /** Waits until /readyz returns exactly these parts. */
  waitForReadiness(expected: Readonly<Record<string, string>>): Promise<void>;
  /** Stops the role. Resolves when it has ended. */
  stop(): Promise<void>;
}

export interface RunOptions {
  readonly role: Role;
  readonly redisUrl: string;
  readonly slack?: FakeSlack;
  readonly yml?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const defaultYml = 'policy: { operators: [U0ALICE, U0BOB] }\nprojects: {}\n';

export async function runApp({ role, redisUrl, slack, yml = defaultYml, env = {} }: RunOptions): Promise<RunningApp> {
  const variables = {
    REDIS_URL: redisUrl,
    ADMIN_PORT: '0',
    ...(slack && socketModeEnv(slack)),
    ...env,
  };
  const parsed = parseEnvironment(variables);
  const config = parseConfig(yml, variables);
  if (parsed.kind === 'refused' || config.kind === 'refused') throw new Error('the test is configured wrongly');
  const output: string[] = [];
  const log = createLogger({ level: 'trace', to: { write: (line) => void output.push(line) } });
  const childLogger = log.child({ role, version: '1.2.3' });
  const app = await createApp({
    environment: parsed.environment,
    config: config.config,
    resolveConnections: config.resolveConnections,
    log: childLogger,
    version: '1.2.3',
    tracedAs: role,
  });
  const stopController = new AbortController();
  const ended = app.runRole(role, stopController.signal);
  const startFailure = ended.then(() => new Promise<never>(() => {}));
  const readLogLines = () => output.map((line) => JSON.parse(line) as PinoLine<string>);
  const findPort = () => readLogLines().find(({ msg }) => msg === 'admin server listening')?.['port'];
  const port = await Promise.race([waitFor(findPort), startFailure]).catch(async (error: unknown) => {
    await app[Symbol.asyncDispose]();
    throw error;
  });
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const stop = async () => {
    stopController.abort();
    await ended;
  };
  return {
    app,
    get,
    stop,
    port: Number(port),
    get logLines() {
      return readLogLines();
    },
    logText: () => output.join(''),
    scrape: async () => parseScrape((await get('/metrics')).text),
    async waitForReadiness(parts) {
      const expected = JSON.stringify(parts);
      await waitFor(async () => JSON.stringify(JSON.parse((await get('/readyz')).text).parts) === expected, {
        description: expected,
      });
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await app[Symbol.asyncDispose]();
    },
  };
}
