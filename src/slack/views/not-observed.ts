import type { ObservationStatus } from '../../domain/observation-status.ts';
import { messages } from '../../messages/catalog.ts';
import type { Formatter } from '../../messages/format.ts';

/** Warns that no syncbot worker observes the links. Returns no line while one does. */
export function notObservedLines(status: ObservationStatus, format: Formatter): string[] {
  return status.kind === 'not_observed' ? [messages.observation.warning(status.since, format)] : [];
}
