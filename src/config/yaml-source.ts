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
import { type ConfigFault, printable } from './fault.ts';

/** A YAML text as plain values, with the lines that its faults need. */
export interface YamlSource {
  readonly value: unknown;
  /** The line (from 1) of the key or value at a path; of the nearest one above it that exists. */
  lineOf(path: readonly PropertyKey[]): number;
  /** What was found on the way: variables that are not set. Paths are filled in by `pathAt`. */
  readonly faults: readonly ConfigFault[];
}

export type YamlRead =
  | { readonly kind: 'read'; readonly source: YamlSource }
  /** No YAML: nothing else can be said of the file. */
  | { readonly kind: 'refused'; readonly faults: readonly ConfigFault[] };

/** Parses YAML 1.2 (duplicate keys are refused) and puts `${VAR}` from the environment into its texts. */
export function readYaml(text: string, env: RawEnvironment): YamlRead {
  try {
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
    const broken = [...document.errors, ...document.warnings];
    if (broken.length > 0) return { kind: 'refused', faults: syntaxFaults(broken, text, lines) };
    const faults = substitute(document, { env, lines });
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return { kind: 'read', source: { value, faults, lineOf: (path) => lineOf(document, lines, path) } };
  } catch {
    // The parser's own limits: nesting beyond the stack, aliases that multiply.
    return { kind: 'refused', faults: [fault(1, tooDeep, null)] };
  }
}

const tooDeep = 'The file is nested too deep, or its aliases multiply';

/** One fault a line: what follows a slip is mostly caused by it. */
function syntaxFaults(broken: readonly YAMLError[], text: string, lines: LineCounter): ConfigFault[] {
  const rows = text.split('\n');
  const byLine = new Map<number, ConfigFault>();
  for (const { pos, code } of broken) {
    const { line } = lines.linePos(pos[0]);
    if (byLine.has(line)) continue;
    const [message, hint] = syntaxSentence(code);
    const hasVariable = rows[line - 1]?.includes('${') === true;
    byLine.set(line, fault(line, message, hint ?? (hasVariable ? variableHint : null)));
  }
  return [...byLine.values()];
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is what people write in the file
const variableHint = 'Put "${NAME}" in quotes inside of { } and [ ].';

function syntaxSentence(code: string): [message: string, hint: string | null] {
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
      return [tooDeep, null];
    case 'BAD_ALIAS':
      return ['An alias (`*…`) is used without its anchor (`&…`) above it', 'Put a text that begins with * in quotes.'];
    default:
      return [`This is not YAML (${code.toLowerCase().replaceAll('_', ' ')})`, null];
  }
}

const reference = /\$\$\{|\$\{([^}]*)\}?/g;

/** Replaces `${VAR}` in all texts but keys; `$${` stands for `${` itself. */
function substitute(document: Document, { env, lines }: { env: RawEnvironment; lines: LineCounter }): ConfigFault[] {
  const faults: ConfigFault[] = [];
  visit(document, {
    Scalar(key, scalar, ancestors) {
      if (key === 'key' || typeof scalar.value !== 'string') return;
      const at = { path: pathOf(ancestors, scalar), line: lines.linePos(scalar.range?.[0] ?? 0).line };
      scalar.value = scalar.value.replace(reference, (found, name: string | undefined) => {
        if (name === undefined) return '${';
        const [message, hint, value] = resolve(env, found, name);
        if (message !== null) faults.push({ ...at, message, hint });
        return value;
      });
    },
  });
  return faults;
}

function resolve(env: RawEnvironment, found: string, name: string): [string | null, string | null, string] {
  if (!found.endsWith('}') || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return [
      'has a ${ that names no variable',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what people write in the file
      'Write ${NAME} for a variable, $${ for the characters ${ themselves.',
      found,
    ];
  }
  const value = env[name];
  if (value !== undefined && value.trim() !== '') return [null, null, value];
  return [
    `needs the variable ${printable(name)}, which is not set`,
    `Set ${printable(name)} in the environment.`,
    found,
  ];
}

/** The path of a scalar below its ancestors, in the words of `pathText`. */
function pathOf(ancestors: readonly unknown[], scalar: unknown): string {
  let path = '';
  ancestors.forEach((ancestor, index) => {
    const child = ancestors[index + 1] ?? scalar;
    if (isPair(ancestor)) path += `${path === '' ? '' : '.'}${keyText(ancestor.key)}`;
    else if (isCollection(ancestor) && !isMap(ancestor)) path += `[${ancestor.items.indexOf(child)}]`;
  });
  return path;
}

function keyText(key: unknown): string {
  return isScalar(key) ? printable(String(key.value)) : '?';
}

function isPair(node: unknown): node is { readonly key: unknown } {
  return typeof node === 'object' && node !== null && !isNode(node) && 'key' in node;
}

function isCollection(node: unknown): node is { readonly items: readonly unknown[] } {
  return isNode(node) && 'items' in node;
}

function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let start = startOf(node);
  for (const key of path) {
    const found = childOf(node, key);
    if (found === null) break;
    start = found.start ?? start;
    node = found.node;
  }
  return start === undefined ? 1 : lines.linePos(start).line;
}

/** The value at one key, and where that entry begins: at its key in a map, at itself in a list. */
function childOf(node: unknown, key: PropertyKey): { node: unknown; start: number | undefined } | null {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    return pair === undefined ? null : { node: pair.value, start: startOf(pair.key) };
  }
  if (!isCollection(node) || typeof key !== 'number') return null;
  const item = node.items[key];
  return item === undefined ? null : { node: item, start: startOf(item) };
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}

function fault(line: number, message: string, hint: string | null): ConfigFault {
  return { path: '', line, message, hint };
}
