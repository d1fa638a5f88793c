import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { waitFor } from './wait-for.ts';

/** A program in a terminal (a pseudo terminal of `script`, which each Debian has). */
export interface TerminalProgram {
  /** Everything that the terminal shows so far. */
  shown(): string;
  /** Waits until the text is shown after that of the last call, then types the keys. */
  type(shownText: string, keys: string): Promise<void>;
  kill(): void;
  /** The exit code of the program. */
  readonly exited: Promise<number | null>;
}

export interface TerminalProgramOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

export function startInTerminal(command: string, { cwd, env }: TerminalProgramOptions): TerminalProgram {
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
    cwd,
    env: { SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  return {
    shown: () => shown,
    async type(shownText, keys) {
      const at = await waitFor(() => shown.indexOf(shownText, seen) + 1, {
        description: shownText,
        timeoutMs: 30_000,
        describeState: () => shown,
      });
      seen = at + shownText.length - 1;
      child.stdin.write(keys);
    },
    kill: () => void child.kill('SIGKILL'),
    exited: once(child, 'close').then(() => child.exitCode),
  };
}
