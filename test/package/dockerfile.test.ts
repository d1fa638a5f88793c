import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { validate } from 'dockerfile-utils';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { listenOnFreePort } from '../support/listen-on-free-port.ts';
import { startProgram } from '../support/running-program.ts';
import { argumentsOf, commandOf, copiesOf, parseStages, propertiesOf } from './dockerfile.ts';

const root = new URL('../..', import.meta.url).pathname;
const readFile = (path: string) => readFileSync(join(root, path), 'utf8');
const dockerfile = readFile('Dockerfile');
const stages = parseStages(dockerfile);
const image = stages.at(-1) ?? expect.unreachable();
const isIgnored = parseDockerignore(readFile('.dockerignore'));

describe('the Dockerfile', () => {
  it('is valid', () => {
    expect(validate(dockerfile)).toEqual([]);
  });

  it('builds in a stage on the base image of the final one, in which it runs no command', () => {
    expect(stages.map(({ name }) => name)).toEqual(['build', null]);
    expect(new Set(stages.map(({ baseImage }) => baseImage)).size).toBe(1);
    expect(argumentsOf(image, 'RUN')).toEqual([]);
  });

  it('pins the base image to a release of Node 24', () => {
    expect(image.baseImage).toMatch(/^node:24\.\d+\.\d+-[a-z]+-slim$/);
  });

  it('installs the packages of package-lock.json without install scripts and without the demo, and copies only dist', () => {
    const installs = stages.flatMap((stage) => argumentsOf(stage, 'RUN').filter((text) => /\bnpm (ci|i)/.test(text)));
    expect(installs).toEqual(['npm ci --ignore-scripts --workspaces=false']);
    expect(copiesOf(image).map(({ from, sources }) => ({ from, sources }))).toEqual([
      { from: 'build', sources: ['/build/dist'] },
      { from: null, sources: ['package.json'] },
    ]);
  });

  it('copies only files that exist and that are in the build context', () => {
    const sources = stages.flatMap(copiesOf).flatMap(({ from, sources }) => (from === null ? sources : []));
    expect(sources.filter((path) => !existsSync(join(root, path)) || isIgnored(path))).toEqual([]);
  });

  it('copies every file that the build needs, and the build makes the program executable', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'syncbot-image-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const buildStage = stages[0] ?? expect.unreachable();
    for (const path of copiesOf(buildStage).flatMap(({ sources }) => sources)) {
      await cp(join(root, path), join(folder, path), { recursive: true });
    }
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    expect(argumentsOf(buildStage, 'RUN').at(-1)).toBe('npm run build');
    await promisify(execFile)('npm', ['run', 'build'], { cwd: folder });
    await rm(join(folder, 'node_modules'));
    const { code, stdout } = await startProgram(join(folder, 'dist/main.js'), ['--help']).exited;
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('Usage: syncbot') });
    expect((await stat(join(folder, 'dist/main.js'))).mode & 0o111).toBe(0o111);
  });

  it('runs as a numeric user that is not root', () => {
    expect(argumentsOf(image, 'USER')).toEqual(['1000:1000']);
    const keywords = image.instructions.map((instruction) => instruction.getKeyword());
    expect(keywords.lastIndexOf('USER')).toBeGreaterThan(keywords.lastIndexOf('COPY'));
  });

  it('starts Node without a shell, and takes a command line of syncbot', () => {
    expect(commandOf(image, 'ENTRYPOINT')).toEqual(['node', '/app/dist/main.js']);
    expect(commandOf(image, 'CMD')).toEqual(['run']);
  });

  it('contains no secret, and sets the admin port of the health check', () => {
    expect(stages.map((stage) => propertiesOf(stage, 'ENV'))).toEqual([
      {},
      { NODE_ENV: 'production', ADMIN_PORT: '9090' },
    ]);
    expect(argumentsOf(image, 'EXPOSE')).toEqual(['3000 9090']);
    expect(dockerfile).not.toMatch(/xox|xapp|token|password|secret/i);
  });

  it('has the labels of package.json', () => {
    const { name, description, license } = JSON.parse(readFile('package.json')) as Record<string, unknown>;
    expect(propertiesOf(image, 'LABEL')).toEqual({
      'org.opencontainers.image.title': name,
      'org.opencontainers.image.description': description,
      'org.opencontainers.image.licenses': license,
    });
  });

  it('has a health check that passes only while /healthz answers 200', async () => {
    let status = 200;
    const server = createServer(
      ({ url }, response) => void response.writeHead(url === '/healthz' ? status : 404).end(),
    );
    const env = { ADMIN_PORT: String(await listenOnFreePort(server)) };
    expect(await healthCheck(env)).toBe(0);
    expect(await healthCheck({ ...env, ADMIN_HOST: '127.0.0.1' })).toBe(0);
    status = 503;
    expect(await healthCheck(env)).toBe(1);
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
    expect(await healthCheck(env)).toBe(1);
  });

  it('has a health check that asks ADMIN_HOST, also by IPv6', async () => {
    const server = createServer((_request, response) => void response.end());
    await once(server.listen(0, '::1'), 'listening');
    onTestFinished(() => void server.close());
    const port = z.object({ port: z.number() }).parse(server.address()).port;
    expect(await healthCheck({ ADMIN_PORT: String(port), ADMIN_HOST: '::1' })).toBe(0);
  });

  it.each([{}, { ADMIN_PORT: '' }, { ADMIN_PORT: '0' }])(
    'has a health check that passes when there is no port to ask: %j',
    async (env) => expect(await healthCheck(env)).toBe(0),
  );
});

it.each(['.env', '.git/config', 'node_modules/zod/package.json', 'dist/main.js', 'test/app.test.ts', 'syncbot.yml'])(
  'the build context does not contain %s',
  (path) => {
    expect(isIgnored(path)).toBe(true);
  },
);

/** Runs the health check of the image. Returns its exit code. */
async function healthCheck(env: Readonly<Record<string, string>>): Promise<number | null> {
  const [program, ...args] = commandOf(image, 'HEALTHCHECK');
  expect(program).toBe('node');
  return (await startProgram(process.execPath, args, { env }).exited).code;
}

/** Parses a .dockerignore that first excludes everything and then allows single paths. */
function parseDockerignore(text: string): (path: string) => boolean {
  const [first, ...others] = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(first).toBe('*');
  for (const line of others) expect(line).toMatch(/^![\w./-]+$/);
  const allowedPaths = others.map((line) => line.slice(1));
  return (path) => !allowedPaths.some((allowedPath) => path === allowedPath || path.startsWith(`${allowedPath}/`));
}
