import type { ObservationStatus } from '../../domain/observation-status.ts';
import type { ProjectId } from '../../domain/project.ts';
import { messages } from '../../messages/catalog.ts';
import type { Formatter } from '../../messages/format.ts';
import { type Message, textMessage } from './blocks.ts';

/** Warns that no syncbot worker observes the links. Returns no line while one does. */
export function notObservedLines(status: ObservationStatus, format: Formatter): string[] {
  return status.kind === 'not_observed' ? [messages.observation.warning(status.since, format)] : [];
}

export interface NotObservedView {
  /** The projects whose alerts go to this channel. */
  readonly projects: readonly ProjectId[];
  /** The last completed cycle, epoch ms. Null when no cycle has ever completed. */
  readonly since: number | null;
  readonly format: Formatter;
}

/** The alert of a channel while no syncbot worker observes the links. */
export function buildNotObserved({ projects, since, format }: NotObservedView): Message {
  return textMessage(messages.observation.alert(projects, since, format));
}

export interface ObservedAgainView extends Omit<NotObservedView, 'projects'> {
  /** Epoch ms. Null when it is not known. */
  readonly until: number | null;
}

/** The same message after a worker has observed the links again. It stays true. */
export function buildObservedAgain({ since, until, format }: ObservedAgainView): Message {
  return textMessage(messages.observation.observedAgain({ since, until }, format));
}
