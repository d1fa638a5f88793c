import type { ProcessIo } from './context.ts';

/** Why something was not done, as the command line tells it: `--json` prints just this. */
export interface CliError {
  readonly code: string;
  readonly message: string;
}

/** The three things that a command can say: results on stdout, all else on stderr. */
export interface Output {
  /** A result: text for people, data with `--json`. */
  result(text: string, data: unknown): void;
  /** A remark for people; nobody needs it to understand the result. Silent with `--json`. */
  note(text: string): void;
  error(error: CliError): void;
}

export function createOutput({ stdout, stderr }: Pick<ProcessIo, 'stdout' | 'stderr'>, json: boolean): Output {
  return {
    result: (text, data) => void stdout.write(json ? `${JSON.stringify(data, null, 2)}\n` : `${text}\n`),
    note: (text) => void (json || stderr.write(`${text}\n`)),
    error: ({ code, message }) => void stderr.write(json ? `${JSON.stringify({ code, message })}\n` : `${message}\n`),
  };
}
