import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const script = new URL('../../scripts/plant-bugs.mjs', import.meta.url).pathname;

it('Each of the 33 bugs that test the tests can still be planted.', async () => {
  expect((await run(process.execPath, [script, '--check'])).stdout).toBe('33 bugs can be planted\n');
});
