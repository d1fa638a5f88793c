import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { parseCompose, parseDurationSeconds } from './compose.ts';
import { finalStage, lastStep, parseDockerfile, parseDockerignore, stepsOf } from './dockerfile.ts';
import { readRepositoryFile } from './image.ts';
import { root } from './production-install.ts';

const dockerfile = await readRepositoryFile('Dockerfile');
const isIgnored = parseDockerignore(await readRepositoryFile('.dockerignore'));
const { redis, bot, worker, volumes } = parseCompose(await readRepositoryFile('docker-compose.yml'));
const packageJson = JSON.parse(await readRepositoryFile('package.json')) as Readonly<Record<string, string>>;

describe('the Dockerfile', () => {
  const stages = parseDockerfile(dockerfile);
  const last = finalStage(dockerfile);

  it('has no fault that its language knows', () => {
    expect(validate(dockerfile)).toEqual([]);
  });

  it('builds in stages of their own on one base, of which nothing but what it copies gets into the last', () => {
    expect(stages.map(({ name }) => name)).toEqual(['build', 'dependencies', null]);
    expect(new Set(stages.map(({ base }) => base)).size).toBe(1);
    expect(stepsOf(last, 'run')).toEqual([]);
  });

  it('pins the base to one release of Node that package.json allows', () => {
    const [, release = ''] = /^node:(\d+\.\d+\.\d+)-[a-z]+-slim$/.exec(last.base) ?? [];
    const [major, minor] = release.split('.').map(Number);
    expect(major).toBe(20);
    expect(minor).toBeGreaterThanOrEqual(19);
  });

  it('installs what package-lock.json says, runs no script of a package, and keeps development packages out', () => {
    const installs = stages.map((stage) =>
      stepsOf(stage, 'run').filter(({ text }) => /\bnpm (ci|i|install)\b/.test(text)),
    );
    expect(installs.flat().map(({ text }) => text)).toEqual([
      'npm ci --ignore-scripts',
      'npm ci --ignore-scripts --omit=dev --omit=optional',
    ]);
    const modules = stepsOf(last, 'copy').filter(({ sources }) =>
      sources.some((path) => path.includes('node_modules')),
    );
    expect(modules).toMatchObject([{ from: 'dependencies' }]);
  });

  it('copies only what is in the repository and in the build context', () => {
    const sources = stages.flatMap((stage) => stepsOf(stage, 'copy').filter(({ from }) => from === null));
    for (const path of sources.flatMap((step) => step.sources)) {
      expect({ path, exists: existsSync(join(root, path)), ignored: isIgnored(path) }).toEqual({
        path,
        exists: true,
        ignored: false,
      });
    }
  });

  it('runs as a user that is a number and not root', () => {
    expect(lastStep(last, 'user')?.text).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const order = last.steps.map(({ kind }) => kind);
    expect(order.lastIndexOf('user')).toBeGreaterThan(order.lastIndexOf('copy'));
  });

  it('starts Node itself, with the whole command line behind it', () => {
    expect(lastStep(last, 'entrypoint')?.command).toEqual(['node', '/app/dist/main.js']);
    expect(lastStep(last, 'cmd')?.command).toEqual(['run']);
    expect(lastStep(last, 'healthcheck')?.command.slice(0, 2)).toEqual(['node', '-e']);
  });

  it('sets no secret, and an admin port that the health check asks', () => {
    const env = Object.assign({}, ...stages.flatMap((stage) => stepsOf(stage, 'env').map(({ values }) => values)));
    expect(env).toEqual({ NODE_ENV: 'production', ADMIN_PORT: '9090' });
    expect(lastStep(last, 'expose')?.ports).toEqual(['3000', '9090']);
    expect(dockerfile).not.toMatch(/xox|xapp|token|password|secret/i);
  });

  it('is labelled with what package.json says', () => {
    expect(lastStep(last, 'label')?.values).toEqual({
      'org.opencontainers.image.title': packageJson['name'],
      'org.opencontainers.image.description': packageJson['description'],
      'org.opencontainers.image.licenses': packageJson['license'],
    });
  });
});

it.each(['.env', '.git/config', 'node_modules/zod/package.json', 'dist/main.js', 'test/app.test.ts', 'syncbot.yml'])(
  '%s is not in the build context',
  (path) => {
    expect(isIgnored(path)).toBe(true);
  },
);

it.each([
  ['FROM a\nCMD node main.js', /CMD is not in exec form/],
  ['FROM a\nENTRYPOINT ["node", 1]', /ENTRYPOINT is not in exec form/],
  ['FROM a\nHEALTHCHECK CMD curl localhost', /HEALTHCHECK is not in exec form/],
  ['FROM a\nHEALTHCHECK NONE', /HEALTHCHECK without CMD/],
  ['FROM a\nADD b c', /ADD is not known/],
])('the reading refuses %j', (text, message) => {
  expect(() => parseDockerfile(text)).toThrow(message);
});

describe('docker-compose.yml', () => {
  const ownEnv = [bot, worker];

  it('has a Redis, a bot and two workers', () => {
    expect(bot.command).toEqual(['run', '--role', 'bot']);
    expect(worker).toMatchObject({ command: ['run', '--role', 'worker'], deploy: { replicas: 2 } });
  });

  it('keeps what Redis is told, drops no key, and shows it to this machine alone', () => {
    const [program, ...options] = redis.command ?? [];
    expect(program).toBe('redis-server');
    const pairs = options
      .map((word, index) => (index % 2 === 0 ? `${word} ${options[index + 1]}` : ''))
      .filter(Boolean);
    expect(pairs.sort()).toEqual(['--appendfsync everysec', '--appendonly yes', '--maxmemory-policy noeviction']);
    expect(redis.ports).toEqual(['127.0.0.1:6379:6379']);
    expect(redis.volumes).toEqual(['redis:/data']);
    expect(Object.keys(volumes)).toEqual(['redis']);
    expect(redis.healthcheck?.test).toEqual(['CMD', 'redis-cli', '-e', 'ping']);
  });

  it('starts its Redis alone without an .env or a syncbot.yml', () => {
    expect(redis).not.toHaveProperty('env_file');
    expect(redis).not.toHaveProperty('depends_on');
    for (const { env_file } of ownEnv) expect(env_file).toEqual([{ path: '.env', required: false }]);
  });

  it('shuts bot and worker in: no root, no capability, no new privileges, nothing to write to', () => {
    for (const service of ownEnv) {
      expect(service).toMatchObject({
        build: '.',
        user: lastStep(finalStage(dockerfile), 'user')?.text,
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        volumes: [{ type: 'bind', read_only: true, bind: { create_host_path: false } }],
      });
      expect(service).not.toHaveProperty('ports');
    }
  });

  it('finds Redis by its name, waits until it answers, and takes up work again after any end but a stop', () => {
    for (const { environment, depends_on, restart, volumes: mounts } of ownEnv) {
      expect(environment?.['REDIS_URL']).toBe('redis://redis:6379');
      expect(mounts?.[0]).toMatchObject({ source: './syncbot.yml', target: environment?.['SYNCBOT_CONFIG'] });
      expect(depends_on).toEqual({ redis: { condition: 'service_healthy' } });
      expect(restart).toBe('unless-stopped');
    }
  });

  it('leaves a role the 10 seconds that SIGTERM may take', () => {
    for (const { stop_grace_period } of ownEnv)
      expect(parseDurationSeconds(stop_grace_period ?? '0s')).toBeGreaterThan(10);
  });

  it('keeps the health check of the image', () => {
    for (const service of ownEnv) expect(service).not.toHaveProperty('healthcheck');
  });

  it.each([
    ['services: { redis: { image: b, readonly: true } }', /readonly/],
    ['services: { redis: { image: b, stop_grace_period: 15 } }', /stop_grace_period/],
    ['services: { redis: { image: b, ports: ["6379"] } }', /port mapping/],
    ['version: "3"\nservices: {}', /version/],
  ])('the reading refuses %j', (text, message) => {
    expect(() => parseCompose(text)).toThrow(message);
  });
});
