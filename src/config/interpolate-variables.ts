import { type Document, isPair, isScalar, isSeq, visit } from 'yaml';
import { messages } from '../messages/catalog.ts';
import type { RawEnvironment } from './environment.ts';
import { type KeyError, toPrintable } from './errors.ts';

const variableReference = /\$\$\{|\$\{[^}]*\}?/g;

/**
 * Replaces `${VAR}` in all text values of a YAML document, and `$${` by `${`. Keys stay as they are. Returns an error for
 * each reference that it cannot replace.
 */
export function interpolateVariables(document: Document, env: RawEnvironment): KeyError[] {
  const errors: KeyError[] = [];
  visit(document, {
    Scalar(position, scalar, ancestors) {
      if (position === 'key' || typeof scalar.value !== 'string') return;
      scalar.value = scalar.value.replace(variableReference, (reference) => {
        const resolved = resolveVariable(reference, env);
        if (resolved.kind === 'resolved') return resolved.value;
        errors.push({ path: pathOf(scalar, ancestors), message: resolved.message, hint: resolved.hint });
        return reference;
      });
    },
  });
  return errors;
}

/** As `interpolateVariables`, for plain data. Returns a copy, or null if a reference cannot be replaced. */
export function interpolateValue(value: unknown, env: RawEnvironment): { readonly value: unknown } | null {
  if (typeof value === 'string') {
    const interpolated = interpolateText(value, env);
    return interpolated.kind === 'resolved' ? { value: interpolated.text } : null;
  }
  if (typeof value !== 'object' || value === null) return { value };
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    const interpolated = interpolateValue(item, env);
    if (interpolated === null) return null;
    entries.push([key, interpolated.value]);
  }
  return { value: Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries) };
}

/** The names of the variables in a text, each once. */
export function variablesIn(text: string): string[] {
  const names = [...text.matchAll(variableReference)].map(([reference]) => nameOf(reference));
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** Replaces the variables of one text. Returns `unresolved` if one of them is not set. */
export function interpolateText(
  text: string,
  env: RawEnvironment,
): { readonly kind: 'resolved'; readonly text: string } | { readonly kind: 'unresolved' } {
  let isResolved = true;
  const replaced = text.replace(variableReference, (reference) => {
    const resolved = resolveVariable(reference, env);
    if (resolved.kind === 'resolved') return resolved.value;
    isResolved = false;
    return reference;
  });
  return isResolved ? { kind: 'resolved', text: replaced } : { kind: 'unresolved' };
}

type ResolvedVariable =
  | { readonly kind: 'resolved'; readonly value: string }
  | { readonly kind: 'unresolved'; readonly message: string; readonly hint: string };

function resolveVariable(reference: string, env: RawEnvironment): ResolvedVariable {
  if (reference === '$${') return { kind: 'resolved', value: '${' };
  const name = nameOf(reference);
  if (name === undefined) return { kind: 'unresolved', ...messages.config.invalidVariable };
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value !== undefined && value.trim() !== '') return { kind: 'resolved', value };
  return { kind: 'unresolved', ...messages.config.variableNotSet(toPrintable(name)) };
}

function nameOf(reference: string): string | undefined {
  return /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(reference)?.[1];
}

function pathOf(node: unknown, ancestors: readonly unknown[]): PropertyKey[] {
  return ancestors.flatMap<PropertyKey>((ancestor, depth) => {
    if (isPair(ancestor)) return isScalar(ancestor.key) ? [String(ancestor.key.value)] : [];
    return isSeq(ancestor) ? [ancestor.items.indexOf(ancestors[depth + 1] ?? node)] : [];
  });
}
