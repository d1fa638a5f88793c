#!/usr/bin/env node
import { StartError } from '../src/cli/context.ts';
import { parseArguments } from './arguments.ts';
import { compare } from './compare.ts';
import { DemoError } from './demo-error.ts';
import { fix } from './fix.ts';
import { helpText } from './help.ts';
import { RedisStartError } from './redis-start-error.ts';
import { parseSlackPort } from './slack-port.ts';

const SHUTDOWN_TIMEOUT_MS = 9_000;
const SHUTDOWN_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

process.exitCode = await main(process.argv.slice(2));
// What a library has left open must not keep a demo alive that is over.
setTimeout(() => process.exit(), 1_000).unref();

async function main(args: readonly string[]): Promise<number> {
  const { env } = process;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined); // the terminal is gone
  try {
    const command = parseArguments(args);
    const port = parseSlackPort(env['DEMO_SLACK_PORT']);
    switch (command.kind) {
      case 'help':
        print(helpText);
        return 0;
      case 'fix':
        return await fix({ port, project: command.project, print });
      case 'compare':
        return await compare({ port, project: command.project, print });
      case 'run': {
        const { runDemo } = await import('./run.ts'); // the bot with all its libraries, which the other words do without
        await runDemo({ port, print, logLevel: env['LOG_LEVEL'], shutdownSignal: createShutdownSignal() });
        return 0;
      }
    }
  } catch (error) {
    const code = exitCodeOf(error);
    if (code === null || !(error instanceof Error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return code;
  }
}

/** Of a fault whose message is a sentence for people; null for any other. */
function exitCodeOf(error: unknown): number | null {
  if (error instanceof DemoError) return error.exitCode;
  if (error instanceof RedisStartError) return error.code === 'redis_not_found' ? 2 : 1;
  return error instanceof StartError ? error.exitCode : null;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Aborted by Ctrl-C and its like. Repeats change nothing: npm passes a Ctrl-C on that the terminal has sent us already. */
function createShutdownSignal(): AbortSignal {
  const shutdown = new AbortController();
  const onSignal = () => {
    if (shutdown.signal.aborted) return;
    shutdown.abort();
    print('\nEnding …');
    // The keepers end what we started, however we die.
    setTimeout(() => process.exit(1), SHUTDOWN_TIMEOUT_MS).unref();
  };
  for (const signal of SHUTDOWN_SIGNALS) process.on(signal, onSignal);
  return shutdown.signal;
}
