import { isCollection, isMap, isNode, isScalar, parseDocument } from 'yaml';

/**
 * Returns the text of a syncbot.yml with these keys at its end, in place of a `projects` without projects. The rest of the text
 * stays as it is. Returns null if it has projects, one of the other keys, or another form than one key a line.
 */
export function addProjects(text: string, keys: string): string | null {
  const added = `${withoutEmptyProjects(text)}${keys}\n`;
  return parseDocument(added, { stringKeys: true }).errors.length === 0 ? added : null;
}

/** The text up to a line break. If it has projects, they stay, and are a duplicate key then. */
function withoutEmptyProjects(text: string): string {
  const lines = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  const { contents } = parseDocument(lines);
  const pair = isMap(contents)
    ? contents.items.find(({ key }) => isScalar(key) && key.value === 'projects')
    : undefined;
  if (pair === undefined || !isNode(pair.key) || !isNode(pair.value)) return lines;
  const isEmpty = isCollection(pair.value)
    ? pair.value.items.length === 0
    : isScalar(pair.value) && pair.value.value === null;
  const [start] = pair.key.range ?? [];
  const [, end] = pair.value.range ?? [];
  if (!isEmpty || start === undefined || end === undefined) return lines;
  return `${lines.slice(0, start)}${lines.slice(end).replace(/^[ \t]*\n/, '')}`;
}
