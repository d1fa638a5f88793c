import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFile, FileError, readIfExists, replaceFile } from '../../src/lib/text-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncbot-file-'));
  path = join(folder, 'file');
});
afterEach(() => rm(folder, { recursive: true }));

test('A file is replaced by another one with its permissions, also through a symbolic link.', async () => {
  await writeFile(path, 'old', { mode: 0o640 });
  await symlink('file', join(folder, 'link'));
  const before = await stat(path);
  await replaceFile(join(folder, 'link'), 'new');
  const after = await stat(path);
  expect(await readFile(path, 'utf8')).toBe('new');
  expect(after.mode).toBe(before.mode);
  expect(after.ino).not.toBe(before.ino);
  expect((await readdir(folder)).sort()).toEqual(['file', 'link']);
});

test('A file without permissions for others never has others.', async () => {
  await writeFile(path, 'old', { mode: 0o644 });
  await writeFile(`${path}.new`, 'of a crash', { mode: 0o644 });
  await replaceFile(path, 'new', 0o600);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('A file that cannot be replaced stays, and the error names it.', async () => {
  await mkdir(path);
  const fault = { name: 'FileError', operation: 'write', path };
  await expect(replaceFile(path, 'new')).rejects.toMatchObject({ ...fault, code: expect.stringMatching(/^E/) });
  expect(await readdir(folder)).toEqual(['file']);
  await expect(createFile(path, 'new')).rejects.toMatchObject({ ...fault, code: 'EEXIST' });
});

test('A missing file is null, and another fault is an error that names it.', async () => {
  expect(await readIfExists(path)).toBeNull();
  await expect(readIfExists(folder)).rejects.toThrow(FileError);
  await expect(readIfExists(folder)).rejects.toMatchObject({ operation: 'read', path: folder, code: 'EISDIR' });
});
