import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv, promisify } from 'node:util';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { exitCodes } from '../../src/cli/cli-app.ts';
import { environmentVariables, parseEnvironment, validateSlackEnvironment } from '../../src/config/environment.ts';
import { findDebianProgram } from '../support/debian-program.ts';

const readFile = (name: string) => readFileSync(new URL(`../../deploy/systemd/${name}`, import.meta.url), 'utf8');
const roles = ['bot', 'worker'] as const;
const unitOf = (role: (typeof roles)[number]) => readFile(`syncbot-${role}@.service`);

let systemdAnalyze: string;
beforeAll(async () => {
  systemdAnalyze = await findDebianProgram({ program: 'systemd-analyze', packageName: 'systemd' });
});

describe.each(roles)('the systemd unit of a %s', (role) => {
  const unit = unitOf(role);

  test('is valid', async () => {
    expect(await faultsOf(unit)).toBe('');
  });

  test('starts its role with the environment of its instance', () => {
    const program = '/opt/syncbot/current/node_modules/syncbot/dist/main.js';
    expect(valuesOf(unit, 'ExecStart')).toEqual([`/usr/bin/node ${program} run --role ${role}`]);
    expect(valuesOf(unit, 'EnvironmentFile')).toEqual(['/etc/syncbot/%i/shared.env', `/etc/syncbot/%i/${role}.env`]);
    const variables = exampleEnvironment(role);
    const known = environmentVariables.map(({ name }) => name);
    expect(Object.keys(variables).filter((name) => !known.includes(name))).toEqual([]);
    const parsed = parseEnvironment(variables);
    if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.errors));
    expect(parsed.environment.configPath).toBe('/etc/syncbot/production/syncbot.yml');
    if (role === 'bot') expect(validateSlackEnvironment(parsed.environment)).toEqual([]);
  });

  test('restarts after a crash, but not after a fault of the configuration', () => {
    expect(valuesOf(unit, 'Restart')).toEqual(['always']);
    expect(valuesOf(unit, 'RestartPreventExitStatus')).toEqual([String(exitCodes.usageError)]);
    expect(valuesOf(unit, 'StartLimitIntervalSec')).toEqual(['0']);
  });

  test('has more time to stop than the 10 seconds that a role needs', () => {
    expect(valuesOf(unit, 'TimeoutStopSec')).toEqual(['15']);
  });

  test('has few rights by the measure of systemd', async () => {
    const file = await writeUnit(unit);
    // 0 is no exposure, 100 a service without any restriction.
    await promisify(execFile)(systemdAnalyze, ['security', '--offline=yes', '--threshold=15', file]);
  });
});

test('The units differ only in role, memory and comments.', () => {
  const [bot, worker] = roles.map((role) =>
    unitOf(role)
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.replaceAll(new RegExp(`\\b${role}\\b`, 'g'), 'ROLE')),
  );
  expect(bot).toEqual(worker);
});

test('Only the bot has secrets of Slack, and the roles have different ports on one host.', () => {
  const [bot, worker] = roles.map(exampleEnvironment);
  const secretsOf = (variables = {}) => Object.keys(variables).filter((name) => /^SLACK_.*(TOKEN|SECRET)$/.test(name));
  expect(secretsOf(bot).sort()).toEqual(['SLACK_APP_TOKEN', 'SLACK_BOT_TOKEN']);
  expect(secretsOf(worker)).toEqual([]);
  expect(bot?.['ADMIN_PORT']).not.toBe(worker?.['ADMIN_PORT']);
});

test.each([
  ['an unknown key', 'ProtectSystem=', 'ProtectSytem='],
  ['a time that is none', 'TimeoutStopSec=15', 'TimeoutStopSec=15x'],
  ['a program that does not exist', process.execPath, '/no/such/node'],
])('systemd reports %s', async (_fault, text, replacement) => {
  expect(await faultsOf(unitOf('bot'), (file) => file.replace(text, replacement))).not.toBe('');
});

/** Returns what `systemd-analyze verify` prints: it exits with code 0 for a key that it does not know. */
async function faultsOf(unit: string, change: (unit: string) => string = (text) => text): Promise<string> {
  // The program must exist. On this machine Node may be elsewhere.
  const file = await writeUnit(change(unit.replace('/usr/bin/node', process.execPath)));
  const { stdout, stderr } = await promisify(execFile)(systemdAnalyze, ['verify', '--man=no', file]).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  return `${stdout}${stderr}`;
}

/** Writes the unit into a temporary folder. */
async function writeUnit(unit: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-unit-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'syncbot-test@.service');
  await writeFile(file, unit);
  return file;
}

/** Returns the values of a key, in order. */
function valuesOf(unit: string, key: string): string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

/** The variables of the example files of a role, with tokens that have the right form. */
function exampleEnvironment(role: (typeof roles)[number]): Readonly<Record<string, string | undefined>> {
  const text = `${readFile('shared.env.example')}${readFile(`${role}.env.example`)}`;
  return parseEnv(text.replaceAll(/=(xoxb|xapp)-\.\.\./g, '=$1-1'));
}
