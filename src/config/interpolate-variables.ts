import { messages } from '../messages/catalog.ts';
import type { RawEnvironment } from './environment.ts';
import { toPrintable } from './errors.ts';

export const variableReference = /\$\$\{|\$\{[^}]*\}?/g;

/**
 * Replaces `${VAR}` in all text values of plain data, and `$${` by `${`. Keys stay as they are. Returns a copy, or null if a
 * reference cannot be replaced.
 */
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

export type ResolvedVariable =
  | { readonly kind: 'resolved'; readonly value: string }
  | { readonly kind: 'unresolved'; readonly message: string; readonly hint: string };

/** Returns the text that replaces a reference. */
export function resolveVariable(reference: string, env: RawEnvironment): ResolvedVariable {
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
