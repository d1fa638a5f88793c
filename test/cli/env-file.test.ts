import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCliInProcess } from './cli-fixture.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncbot-env-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A command that names the file that it does not find. */
const list = (env: Record<string, string> = {}, args: readonly string[] = []) =>
  runCliInProcess(['list', ...args], { folder, env });
const writeEnvFile = (text: string) => writeFile(join(folder, '.env'), text);

test('A command uses the variables of .env in the current folder.', async () => {
  await writeEnvFile("# my file\nSYNCBOT_CONFIG='/nonexistent/mine.yml' # here\n");
  expect(await list()).toMatchObject({
    exit: 2,
    err: expect.stringMatching(/^\/nonexistent\/mine\.yml does not exist/),
  });
});

test.each([
  ['a variable that is set', '/nonexistent/set.yml', '/nonexistent/set.yml'],
  ['a variable that is set and empty', '', 'syncbot.yml'],
])('Over .env wins %s.', async (_name, value, expected) => {
  await writeEnvFile('SYNCBOT_CONFIG=/nonexistent/mine.yml\nLOG_LEVEL=loud\n');
  const { exit, err } = await list({ SYNCBOT_CONFIG: value, LOG_LEVEL: '', REDIS_URL: 'redis://127.0.0.1:1' });
  expect({ exit, err }).toMatchObject({ exit: 2, err: expect.stringContaining(`${expected} does not exist`) });
});

test('A folder with the name .env is not the file.', async () => {
  await mkdir(join(folder, '.env'));
  expect((await list({ SYNCBOT_CONFIG: '/nonexistent/set.yml' })).err).toMatch(/^\/nonexistent\/set\.yml does not/);
});

test('A .env that cannot be read is one sentence and exit code 2.', async () => {
  // A link to itself. A test that runs as root may read each file.
  await symlink('.env', join(folder, '.env'));
  expect(await list()).toMatchObject({ exit: 2, err: expect.stringMatching(/^\.env .*ELOOP.*\n$/) });
  const json = await list({}, ['--json']);
  expect(JSON.parse(json.err)).toMatchObject({ code: 'environment' });
});
