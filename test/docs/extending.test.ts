import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { applyDiff, type Block, blocksOf, readPage } from './pages.ts';

const root = new URL('../../', import.meta.url).pathname;
const sections = readPage('docs/extending.md')
  .split(/^## /m)
  .map((text) => ({ title: text.split('\n', 1)[0] ?? '', steps: parseSteps(text) }))
  .filter(({ steps }) => steps.length > 0);

test('the page has four walkthroughs', () => {
  expect(sections.map(({ title }) => title)).toEqual(['A command', 'A state', 'A language', 'Another kind of link']);
});

test('after each edit the compiler reports the errors that the page shows', async () => {
  await using sourceCopy = await copySources();
  // The walkthroughs edit different files, so one compiler run checks the same step of all of them.
  for (let index = 0; sections.some(({ steps }) => index < steps.length); index++) {
    const steps = sections.flatMap(({ steps: all }) => all[index] ?? []);
    for (const edit of steps.flatMap(({ edits }) => edits)) await applyEdit(sourceCopy.folder, edit);
    const remainingErrors = sections.flatMap(({ steps: all }) =>
      index < all.length ? [] : (all.at(-1)?.errors ?? []),
    );
    expect(await sourceCopy.errors()).toEqual([...steps.flatMap(({ errors }) => errors), ...remainingErrors].sort());
  }
});

interface WalkthroughStep {
  readonly edits: readonly Block[];
  /** Such as `src/slack/commands/parse.ts TS2345`, sorted. */
  readonly errors: readonly string[];
}

/** Splits a section into steps: some edits, then the compiler's errors. */
function parseSteps(text: string): WalkthroughStep[] {
  const steps: WalkthroughStep[] = [];
  let edits: Block[] = [];
  for (const block of blocksOf(text)) {
    if (block.language === 'diff') edits.push(block);
    if (block.language !== 'text') continue;
    steps.push({ edits, errors: block.text.trim().split('\n').sort() });
    edits = [];
  }
  return steps;
}

/** Copies the sources to a folder with the installed packages. */
async function copySources() {
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-copy-'));
  await cp(join(root, 'src'), join(folder, 'src'), { recursive: true });
  for (const file of ['package.json', 'tsconfig.json']) await cp(join(root, file), join(folder, file));
  await writeFile(join(folder, 'tsconfig.src.json'), JSON.stringify({ extends: './tsconfig.json', include: ['src'] }));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  return {
    folder,
    /** Returns the files in which the compiler reports errors, with their codes. */
    async errors() {
      // In parallel, the compiler would check the types of the packages once for each thread.
      const options = ['--noEmit', '--incremental', '--singleThreaded', '--pretty', 'false'];
      const args = [tsc, '-p', 'tsconfig.src.json', ...options];
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder }).catch((error: unknown) => {
        if (typeof error === 'object' && error !== null && 'stdout' in error) return { stdout: String(error.stdout) };
        throw error;
      });
      const found = new Map<string, Set<string>>();
      for (const [, file = '', code = ''] of stdout.matchAll(/^(\S+?)\(\d+,\d+\): error (TS\d+)/gm)) {
        found.set(file, (found.get(file) ?? new Set()).add(code));
      }
      return [...found].map(([file, codes]) => `${file} ${[...codes].join(' ')}`).sort();
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Applies an edit. Its first line names the file. */
async function applyEdit(folder: string, { text }: Block): Promise<void> {
  const [header = '', ...lines] = text.split('\n');
  const file = join(folder, header.replace(/^--- /, ''));
  const source = existsSync(file) ? await readFile(file, 'utf8') : '';
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, applyDiff(source, lines.join('\n')));
}
