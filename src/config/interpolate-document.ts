import { type Document, isPair, isScalar, isSeq, visit } from 'yaml';
import type { RawEnvironment } from './environment.ts';
import type { KeyError } from './errors.ts';
import { resolveVariable, variableReference } from './interpolate-variables.ts';

/**
 * As `interpolateValue`, for a YAML document, which it changes. Returns an error for each reference that it cannot replace.
 */
export function interpolateDocument(document: Document, env: RawEnvironment): KeyError[] {
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

function pathOf(node: unknown, ancestors: readonly unknown[]): PropertyKey[] {
  return ancestors.flatMap<PropertyKey>((ancestor, depth) => {
    if (isPair(ancestor)) return isScalar(ancestor.key) ? [String(ancestor.key.value)] : [];
    return isSeq(ancestor) ? [ancestor.items.indexOf(ancestors[depth + 1] ?? node)] : [];
  });
}
