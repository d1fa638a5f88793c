import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StoreUnavailableError } from '../../src/application/errors.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { openAppOn, runCliInProcess, startCliInProcess, writeConfigFile } from './cli-fixture.ts';

let services: TestServices;
let configFile: Awaited<ReturnType<typeof writeConfigFile>>;
beforeEach(async () => {
  services = await startTestServices();
  configFile = await writeConfigFile('projects: {}\n');
  const links = [await services.createLink('orders-full')];
  for (const id of ['orders', 'payments', 'users']) await services.createProject(id, links);
});
afterEach(async () => {
  await configFile[Symbol.asyncDispose]();
  await services[Symbol.asyncDispose]();
});

/** `syncbot watch` on a terminal. Time passes only by `tick`. */
function startWatch(line: string, size = { columns: 80, rows: 24 }) {
  const rawModes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (isRaw: boolean) => rawModes.push(isRaw) });
  const sleeps: { ms: number; wake: () => void }[] = [];
  const connection = { isDown: false };
  let now = new Date(2026, 10, 28, 12, 0, 0).getTime();
  const clock = {
    ...services.context.clock,
    now: () => now,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        const wake = () => {
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        sleeps.push({ ms, wake });
        signal?.addEventListener('abort', wake);
      }),
  };
  const projects = {
    ...services.context.projects,
    listIds: async () => {
      if (connection.isDown) throw new StoreUnavailableError('no', { cause: new Error('not connected') });
      return services.context.projects.listIds();
    },
  };
  const openApp = openAppOn(services, { context: { clock, projects } });
  const cli = startCliInProcess(line.split(' '), { env: configFile.env, terminal: size, stdin, openApp });
  let reads = 0;
  return {
    ...cli,
    stdin,
    rawModes,
    sleeps,
    connection,
    /** Waits until the list was read and drawn once more. */
    async nextRead() {
      reads += 1;
      await waitFor(async () => sleeps.length >= reads);
    },
    /** The interval passes. */
    async tick() {
      now += sleeps.at(-1)?.ms ?? 0;
      sleeps.at(-1)?.wake();
      await this.nextRead();
    },
    /** The lines on the terminal. */
    screen: () => stripVTControlCharacters(cli.out().split('\u001b[H').at(-1) ?? '').split('\r\n'),
  };
}

test('watch shows the list with the time of its reading, reads it again, and q restores the terminal', async () => {
  const watch = startWatch('watch --interval 5s');
  await watch.nextRead();
  expect(watch.screen()[0]).toBe('Read at 12:00:00 · every 5 s · q ends');
  expect(watch.screen()).toContainEqual(expect.stringMatching(/^3 projects: 3 Running/));
  expect(watch.screen().at(-1)).toMatch(/^users +Running/);
  await services.requestAndConfirm('users', 'pause');
  await services.context.projects.remove('payments', 1, 'cli:test');
  await watch.tick();
  expect(watch.screen()[0]).toBe('Read at 12:00:05 · every 5 s · q ends');
  expect(watch.screen().join('\n')).not.toContain('payments');
  expect(watch.rawModes).toEqual([true]);
  watch.stdin.write('q');
  expect(await watch.ended).toMatchObject({ exit: 0, err: '' });
  expect(watch.rawModes).toEqual([true, false]);
  expect(watch.out().startsWith('\u001b[?1049h\u001b[?25l\u001b[?7l')).toBe(true);
  expect(watch.out().endsWith('\u001b[?7h\u001b[?25h\u001b[?1049l')).toBe(true);
});

test('after many readings watch waits for its end with as many listeners as before', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const watch = startWatch('watch');
  await watch.nextRead();
  for (let reading = 0; reading < 11; reading += 1) await watch.tick();
  watch.stdin.write('q');
  await watch.ended;
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

test('while Redis does not answer, watch says since when, keeps the old list and goes on', async () => {
  const watch = startWatch('watch');
  await watch.nextRead();
  watch.connection.isDown = true;
  await watch.tick();
  await watch.tick();
  const [since, old, ...list] = watch.screen();
  expect(since).toMatch(
    /^Not read since 12:00:02: The bot's Redis does not answer\. .* syncbot tries again\. q ends\.$/,
  );
  expect(old).toBe('The list below is old. It was read at 12:00:00.');
  expect(list.at(-1)).toMatch(/^users +Running/);
  watch.connection.isDown = false;
  await watch.tick();
  expect(watch.screen()[0]).toBe('Read at 12:00:06 · every 2 s · q ends');
  watch.stdin.write('\u0003');
  expect(await watch.ended).toMatchObject({ exit: 0 });
});

test('a list that is higher than the terminal ends with a count, and a resize draws it again', async () => {
  const watch = startWatch('watch', { columns: 80, rows: 7 });
  await watch.nextRead();
  const { length } = watch.screen();
  expect(length).toBe(7);
  expect(watch.screen().slice(-2)).toEqual([expect.stringMatching(/^PROJECT /), 'And 3 more']);
  Object.assign(watch.stdout, { rows: 8 }).emit('resize');
  await waitFor(async () => watch.screen().length === 8);
  expect(watch.screen().slice(-2)).toEqual([expect.stringMatching(/^orders /), 'And 2 more']);
  watch.stdin.write('q');
  await watch.ended;
});

test('without a terminal watch ends with exit code 2, and a filter is that of list', async () => {
  expect(await runCliInProcess(['watch'])).toEqual({
    exit: 2,
    out: '',
    err: 'watch needs a terminal. In a pipe or a job use syncbot list.\n',
  });
  for (const interval of ['0s', '2h', 'often'])
    expect(await runCliInProcess(['watch', '--interval', interval])).toMatchObject({
      exit: 2,
      err: expect.stringContaining('Write a duration from 1s to 1h'),
    });
  const watch = startWatch('watch alert:no-wroker');
  expect(await watch.ended).toMatchObject({ exit: 2, out: '', err: expect.stringContaining('alert:no-worker') });
});
