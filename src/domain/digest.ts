import { z } from 'zod';
import { attentionCause } from './attention.ts';
import type { Project } from './project.ts';

/** An entry of `digest` in syncbot.yml: a message with the state of all projects, once a day. */
export const digestSchema = z.object({
  /** The time of day, `09:00`. */
  at: z.string(),
  /** The name of a time zone, such as `Europe/Berlin`. */
  timezone: z.string(),
  channel: z.string(),
});
export type Digest = Readonly<z.infer<typeof digestSchema>>;

/** Identifies a digest. With another time, time zone or channel it is another one. */
export function digestKey({ at, timezone, channel }: Digest): string {
  return `${channel} ${at} ${timezone}`;
}

/** The projects that a digest names, each once, in the order of the given ones. */
export interface DigestSections {
  readonly failed: readonly Project[];
  /** Projects that are neither Failed nor Paused, and need attention. */
  readonly alerting: readonly Project[];
  readonly paused: readonly Project[];
}

export function digestSections(projects: readonly Project[]): DigestSections {
  const inState = (state: Project['state']) => projects.filter((project) => project.state === state);
  return {
    failed: inState('failed'),
    alerting: projects.filter(
      (project) => project.state !== 'failed' && project.state !== 'paused' && attentionCause(project) !== null,
    ),
    paused: inState('paused'),
  };
}
