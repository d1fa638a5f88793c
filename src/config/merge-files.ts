import { messages } from '../messages/catalog.ts';
import type { ReadFile } from './config-file.ts';
import { formatPath, type KeyError } from './errors.ts';
import { isRecord, toRecord } from './raw-values.ts';

/** An error, and the index of the file that has it. */
export interface FileKeyError extends KeyError {
  readonly file: number;
}

export interface MergedFiles {
  readonly value: unknown;
  /** `connections` as the files have it, before variables are replaced. */
  readonly connectionTexts: unknown;
  readonly errors: readonly FileKeyError[];
  /** The index of the file that has a path, or its nearest parent. */
  fileOf(path: readonly PropertyKey[]): number;
}

/** Each key of these sections is in one file. Every other section is in one file as a whole. */
const sectionsOfSeveralFiles: readonly string[] = ['connections', 'labels', 'projects'];

/** Merges files into one. The same project, connection or label in two files is an error, and so is the same other section. */
export function mergeFiles(files: readonly ReadFile[]): MergedFiles {
  const [first] = files;
  if (first !== undefined && files.length === 1) {
    return { value: first.yaml.value, connectionTexts: first.yaml.connectionTexts, errors: [], fileOf: () => 0 };
  }
  // Without a prototype a section `__proto__` is a key like any other, and is refused.
  const value: Record<string, unknown> = Object.create(null);
  const owners = new Map<string, number>();
  const errors: FileKeyError[] = [];
  const claim = (path: readonly string[], file: number): boolean => {
    const key = JSON.stringify(path);
    const owner = owners.get(key);
    if (owner === undefined) owners.set(key, file);
    else errors.push({ path, file, ...duplicate(files, owner, path) });
    return owner === undefined;
  };
  for (const [file, { yaml }] of files.entries()) {
    if (!isRecord(yaml.value)) errors.push({ path: [], file, ...messages.config.notASection });
    for (const [section, content] of Object.entries(toRecord(yaml.value))) {
      const others = value[section] ?? {};
      if (content === null) continue;
      if (sectionsOfSeveralFiles.includes(section) && isRecord(content) && isRecord(others)) {
        const own = Object.entries(content).filter(([key]) => claim([section, key], file));
        value[section] = Object.fromEntries([...Object.entries(others), ...own]);
      } else if (claim([section], file)) {
        value[section] = content;
      }
    }
  }
  const fileOf = (path: readonly PropertyKey[]): number =>
    owners.get(JSON.stringify(path.slice(0, 2))) ?? owners.get(JSON.stringify(path.slice(0, 1))) ?? 0;
  const texts = files.flatMap(({ yaml }) => Object.entries(toRecord(yaml.connectionTexts)));
  return { value, connectionTexts: Object.fromEntries(texts), errors, fileOf };
}

function duplicate(files: readonly ReadFile[], owner: number, path: readonly string[]) {
  const other = files[owner];
  return messages.config.inOtherFile(formatPath(path), other?.path ?? '', other?.yaml.lineOf(path) ?? 1);
}
