import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigFile } from '../config/config-file.ts';
import { messages } from '../messages/catalog.ts';

export type ConfigFilesResult =
  | { readonly kind: 'read'; readonly files: readonly ConfigFile[] }
  | { readonly kind: 'refused'; readonly reasons: readonly string[] };

const { fileNotFound, fileNotReadable, emptyFolder } = messages.config;

/** Reads files, and of folders each `*.yml` and `*.yaml` in the order of their names. Names every file that it cannot read. */
export async function readConfigFiles(paths: readonly string[]): Promise<ConfigFilesResult> {
  const read = (await Promise.all(paths.map(readPath))).flat();
  const reasons = read.filter((each) => typeof each === 'string');
  if (reasons.length > 0) return { kind: 'refused', reasons };
  return { kind: 'read', files: read.filter((each) => typeof each !== 'string') };
}

/** Returns a text for each file that cannot be read. */
async function readPath(path: string): Promise<(ConfigFile | string)[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [{ path, text: await readFile(path, 'utf8') }];
    const names = (await readdir(path)).filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
    if (names.length === 0) return [emptyFolder(path)];
    return (await Promise.all(names.map((name) => readPath(join(path, name))))).flat();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return [code === 'ENOENT' ? fileNotFound(path) : fileNotReadable(path, code)];
  }
}
