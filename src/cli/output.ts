import type { Writable } from 'node:stream';
import { createPaint, type Paint, withoutColor } from './paint.ts';
import type { ProcessIo } from './process-io.ts';

/** Why a command did not succeed. With `--json` code and message are the output on stderr. */
export interface CliError {
  readonly code: string;
  readonly message: string;
  /** What the last line of a command that waits has beside them. */
  readonly data?: object;
}

/** `json-lines`: `--json` of a command that waits. Each line of stdout is one object, and the last one is the result. */
export type OutputFormat = 'text' | 'json' | 'json-lines';

export interface OutputLine {
  readonly text: string;
  readonly data: object;
}

/** Results go to stdout, everything else to stderr. */
export interface Output {
  readonly format: OutputFormat;
  /** Colors the text of results on a terminal. */
  readonly paint: Paint;
  /** Prints the text, or the data with `--json`. */
  result(text: string, data: object | null): void;
  /** A step of a command that waits: a line of JSON. The other formats print the text, if there is one, as a result. */
  step(event: string, data: object, text?: string): void;
  /** Prints each line as soon as it is there: the text, or with `--json` the data as one line. Ends early if stdout is closed. */
  lines(lines: AsyncIterable<OutputLine>): Promise<void>;
  /** Prints additional information, but not with `--json`. */
  note(text: string): void;
  /** Prints why the command failed. It is also the last line of a command that waits, so that each has a result. */
  error(error: CliError): void;
}

export function createOutput({ stdout, stderr }: Pick<ProcessIo, 'stdout' | 'stderr'>, format: OutputFormat): Output {
  const isText = format === 'text';
  const writeLine = (event: string, data: object) =>
    void stdout.write(`${JSON.stringify({ event, at: Date.now(), ...data })}\n`);
  const result = (text: string, data: object | null) => {
    if (format === 'json-lines') writeLine('result', { ...data, code: null });
    else stdout.write(isText ? `${text}\n` : `${JSON.stringify(data, null, 2)}\n`);
  };
  return {
    format,
    paint: isText ? createPaint(stdout) : withoutColor,
    result,
    step(event, data, text) {
      if (format === 'json-lines') writeLine(event, data);
      else if (text !== undefined) result(text, data);
    },
    async lines(lines) {
      // After EPIPE the stdout of a process stays writable.
      let isClosed = false;
      stdout.once('error', () => {
        isClosed = true;
      });
      for await (const { text, data } of lines) {
        if (isClosed || !stdout.writable) return;
        if (!stdout.write(isText ? `${text}\n` : `${JSON.stringify(data)}\n`)) await whenDrained(stdout);
      }
    },
    note: (text) => void (isText && stderr.write(`${text}\n`)),
    error({ code, message, data }) {
      if (format === 'json-lines') writeLine('result', { ...data, code, message });
      stderr.write(isText ? `${message}\n` : `${JSON.stringify({ code, message })}\n`);
    },
  };
}

/** Resolves when the stream takes more, or takes nothing more because its reader has closed it. */
async function whenDrained(stream: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      for (const event of drainEvents) stream.off(event, end);
      resolve();
    };
    for (const event of drainEvents) stream.on(event, end);
  });
}

const drainEvents = ['drain', 'close', 'error'] as const;
