import type { ProcessIo } from './process-io.ts';

/** Why a command did not succeed. With `--json` this is the output on stderr. */
export interface CliError {
  readonly code: string;
  readonly message: string;
}

/** Results go to stdout, everything else to stderr. */
export interface Output {
  /** Prints the text, or the data with `--json`. */
  result(text: string, data: unknown): void;
  /** Prints additional information, but not with `--json`. */
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
