import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { killAtTestEnd, type RunningProgram, waitForOutput } from '../support/running-program.ts';
import { buildSyncbot, compile, type SyncbotBuild } from '../support/syncbot-build.ts';
import { waitFor } from '../support/wait-for.ts';

/** The program of the demo, relative to the folder of the build. */
export const demoProgram = 'dist-demo/demo/main.js';

/** A build of syncbot and of the demo. */
export interface DemoBuild extends SyncbotBuild {
  /** Starts the demo with its local Slack on a port, and with a folder for temporary files of its own. */
  startDemo(slackPort: number): Promise<DemoProcess>;
}

export interface DemoProcess extends RunningProgram {
  /** Resolves when the demo has printed that everything runs. Throws if it exits before. */
  waitUntilReady(): Promise<void>;
  /** Files and processes of the demo that still exist. */
  leftovers(): Promise<string[]>;
}

export async function buildDemo(): Promise<DemoBuild> {
  const build = await buildSyncbot();
  const outputFolder = join(build.folder, 'dist-demo');
  await compile({ project: 'demo/tsconfig.json', outputFolder, sourceFolder: join(outputFolder, 'src') });
  return {
    ...build,
    async startDemo(slackPort) {
      const tempFolder = await mkdtemp(join(tmpdir(), 'syncbot-test-'));
      onTestFinished(async () => {
        await waitFor(async () => (await leftovers(tempFolder)).length === 0, {
          description: 'the end of the demo',
          intervalMs: leftoversIntervalMs,
        });
        await rm(tempFolder, { recursive: true, force: true });
      });
      const env = { DEMO_SLACK_PORT: String(slackPort), TMPDIR: tempFolder };
      const demo = killAtTestEnd(build.start(demoProgram, [], env));
      return {
        ...demo,
        waitUntilReady: () => waitForOutput(demo, 'Ctrl-C ends everything'),
        leftovers: () => leftovers(tempFolder),
      };
    },
  };
}

/** To read `leftovers` takes the processor for milliseconds. */
export const leftoversIntervalMs = 200;

/**
 * Everything in the folder, and every process with the folder in its command line: the demo's Redis and its local Slack
 * keep their files there.
 */
async function leftovers(tempFolder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return [...(await readdir(tempFolder)), ...commands.filter((command) => command.includes(tempFolder))];
}
