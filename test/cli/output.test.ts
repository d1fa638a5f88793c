import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { createOutput } from '../../src/cli/output.ts';
import { createPaint } from '../../src/cli/paint.ts';
import { formatTable } from '../../src/cli/table.ts';
import { sanitizeText } from '../../src/cli/terminal-text.ts';

test('sanitizeText removes what moves the cursor, breaks the line or changes the text direction', () => {
  expect(sanitizeText('a\u001b[31mb\nc\u202ed\u0007')).toBe('a[31mb cd');
  expect(sanitizeText('👩‍💻 ok')).toBe('👩‍💻 ok');
});

describe('a table', () => {
  test('aligns its columns and has no trailing spaces', () => {
    const columns = [{ title: 'NAME' }, { title: 'N', align: 'right' as const }, { title: 'BY' }];
    const rows = [
      ['orders', '7', 'bob'],
      ['users', '1234', ''],
    ];
    expect(formatTable(columns, rows).split('\n')).toEqual(['NAME       N  BY', 'orders     7  bob', 'users   1234']);
  });

  test.each([
    ['abc', 3],
    ['注文', 4],
    ['👩‍💻', 2],
    ['é', 1],
    ['e\u0301', 1],
  ])('gives %s %d columns of the terminal', (name, width) => {
    const table = formatTable([{ title: 'NAME' }, { title: 'N' }], [[name, '7']]);
    expect(table).toBe(`NAME  N\n${name}${' '.repeat(4 - width)}  7`);
  });

  test.each([
    ['orders-full-and-more', 'orders-…'],
    ['注文注文注文', '注文注…'],
    ['👩‍💻👩‍💻👩‍💻👩‍💻👩‍💻', '👩‍💻👩‍💻👩‍💻…'],
  ])('truncates %s to the width of its column', (name, truncated) => {
    expect(formatTable([{ title: 'N', maxWidth: 8 }], [[name]])).toBe(`N\n${truncated}`);
  });
});

test('lines end at an error of stdout, after which it stays writable', async () => {
  const stdout = new PassThrough({ autoDestroy: false });
  let produced = 0;
  async function* produce() {
    for (produced = 1; produced < 100; produced++) {
      if (produced === 3) stdout.emit('error', Object.assign(new Error('broken pipe'), { code: 'EPIPE' }));
      yield { text: '', data: {} };
    }
  }
  await createOutput({ stdout, stderr: new PassThrough() }, 'text').lines(produce());
  expect(produced).toBe(3);
});

test('lines wait until stdout takes more, and end when its reader has closed it', async () => {
  const stdout = new PassThrough({ highWaterMark: 1 });
  let produced = 0;
  async function* produce() {
    for (produced = 1; ; produced++) yield { text: `line ${produced}`, data: {} };
  }
  const written = createOutput({ stdout, stderr: new PassThrough() }, 'text').lines(produce());
  const [first] = await once(stdout, 'data');
  expect(String(first)).toBe('line 1\n');
  stdout.pause();
  stdout.destroy();
  await written;
  expect(produced).toBeLessThan(10);
});

test('colors are for terminals only, unless a variable asks for them', () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true });
  vi.stubEnv('FORCE_COLOR', undefined);
  expect(createPaint(terminal)('red', 'Failed')).toBe('\u001b[31mFailed\u001b[39m');
  expect(createPaint(new PassThrough())('red', 'Failed')).toBe('Failed');
  vi.stubEnv('FORCE_COLOR', '1');
  expect(createPaint(new PassThrough())('red', 'Failed')).toBe('\u001b[31mFailed\u001b[39m');
  vi.unstubAllEnvs();
});

test('a table with colors has the columns of one without', () => {
  const columns = [{ title: 'STATE' }, { title: 'N', align: 'right' as const }];
  const red = (text: string) => `\u001b[31m${text}\u001b[39m`;
  const rows = (paint: (text: string) => string) => [
    [{ text: '注文 Failed', paint }, '7'],
    ['ok', { text: '12', paint }],
  ];
  const plain = formatTable(
    columns,
    rows((text) => text),
  );
  const painted = formatTable(columns, rows(red), red);
  expect(painted).not.toBe(plain);
  expect(stripVTControlCharacters(painted)).toBe(plain);
});
