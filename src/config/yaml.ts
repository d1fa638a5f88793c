import {
  type Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import type { RawEnvironment } from './environment.ts';
import { type ConfigError, toPrintable } from './errors.ts';

/** A YAML text as plain values, with the lines that its faults need. */
export interface ParsedYaml {
  readonly value: unknown;
  /** The line (from 1) of the key or value at a path; of the nearest one above it that exists. */
  lineOf(path: readonly PropertyKey[]): number;
  /** What was found on the way: variables that are not set. Paths are filled in by `pathAt`. */
  readonly errors: readonly ConfigError[];
}

export type YamlResult =
  | { readonly kind: 'read'; readonly source: ParsedYaml }
  /** No YAML: nothing else can be said of the file. */
  | { readonly kind: 'refused'; readonly errors: readonly ConfigError[] };

/** Parses YAML 1.2 (duplicate keys are refused) and puts `${VAR}` from the environment into its texts. */
export function parseYaml(text: string, env: RawEnvironment): YamlResult {
  try {
    const lineCounter = new LineCounter();
    const document = parseDocument(text, { lineCounter: lineCounter, prettyErrors: false, logLevel: 'error' });
    const yamlErrors = [...document.errors, ...document.warnings];
    if (yamlErrors.length > 0) return { kind: 'refused', errors: toSyntaxErrors(yamlErrors, text, lineCounter) };
    const errors = substituteVariables(document, { env, lineCounter });
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return { kind: 'read', source: { value, errors, lineOf: (path) => lineOf(document, lineCounter, path) } };
  } catch {
    // The parser's own limits: nesting beyond the stack, aliases that multiply.
    return { kind: 'refused', errors: [createFileError(1, tooDeepMessage, null)] };
  }
}

const tooDeepMessage = 'The file is nested too deep, or its aliases multiply';

/** One fault a line: what follows a slip is mostly caused by it. */
function toSyntaxErrors(yamlErrors: readonly YAMLError[], text: string, lineCounter: LineCounter): ConfigError[] {
  const textLines = text.split('\n');
  const errorsByLine = new Map<number, ConfigError>();
  for (const { pos, code } of yamlErrors) {
    const { line } = lineCounter.linePos(pos[0]);
    if (errorsByLine.has(line)) continue;
    const [message, hint] = describeSyntaxError(code);
    const hasVariable = textLines[line - 1]?.includes('${') === true;
    errorsByLine.set(line, createFileError(line, message, hint ?? (hasVariable ? variableHint : null)));
  }
  return [...errorsByLine.values()];
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is what people write in the file
const variableHint = 'Put "${NAME}" in quotes inside of { } and [ ].';

function describeSyntaxError(code: string): [message: string, hint: string | null] {
  switch (code) {
    case 'DUPLICATE_KEY':
      return ['This key stands here twice', 'Each key may stand only once: remove or rename one.'];
    case 'TAB_AS_INDENT':
      return ['A tab is used to indent', 'YAML is indented by spaces.'];
    case 'BAD_INDENT':
      return ['The indentation does not fit the lines above, or a bracket is left open', null];
    case 'MULTIPLE_DOCS':
      return ['A second document begins here', 'Write everything in one document, without `---`.'];
    case 'TAG_RESOLVE_FAILED':
      return ['A tag (`!…`) is used that is not known here', 'Write plain values.'];
    case 'RESOURCE_EXHAUSTION':
      return [tooDeepMessage, null];
    case 'BAD_ALIAS':
      return ['An alias (`*…`) is used without its anchor (`&…`) above it', 'Put a text that begins with * in quotes.'];
    default:
      return [`This is not YAML (${code.toLowerCase().replaceAll('_', ' ')})`, null];
  }
}

const variableReference = /\$\$\{|\$\{([^}]*)\}?/g;

/** Replaces `${VAR}` in all texts but keys; `$${` stands for `${` itself. */
function substituteVariables(
  document: Document,
  { env, lineCounter }: { env: RawEnvironment; lineCounter: LineCounter },
): ConfigError[] {
  const errors: ConfigError[] = [];
  visit(document, {
    Scalar(key, scalar, ancestors) {
      if (key === 'key' || typeof scalar.value !== 'string') return;
      const location = { path: scalarPath(ancestors, scalar), line: lineCounter.linePos(scalar.range?.[0] ?? 0).line };
      scalar.value = scalar.value.replace(variableReference, (match, name: string | undefined) => {
        if (name === undefined) return '${';
        const [message, hint, value] = resolveVariable(env, match, name);
        if (message !== null) errors.push({ ...location, message, hint });
        return value;
      });
    },
  });
  return errors;
}

function resolveVariable(env: RawEnvironment, match: string, name: string): [string | null, string | null, string] {
  if (!match.endsWith('}') || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return [
      'has a ${ that names no variable',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what people write in the file
      'Write ${NAME} for a variable, $${ for the characters ${ themselves.',
      match,
    ];
  }
  const value = env[name];
  if (value !== undefined && value.trim() !== '') return [null, null, value];
  return [
    `needs the variable ${toPrintable(name)}, which is not set`,
    `Set ${toPrintable(name)} in the environment.`,
    match,
  ];
}

/** The path of a scalar below its ancestors, in the words of `pathText`. */
function scalarPath(ancestors: readonly unknown[], scalar: unknown): string {
  let path = '';
  ancestors.forEach((ancestor, index) => {
    const child = ancestors[index + 1] ?? scalar;
    if (isPair(ancestor)) path += `${path === '' ? '' : '.'}${formatKey(ancestor.key)}`;
    else if (isCollection(ancestor) && !isMap(ancestor)) path += `[${ancestor.items.indexOf(child)}]`;
  });
  return path;
}

function formatKey(key: unknown): string {
  return isScalar(key) ? toPrintable(String(key.value)) : '?';
}

function isPair(node: unknown): node is { readonly key: unknown } {
  return typeof node === 'object' && node !== null && !isNode(node) && 'key' in node;
}

function isCollection(node: unknown): node is { readonly items: readonly unknown[] } {
  return isNode(node) && 'items' in node;
}

function lineOf(document: Document, lineCounter: LineCounter, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = startOffset(node);
  for (const key of path) {
    const child = childOf(node, key);
    if (child === null) break;
    offset = child.offset ?? offset;
    node = child.node;
  }
  return offset === undefined ? 1 : lineCounter.linePos(offset).line;
}

/** The value at one key, and where that entry begins: at its key in a map, at itself in a list. */
function childOf(node: unknown, key: PropertyKey): { node: unknown; offset: number | undefined } | null {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    return pair === undefined ? null : { node: pair.value, offset: startOffset(pair.key) };
  }
  if (!isCollection(node) || typeof key !== 'number') return null;
  const item = node.items[key];
  return item === undefined ? null : { node: item, offset: startOffset(item) };
}

function startOffset(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}

function createFileError(line: number, message: string, hint: string | null): ConfigError {
  return { path: '', line, message, hint };
}
