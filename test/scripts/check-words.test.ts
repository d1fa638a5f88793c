import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';

const run = promisify(execFile);
const script = new URL('../../scripts/check-words.mjs', import.meta.url).pathname;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncbot-words-'));
  await run('git', ['init', '--quiet'], { cwd: folder });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function checkWords(file: string, content: string): Promise<{ code: number; output: string }> {
  await writeFile(join(folder, file), content);
  return run(process.execPath, [script, folder]).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    ({ code, stdout }) => ({ code, output: stdout }),
  );
}

it('The check passes when no retired word is used.', async () => {
  expect(await checkWords('a.ts', '/** Returns null when Redis does not answer. */')).toEqual({
    code: 0,
    output: 'words: no retired word\n',
  });
});

it.each([
  ['a comment', 'a.ts', 'x\n// somebody else writes it', '"somebody"'],
  ['an identifier', 'a.ts', 'const toldFetch = 1;\n', '"told"'],
  ['the middle of an identifier', 'a.ts', 'const isTold = 1;\n', '"Told"'],
  ['a document', 'a.md', 'Mend what failed.', '"Mend"'],
  ['a Lua script', 'a.lua', '-- put back', '"put back"'],
  ['a negative definition', 'a.ts', '/** Null: nobody has it. */', '"Null: nobody"'],
])('The check fails and names the word in %s.', async (_place, file, content, word) => {
  const { code, output } = await checkWords(file, content);
  expect(code).toBe(1);
  expect(output).toContain(`${file}:`);
  expect(output).toContain(word);
});

it('A word inside a longer word is not found.', async () => {
  expect(await checkWords('a.ts', "const placeholder = 'withhold a stronghold';\n")).toMatchObject({ code: 0 });
});
