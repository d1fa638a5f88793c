import type { Link } from '../domain/link.ts';
import type { Actor } from '../domain/project.ts';

/** How a medium (Slack, the terminal) shows people, channels, links, times and commands. The same for every language. */
export interface Formatter {
  /** Text from outside (people, YAML, Redis): escaped for the medium, and cut to `maxChars` where the medium has a limit. */
  readonly text: (raw: string, maxChars?: number) => string;
  readonly person: (actor: Actor) => string;
  readonly channel: (id: string) => string;
  readonly link: (link: Link) => string;
  /** `at` is epoch ms. */
  readonly time: (at: number) => string;
  /** When something happened, as the end of a clause: `at 14:03`, or `today at 14:03`. `at` is epoch ms. */
  readonly at: (at: number) => string;
  /** The command as people type it, such as `/sync pause orders`. */
  readonly command: (words: string) => string;
}

/** What a sentence needs beside its facts. */
export interface TextContext {
  readonly format: Formatter;
  /** Epoch ms of the bot's Redis server, for durations. */
  readonly now: number;
}

/** Joins the parts that are not empty: `10 links · backlog 1,204`. */
export function joinDots(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join(' · ');
}

/** `2026-11-24 15:30 UTC`. */
export function formatUtc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
