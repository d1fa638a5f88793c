/** One error in the environment. No text quotes a value, because a value can be a secret. */
export interface EnvironmentError {
  /** The variable, such as `REDIS_URL`. */
  readonly name: string;
  /** What is wrong, as it follows the name: `is not a Redis URL`. */
  readonly message: string;
  readonly hint: string;
}

/** One error in syncbot.yml. No text quotes a value, because a value can be a secret. */
export interface ConfigError {
  /** The path, such as `projects.orders.links[0].queue`. Empty for an error of the whole file. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** What is wrong, as it follows the path: `is empty`. A full sentence if there is no path. */
  readonly message: string;
  readonly hint: string | null;
}

/** A `ConfigError`, and the path of its file. */
export interface FileError extends ConfigError {
  readonly file: string;
}

/** A `ConfigError` before its line is known. */
export interface KeyError extends Pick<ConfigError, 'message' | 'hint'> {
  readonly path: readonly PropertyKey[];
}

/** One line: `REDIS_URL is not a Redis URL. Write redis://…` */
export function formatEnvironmentError({ name, message, hint }: EnvironmentError): string {
  return `${name} ${message}. ${hint}`;
}

/** One line: `syncbot.yml:12: projects.orders.links[0].queue must not contain ":". …` */
export function formatConfigError(file: string, { path, line, message, hint }: ConfigError): string {
  const problem = path === '' ? `${message}.` : `${path} ${message}.`;
  return `${file}:${line}: ${problem}${hint === null ? '' : ` ${hint}`}`;
}

/** `projects.orders.links[0].queue`. Keys of the user are made printable and short. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const name = toPrintable(String(key));
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

/** Text of the user that fits into one line of a message. */
export function toPrintable(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?');
  return clean.length <= 80 ? clean : `${clean.slice(0, 79)}…`;
}
