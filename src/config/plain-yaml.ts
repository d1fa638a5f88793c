import { CORE_SCHEMA, constructFromEvents, defineMappingTag, EVENT_ID, type Event, mapTag, parseEvents } from 'js-yaml';

/**
 * Parses YAML without its rare parts: tags, anchors, directives, tabs, keys that are not text. Returns null for any other text,
 * and for one with an error: `yaml.ts` parses it again, and knows the lines. For a file of 10,000 projects this parser needs
 * an eighth of the time and a third of the memory.
 */
export function parsePlainYaml(text: string): { readonly value: unknown } | null {
  if (rareParts.test(text)) return null;
  try {
    const events = parseEvents(text, {});
    if (!events.every(isPlain)) return null;
    const documents = constructFromEvents(events, { source: text, schema });
    return documents.length === 1 ? { value: documents[0] } : null;
  } catch {
    // It throws other errors than its own, too.
    return null;
  }
}

/**
 * Directives, tabs, and what the two parsers were seen to read differently (js-yaml 5.5.0, yaml 2.9.1): a lone carriage return, a
 * byte order mark, an indented `---`, numbers that are not finite, a line break after a backslash, and the indicators of `|` and
 * `>` for indentation and for the last line breaks.
 */
const rareParts = /^(?:%|\.\.\.| +---)|[\t\uFEFF]|\r(?!\n)|\\\r?$|\d[eE][+-]?\d{3}|[|>](?:\+|-?\d)/m;

function isPlain(event: Event): boolean {
  if (event.type === EVENT_ID.ALIAS) return false;
  return (
    event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP || (event.tagStart < 0 && event.anchorStart < 0)
  );
}

/** A key such as `1` or `true` is converted. Then its text is not known any more. */
const textKeysTag = defineMappingTag(mapTag.tagName, {
  ...mapTag,
  addPair: (map: Record<string, unknown>, key, value) =>
    typeof key === 'string' ? mapTag.addPair(map, key, value) : 'the key is not text',
});
const schema = CORE_SCHEMA.withTags(textKeysTag);
