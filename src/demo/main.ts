#!/usr/bin/env node
import { RoleFault } from '../cli/context.ts';
import { parseArguments } from './arguments.ts';
import { compare } from './compare.ts';
import { DemoFault } from './demo-fault.ts';
import { fix } from './fix.ts';
import { helpText } from './help.ts';
import { RedisFault } from './redis-fault.ts';
import { slackPort } from './slack-port.ts';

const END_WITHIN_MS = 9_000;
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

process.exitCode = await main(process.argv.slice(2));
// What a library has left open must not keep a demo alive that is over.
setTimeout(() => process.exit(), 1_000).unref();

async function main(args: readonly string[]): Promise<number> {
  const { env } = process;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined); // the terminal is gone
  try {
    const command = parseArguments(args);
    const port = slackPort(env['DEMO_SLACK_PORT']);
    switch (command.kind) {
      case 'help':
        say(helpText);
        return 0;
      case 'fix':
        return await fix({ port, project: command.project, say });
      case 'compare':
        return await compare({ port, project: command.project, say });
      case 'run': {
        const { runDemo } = await import('./run.ts'); // the bot with all its libraries, which the other words do without
        await runDemo({ port, say, logLevel: env['LOG_LEVEL'], ending: endingSignal() });
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
  if (error instanceof DemoFault) return error.exitCode;
  if (error instanceof RedisFault) return error.code === 'redis_not_found' ? 2 : 1;
  return error instanceof RoleFault ? error.exitCode : null;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Aborted by Ctrl-C and its like. Repeats change nothing: npm passes a Ctrl-C on that the terminal has sent us already. */
function endingSignal(): AbortSignal {
  const ending = new AbortController();
  const end = () => {
    if (ending.signal.aborted) return;
    ending.abort();
    say('\nEnding …');
    // The keepers end what we started, however we die.
    setTimeout(() => process.exit(1), END_WITHIN_MS).unref();
  };
  for (const signal of ENDING) process.on(signal, end);
  return ending.signal;
}
