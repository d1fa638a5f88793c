import type { Shell } from './context.ts';

/** Why something was not done, as the command line tells it: `--json` prints just this. */
export interface Told {
  readonly code: string;
  readonly message: string;
}

/** The three things that a command can say: results on stdout, all else on stderr. */
export interface Say {
  /** A result: text for people, data with `--json`. */
  result(text: string, data: unknown): void;
  /** A remark for people; nobody needs it to understand the result. Silent with `--json`. */
  remark(text: string): void;
  fault(told: Told): void;
}

export function sayTo({ stdout, stderr }: Pick<Shell, 'stdout' | 'stderr'>, json: boolean): Say {
  return {
    result: (text, data) => void stdout.write(json ? `${JSON.stringify(data, null, 2)}\n` : `${text}\n`),
    remark: (text) => void (json || stderr.write(`${text}\n`)),
    fault: ({ code, message }) => void stderr.write(json ? `${JSON.stringify({ code, message })}\n` : `${message}\n`),
  };
}
