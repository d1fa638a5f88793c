import { StoreRefusedError, StoreUnavailableError } from '../application/errors.ts';
import type { ListFilter } from '../domain/list-filter.ts';
import { messages } from '../messages/catalog.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type CommandContext, toCliError } from './command-context.ts';
import { type ListView, parseFilter, readListView } from './list.ts';
import type { WatchCommand } from './parsed-command.ts';
import { openScreen, type Screen } from './screen.ts';
import { formatClockTime } from './terminal-text.ts';

const texts = messages.cli.watch;

/** `syncbot watch [filter]`: the list of `syncbot list`, read again and again until `q` or Ctrl-C. */
export async function watch(context: CommandContext, command: WatchCommand): Promise<ExitCode> {
  const parsed = parseFilter(context, command.filter);
  if (parsed.kind === 'exit') return parsed.code;
  const { clock } = context.app.useCaseContext;
  using screen = openScreen(context.io);
  let state: WatchState = { view: null, readAt: null, failure: null };
  const draw = () => screen.draw(watchLines(state, { rows: screen.rows(), intervalMs: command.intervalMs }));
  screen.onResize(draw);
  draw();
  while (!screen.closed.aborted) {
    const read = await untilClosed(readAgain(context, parsed.filter, screen), screen);
    if (read.kind === 'closed') break;
    const now = clock.now();
    state =
      read.kind === 'read'
        ? { view: read.view, readAt: now, failure: null }
        : { ...state, failure: { since: state.failure?.since ?? now, message: read.message } };
    draw();
    await clock.sleep(command.intervalMs, screen.closed);
  }
  return exitCodes.success;
}

interface WatchState {
  /** The newest list that could be read. */
  readonly view: ListView | null;
  /** Epoch ms of this machine. */
  readonly readAt: number | null;
  /** Why the last reading failed, and when the first of these failed. Null if it did not. */
  readonly failure: { readonly since: number; readonly message: string } | null;
}

type Reading =
  | { readonly kind: 'read'; readonly view: ListView }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'closed' };

async function readAgain(context: CommandContext, filter: ListFilter, screen: Screen): Promise<Reading> {
  try {
    return { kind: 'read', view: await readListView(context, { filter, limit: screen.rows() }) };
  } catch (error) {
    if (!(error instanceof StoreUnavailableError || error instanceof StoreRefusedError)) throw error;
    return { kind: 'failed', message: toCliError(error, true).message };
  }
}

/** Waits for the reading, at most until the screen is closed. */
function untilClosed(reading: Promise<Reading>, { closed }: Screen): Promise<Reading> {
  return new Promise((resolve, reject) => {
    const onClose = () => resolve({ kind: 'closed' });
    closed.addEventListener('abort', onClose);
    reading.then(resolve, reject).finally(() => closed.removeEventListener('abort', onClose));
  });
}

/** The lines of the screen, at most `rows`. A table that is too long ends with the count of what is not shown. */
function watchLines(
  { view, readAt, failure }: WatchState,
  { rows, intervalMs }: { readonly rows: number; readonly intervalMs: number },
): string[] {
  const time = readAt === null ? null : formatClockTime(readAt);
  const status =
    failure === null
      ? [texts.status(time, intervalMs)]
      : [texts.failed(formatClockTime(failure.since), failure.message), texts.old(time)];
  if (view === null) return status.slice(0, rows);
  const above = [...status, ...view.warnings, '', ...view.heading, ''];
  const table = view.table?.split('\n') ?? [];
  const free = Math.max(0, rows - above.length);
  if (view.notShown === 0 && table.length <= free) return [...above, ...table].slice(0, rows);
  const shown = table.slice(0, Math.max(0, free - 1));
  // The first line of the table is its heading.
  const notShown = view.notShown + table.length - Math.max(1, shown.length);
  return [...above, ...shown, messages.format.more(notShown)].slice(0, rows);
}
