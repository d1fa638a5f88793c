/** One thing wrong in the environment. */
export interface EnvironmentError {
  /** The variable, such as `REDIS_URL`. */
  readonly name: string;
  readonly message: string;
  /** What to write instead. */
  readonly hint: string;
}

/** One thing wrong in syncbot.yml. Messages never quote values: those may hold secrets. */
export interface ConfigError {
  /** Where, such as `projects.orders.links[0].queue`; empty: the file as a whole. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
  readonly hint: string | null;
}

/** `REDIS_URL is no address of a Redis. Write redis://…`, one line for a person. */
export function formatEnvironmentError({ name, message, hint }: EnvironmentError): string {
  return `${name} ${message}. ${hint}`;
}

/** `syncbot.yml:12: projects.orders.links[0].queue must not contain ":". …`, one line for a person. */
export function formatConfigError(file: string, { path, line, message, hint }: ConfigError): string {
  const problem = path === '' ? `${message}.` : `${path} ${message}.`;
  return `${file}:${line}: ${problem}${hint === null ? '' : ` ${hint}`}`;
}

/** A path as people read it: `projects.orders.links[0].queue`. Keys from outside are made printable and short. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const name = toPrintable(String(key));
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

/** A key from outside, fit for one line of a message. */
export function toPrintable(key: string): string {
  const clean = key.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?');
  return clean.length <= 80 ? clean : `${clean.slice(0, 79)}…`;
}
