#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import module from 'node:module';
import { userInfo } from 'node:os';
import { join } from 'node:path';

const packageFolder = new URL('..', import.meta.url);
const packageJson: { readonly version: string } = JSON.parse(
  readFileSync(new URL('package.json', packageFolder), 'utf8'),
);

// No other file reads the environment of the process.
const { env } = process;

enableCompileCache();
// Loaded after the cache is enabled.
const { runCli } = await import('./cli/run-cli.ts');

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  env,
  folder: '.',
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  user: userName(),
  version: packageJson.version,
  packageFolder,
  signals: process,
  // Loaded when needed, because --help and usage errors need no app and must be fast.
  createApp: async (options) => (await import('./app.ts')).createApp(options),
  openSlackSetup: async (options) => (await import('./app.ts')).openSlackSetup(options),
  openLinks: async (options) => (await import('./app.ts')).openLinks(options),
  readProjectIds: async (options) => (await import('./project-ids.ts')).readProjectIds(options),
});

/** `userInfo` throws if the user has no name, as in some containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return env['USER'] ?? 'unknown';
  }
}

/**
 * Node 22.1 and newer can keep the compiled code between two runs. It is in a folder of the user: others can write to the
 * default one, which is below the folder for temporary files. If the folder cannot be written, Node does without it.
 */
function enableCompileCache(): void {
  if (!('enableCompileCache' in module) || typeof module.enableCompileCache !== 'function') return;
  const { NODE_COMPILE_CACHE, XDG_CACHE_HOME, HOME } = env;
  if (NODE_COMPILE_CACHE) return;
  const cacheFolder = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'));
  if (cacheFolder) module.enableCompileCache(join(cacheFolder, 'syncbot'));
}
