import type { KeyError } from './errors.ts';

export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

/** The content of a file whose syntax is correct. */
export interface ReadYaml {
  readonly kind: 'read';
  /** Plain data. */
  readonly value: unknown;
  /** `connections` as the file has it, before variables are replaced. */
  readonly connectionTexts: unknown;
  /** Variables that could not be replaced. */
  readonly variableErrors: readonly KeyError[];
  /** The line (from 1) of a key or list item. If the file does not have it: the line of its nearest parent. */
  lineOf(path: readonly PropertyKey[]): number;
}

/** A file that is read. */
export interface ReadFile {
  readonly path: string;
  readonly yaml: ReadYaml;
}
