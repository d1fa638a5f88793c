#!/usr/bin/env node
import { StartError } from '../src/cli/cli-app.ts';
import { helpText, parseArguments, parseSlackPort } from './arguments.ts';
import { breakProject } from './break.ts';
import { compare } from './compare.ts';
import { DemoError, RedisStartError } from './errors.ts';
import { fix } from './fix.ts';

const shutdownTimeoutMs = 9_000;
const shutdownSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

process.exitCode = await main(process.argv.slice(2));
// An open handle of a library must not keep the finished demo alive.
setTimeout(() => process.exit(), 1_000).unref();

async function main(args: readonly string[]): Promise<number> {
  const { env } = process;
  // Writes fail if the terminal is closed.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    const command = parseArguments(args);
    const port = parseSlackPort(env['DEMO_SLACK_PORT']);
    switch (command.kind) {
      case 'help':
        print(helpText);
        return 0;
      case 'fix':
        await fix({ port, project: command.project, print });
        return 0;
      case 'break':
        await breakProject({ port, project: command.project, print });
        return 0;
      case 'compare':
        return await compare({ port, project: command.project, print });
      case 'run': {
        // Imported only here: the other commands do not need the bot and its libraries.
        const { runDemo } = await import('./run.ts');
        await runDemo({ port, print, logLevel: env['LOG_LEVEL'], shutdownSignal: createShutdownSignal() });
        return 0;
      }
    }
  } catch (error) {
    const exitCode = exitCodeOf(error);
    if (exitCode === null || !(error instanceof Error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return exitCode;
  }
}

/** Returns the exit code of an error whose message is for users, or null for any other error. */
function exitCodeOf(error: unknown): number | null {
  if (error instanceof DemoError) return error.exitCode;
  if (error instanceof RedisStartError) return error.code === 'redis_not_found' ? 2 : 1;
  return error instanceof StartError ? error.exitCode : null;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Aborts at Ctrl-C and similar signals. Further signals have no effect: npm repeats a Ctrl-C of the terminal. */
function createShutdownSignal(): AbortSignal {
  const shutdown = new AbortController();
  const onSignal = () => {
    if (shutdown.signal.aborted) return;
    shutdown.abort();
    print('\nStopping …');
    // The supervisors end the child processes, also if this process exits early.
    setTimeout(() => process.exit(1), shutdownTimeoutMs).unref();
  };
  for (const signal of shutdownSignals) process.on(signal, onSignal);
  return shutdown.signal;
}
