import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import { messages } from '../messages/catalog.ts';
import type { ReadYaml } from './config-file.ts';
import type { RawEnvironment } from './environment.ts';
import type { ConfigError } from './errors.ts';
import { interpolateDocument } from './interpolate-document.ts';
import { readPlainYaml } from './plain-yaml.ts';

export type YamlResult = ReadYaml | { readonly kind: 'refused'; readonly errors: readonly ConfigError[] };

const texts = messages.config.yaml;

const jsOptions = { maxAliasCount: 100 };

/** Parses YAML 1.2 and replaces `${VAR}` in its text values from the environment. Refuses duplicate keys. */
export function parseYaml(text: string, env: RawEnvironment): YamlResult {
  const plain = readPlainYaml(text, env);
  return plain === null ? parseWithLines(text, env) : withLines(plain, () => parseWithLines(text, env));
}

/** Parses the text again when a line is asked for. */
function withLines(plain: ReadYaml, parse: () => YamlResult): ReadYaml {
  let parsed: YamlResult | null = null;
  return {
    ...plain,
    lineOf(path) {
      parsed ??= parse();
      return parsed.kind === 'read' ? parsed.lineOf(path) : 1;
    },
  };
}

function parseWithLines(text: string, env: RawEnvironment): YamlResult {
  try {
    const lineCounter = new LineCounter();
    const document = parseDocument(text, { lineCounter, stringKeys: true, prettyErrors: false, logLevel: 'error' });
    const yamlErrors = [...document.errors, ...document.warnings];
    if (yamlErrors.length > 0) return { kind: 'refused', errors: toSyntaxErrors(yamlErrors, text, lineCounter) };
    const aliasErrors = findUnresolvedAliases(document, lineCounter);
    if (aliasErrors.length > 0) return { kind: 'refused', errors: aliasErrors };
    const connectionNode = isMap(document.contents) ? document.contents.get('connections', true) : undefined;
    const connectionTexts: unknown = isNode(connectionNode) ? connectionNode.toJS(document, jsOptions) : {};
    const variableErrors = interpolateDocument(document, env);
    const value: unknown = document.toJS(jsOptions);
    return {
      kind: 'read',
      value,
      connectionTexts,
      variableErrors,
      lineOf: (path) => lineOf(document, lineCounter, path),
    };
  } catch {
    // The parser throws if the nesting overflows the stack or the aliases multiply.
    return { kind: 'refused', errors: [{ path: '', line: 1, ...texts.tooComplex }] };
  }
}

/** The first error of each line, since one mistake often causes several. */
function toSyntaxErrors(yamlErrors: readonly YAMLError[], text: string, lineCounter: LineCounter): ConfigError[] {
  const textLines = text.split('\n');
  const errorsByLine = new Map<number, ConfigError>();
  for (const { pos, code } of yamlErrors) {
    const { line } = lineCounter.linePos(pos[0]);
    if (errorsByLine.has(line)) continue;
    const { message, hint } = syntaxErrors[code] ?? texts.invalid(code.toLowerCase().replaceAll('_', ' '));
    const hasVariable = textLines[line - 1]?.includes('${') === true;
    errorsByLine.set(line, { path: '', line, message, hint: hint ?? (hasVariable ? texts.quoteVariable : null) });
  }
  return [...errorsByLine.values()];
}

/** The parser accepts an alias without an anchor above it. Only the conversion to plain data throws. */
function findUnresolvedAliases(document: Document, lineCounter: LineCounter): ConfigError[] {
  const anchors = new Set<string>();
  const errors: ConfigError[] = [];
  visit(document, (_key, node) => {
    if (!isNode(node)) return;
    if (!isAlias(node)) {
      if (node.anchor !== undefined) anchors.add(node.anchor);
    } else if (!anchors.has(node.source)) {
      const { line } = lineCounter.linePos(node.range?.[0] ?? 0);
      errors.push({ path: '', line, ...texts.badAlias });
    }
  });
  return errors;
}

const syntaxErrors: { readonly [Code in ErrorCode]?: Pick<ConfigError, 'message' | 'hint'> } = {
  DUPLICATE_KEY: texts.duplicateKey,
  NON_STRING_KEY: texts.nonStringKey,
  TAB_AS_INDENT: texts.tabIndent,
  BAD_INDENT: texts.badIndent,
  MULTIPLE_DOCS: texts.multipleDocuments,
  TAG_RESOLVE_FAILED: texts.unknownTag,
  RESOURCE_EXHAUSTION: texts.tooComplex,
  BAD_ALIAS: texts.badAlias,
};

function lineOf(document: Document, lineCounter: LineCounter, path: readonly PropertyKey[]): number {
  const parent = document.getIn(path.slice(0, -1), true);
  const node =
    path.length > 0 && isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))?.key
      : document.getIn(path, true);
  if (isNode(node) && node.range) return lineCounter.linePos(node.range[0]).line;
  return path.length === 0 ? 1 : lineOf(document, lineCounter, path.slice(0, -1));
}
