#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { runCli } from './cli/run-cli.ts';

const packageJson: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

// No other file reads the environment of the process.
const { env } = process;

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  user: userName(),
  version: packageJson.version,
  signals: process,
  // Loaded when needed, because --help and usage errors need no app and must be fast.
  createApp: async (options) => (await import('./app.ts')).createApp(options),
  openLinks: async (options) => (await import('./app.ts')).openLinks(options),
});

/** `userInfo` throws if the user has no name, as in some containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return env['USER'] ?? 'unknown';
  }
}
