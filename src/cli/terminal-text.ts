import { linkName } from '../domain/link.ts';
import { timerActor } from '../domain/project.ts';
import { type Formatter, formatUtc } from '../messages/format.ts';

/** Formats names and times for a terminal. Times are those of this machine, with their difference to UTC. */
export const cliFormatter: Formatter = {
  text: (raw) => sanitizeText(raw),
  person: (actor) => (actor === timerActor ? 'the timer' : sanitizeText(actor)),
  channel: sanitizeText,
  link: (link) => sanitizeText(linkName(link)),
  time: formatLocalTime,
  at: (at) => `at ${formatLocalTime(at)}`,
  command: (commandLine) => `syncbot ${sanitizeText(commandLine)}`,
};

/** As `cliFormatter`, for texts that name a command. `program`: how the user starts syncbot. */
export function formatterFor(program: string): Formatter {
  return { ...cliFormatter, command: (commandLine) => `${program} ${sanitizeText(commandLine)}` };
}

/** For the texts of records in `--json`, which are the same on every machine. */
export const utcFormatter: Formatter = { ...cliFormatter, time: formatUtc, at: (at) => `at ${formatUtc(at)}` };

/** `16:30:05`, in the time zone of this machine. */
export function formatClockTime(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}

/** `2026-11-24 16:30 +01:00`, in the time zone of this machine. `UTC` stands for no difference. */
function formatLocalTime(at: number): string {
  const offsetMinutes = -new Date(at).getTimezoneOffset();
  const local = new Date(at + offsetMinutes * 60_000).toISOString().slice(0, 16).replace('T', ' ');
  if (offsetMinutes === 0) return `${local} UTC`;
  const [hours, minutes] = [Math.trunc(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60];
  const offset = [hours, minutes].map((part) => String(part).padStart(2, '0')).join(':');
  return `${local} ${offsetMinutes < 0 ? '-' : '+'}${offset}`;
}

/** Makes text of a user safe for a terminal: one line, no control characters, no escape sequences, no text direction. */
export function sanitizeText(text: string): string {
  return text.replace(/[\s\p{Zl}\p{Zp}]+/gu, ' ').replace(/(?!\u200d)[\p{Cc}\p{Cf}\p{Cs}]/gu, '');
}
