import { chmod, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';

/** A file cannot be read or written. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly path: string;
  readonly operation: 'read' | 'write';
  /** That of Node, such as `EACCES`. */
  readonly code: string;

  constructor(operation: FileError['operation'], path: string, cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    super(`cannot ${operation} ${path} (${code})`, { cause });
    this.path = path;
    this.operation = operation;
    this.code = code;
  }
}

/** Returns null if there is no file. Throws `FileError`. */
export async function readIfExists(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new FileError('read', path, error);
  });
}

/** Throws `FileError`, with the code `EEXIST` if there is a file. */
export async function createFile(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx' }).catch((error: unknown) => {
    throw new FileError('write', path, error);
  });
}

/**
 * Writes a file as a whole: a crash or a full disk leaves the old or the new file. Of a symbolic link the file is replaced.
 * `mode`: its permissions. Default: those that it has. Throws `FileError`.
 */
export async function replaceFile(path: string, text: string, mode?: number): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const newPath = `${target}.new`;
  try {
    const newMode = mode ?? (await stat(target).catch(() => null))?.mode;
    // The mode first, since the text can have secrets.
    await writeFile(newPath, '', { mode: newMode });
    if (newMode !== undefined) await chmod(newPath, newMode & 0o777);
    await writeFile(newPath, text);
    await rename(newPath, target);
  } catch (error) {
    await rm(newPath, { force: true }).catch(() => {});
    throw new FileError('write', path, error);
  }
}
