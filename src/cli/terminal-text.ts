import { linkName } from '../domain/link.ts';
import { timerActor } from '../domain/project.ts';
import { type Formatter, formatUtc } from '../messages/format.ts';

/** Formats names and times for a terminal. */
export const cliFormatter: Formatter = {
  text: (raw) => sanitizeText(raw),
  person: (actor) => (actor === timerActor ? 'the timer' : sanitizeText(actor)),
  channel: sanitizeText,
  link: (link) => sanitizeText(linkName(link)),
  time: formatUtc,
  at: (at) => `at ${formatUtc(at)}`,
  command: (commandLine) => `syncbot ${sanitizeText(commandLine)}`,
};

/** The same with the times of this machine's time zone. */
export const localFormatter: Formatter & { clockTime(at: number): string } = {
  ...cliFormatter,
  clockTime: (at) => new Date(at).toTimeString().slice(0, 8),
  time: formatLocalTime,
  at: (at) => `at ${formatLocalTime(at)}`,
};

/** `2026-11-24 16:30`, in the time zone of this machine. */
function formatLocalTime(at: number): string {
  const date = new Date(at);
  const parts = [date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes()];
  const [month, day, hours, minutes] = parts.map((part) => String(part).padStart(2, '0'));
  return `${date.getFullYear()}-${month}-${day} ${hours}:${minutes}`;
}

/** Makes text of a user safe for a terminal: one line, no control characters, no escape sequences, no text direction. */
export function sanitizeText(text: string): string {
  return text.replace(/[\s\p{Zl}\p{Zp}]+/gu, ' ').replace(/(?!\u200d)[\p{Cc}\p{Cf}\p{Cs}]/gu, '');
}
