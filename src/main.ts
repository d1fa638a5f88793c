#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { z } from 'zod';
import { runCli } from './cli/run-cli.ts';

const packageJson = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
const { version } = z.object({ version: z.string() }).parse(JSON.parse(packageJson));

// The one place that reads the environment: everything else is given it.
const { env } = process;

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  user: userName(),
  version,
  signals: process,
  // Loaded when needed: help and a slip of the fingers are answered at once.
  createApp: async (options) => (await import('./app.ts')).createApp(options),
});

/** In a container the user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return env['USER'] ?? 'unknown';
  }
}
