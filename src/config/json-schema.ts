import { z } from 'zod';
import { fileSchema } from './schema.ts';

/** A node of a JSON schema, as `z.toJSONSchema` returns it: with the texts of `key-docs.ts`. */
type Node = z.core.JSONSchema.JSONSchema;

/** How a generated syncbot.yml begins. Editors with a YAML language server follow it. The path is that of `npm install`. */
export const schemaComment = '# yaml-language-server: $schema=./node_modules/syncbot/syncbot.schema.json';

/**
 * The JSON schema of syncbot.yml, for editors: `syncbot.schema.json`. It does not have the rules across keys, such as that a
 * queue belongs to one project, and it does not know the value of a text with `${VAR}`.
 */
export function configJsonSchema(): Node {
  const schema = z.toJSONSchema(fileSchema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: 'syncbot.yml', ...toEditorNode(schema, true) };
}

/** The `null` of a key that may be left out: in YAML it is a key without a value. */
const nothing = { type: 'null' } as const;
const textWithVariable = { type: 'string', pattern: String.raw`\$\{` } as const;

function toEditorNode(node: Node, isRequired: boolean): Node {
  const { anyOf, ...outer } = node;
  const written = anyOf?.map(toNode).find(({ type }) => type !== 'null');
  if (written !== undefined) return toEditorNode({ ...written, ...outer }, isRequired);
  const { description, expected, example: _example, hint: _hint, default: _default, ...shape } = outer;
  const texts = [description, expected === undefined ? undefined : `Write ${String(expected)}.`].filter(Boolean);
  const documented = texts.length === 0 ? {} : { description: texts.join(' ') };
  const value = toValueNode(shape);
  if (isRequired && value.length === 1) return { ...documented, ...value[0] };
  return { ...documented, anyOf: [...value, ...(isRequired ? [] : [nothing])] };
}

/** The alternatives of a value. */
function toValueNode(shape: Node): Node[] {
  const { type, properties, additionalProperties, propertyNames, items, required = [] } = shape;
  if (type === 'object') {
    const children = Object.entries(properties ?? {}).map(
      ([key, child]) => [key, toEditorNode(toNode(child), required.includes(key))] as const,
    );
    const others =
      typeof additionalProperties === 'object' ? toEditorNode(additionalProperties, true) : additionalProperties;
    const names = propertyNames === undefined ? {} : { propertyNames };
    return [
      {
        type,
        ...(children.length === 0 ? {} : { properties: Object.fromEntries(children), required }),
        ...(others === undefined ? {} : { additionalProperties: others }),
        ...names,
      },
    ];
  }
  if (type === 'array') {
    const item = Array.isArray(items) ? undefined : items;
    return [{ ...shape, ...(item === undefined ? {} : { items: toEditorNode(toNode(item), true) }) }];
  }
  const isAnyText = Object.keys(shape).every((key) => key === 'type') && type === 'string';
  return isAnyText ? [shape] : [shape, textWithVariable];
}

function toNode(schema: Node | boolean): Node {
  return typeof schema === 'boolean' ? {} : schema;
}
