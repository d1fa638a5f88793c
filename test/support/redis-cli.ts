import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findRedisServer } from '../../demo/redis-binary.ts';

/** Writes a program `redis-cli` into a folder. It talks to the server of the URL. */
export async function writeRedisCli(folder: string, url: string): Promise<void> {
  const { path, libraryPath = '' } = await findRedisServer();
  const program = join(dirname(path), 'redis-cli');
  const script = `#!/bin/sh\nLD_LIBRARY_PATH='${libraryPath}' exec '${program}' -u '${url}' "$@"\n`;
  await writeFile(join(folder, 'redis-cli'), script, { mode: 0o755 });
}
