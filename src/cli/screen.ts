import type { ProcessIo } from './process-io.ts';
import { stopSignals } from './process-io.ts';

/** The whole terminal, until it is disposed. Then the terminal is as it was before. */
export interface Screen extends Disposable {
  rows(): number;
  /** Replaces what is on the terminal. The terminal cuts lines that are too long. */
  draw(lines: readonly string[]): void;
  onResize(listener: () => void): void;
  /** Is aborted by `q`, Ctrl-C, SIGTERM, and when the terminal is closed. */
  readonly closed: AbortSignal;
}

/** Whether there is a terminal for `openScreen`. */
export function hasScreen({ stdout }: Pick<ProcessIo, 'stdout'>): boolean {
  return 'isTTY' in stdout && stdout.isTTY === true;
}

// Of xterm and all that follow it: the alternate screen, the cursor, and whether long lines continue on the next one.
const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const leave = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const home = '\u001b[H';
const clearLine = '\u001b[K';
const clearBelow = '\u001b[J';
const defaultRows = 24;
const ctrlC = '\u0003';

export function openScreen({ stdin, stdout, signals }: Pick<ProcessIo, 'stdin' | 'stdout' | 'signals'>): Screen {
  const controller = new AbortController();
  const close = () => controller.abort();
  const onInput = (chunk: Buffer | string) => {
    if (/[qQ]/.test(String(chunk)) || String(chunk).includes(ctrlC)) close();
  };
  const listeners: (() => void)[] = [];
  stdout.write(enter);
  stdout.on('close', close);
  for (const signal of stopSignals) signals.once(signal, close);
  // Without raw mode a key arrives only after Enter. In raw mode Ctrl-C is a key, not a signal.
  if (stdin.isTTY === true) {
    stdin.setRawMode?.(true);
    stdin.on('data', onInput);
    stdin.resume();
  }
  return {
    rows: () => ('rows' in stdout && typeof stdout.rows === 'number' && stdout.rows > 0 ? stdout.rows : defaultRows),
    draw: (lines) => {
      if (stdout.writable)
        stdout.write(`${home}${lines.map((line) => `${line}${clearLine}`).join('\r\n')}${clearBelow}`);
    },
    onResize(listener) {
      stdout.on('resize', listener);
      listeners.push(listener);
    },
    closed: controller.signal,
    [Symbol.dispose]() {
      for (const listener of listeners) stdout.off('resize', listener);
      for (const signal of stopSignals) signals.off(signal, close);
      stdout.off('close', close);
      stdin.off('data', onInput);
      if (stdin.isTTY === true) {
        stdin.setRawMode?.(false);
        stdin.pause();
      }
      stdout.write(leave);
    },
  };
}
