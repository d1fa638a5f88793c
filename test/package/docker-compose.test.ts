import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { environmentVariables } from '../../src/config/environment.ts';

const duration = z.string().regex(/^(\d+(h|m|s|ms|us))+$/, 'is not a duration');
const portMapping = z
  .string()
  .regex(/^(\d{1,3}(\.\d{1,3}){3}:)?\d{1,5}:\d{1,5}(\/(tcp|udp))?$/, 'is not a port mapping');

const mountSchema = z.strictObject({
  type: z.enum(['bind', 'volume', 'tmpfs']),
  source: z.string().optional(),
  target: z.string().startsWith('/'),
  read_only: z.boolean().optional(),
  bind: z.strictObject({ create_host_path: z.boolean().optional() }).optional(),
});

const serviceSchema = z.strictObject({
  build: z.string().optional(),
  image: z.string().optional(),
  pull_policy: z.enum(['always', 'never', 'missing', 'build']).optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  env_file: z.array(z.strictObject({ path: z.string(), required: z.boolean().optional() })).optional(),
  ports: z.array(portMapping).optional(),
  volumes: z.array(z.union([z.string().regex(/^[\w.-]+:\/[\w/.-]+(:ro)?$/), mountSchema])).optional(),
  user: z.string().optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  init: z.boolean().optional(),
  stop_grace_period: duration.optional(),
  restart: z.enum(['no', 'always', 'on-failure', 'unless-stopped']).optional(),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({ condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']) }),
    )
    .optional(),
  healthcheck: z
    .strictObject({
      test: z.tuple([z.enum(['CMD', 'CMD-SHELL'])], z.string()),
      interval: duration.optional(),
      timeout: duration.optional(),
      retries: z.int().positive().optional(),
      start_period: duration.optional(),
    })
    .optional(),
  deploy: z.strictObject({ replicas: z.int().nonnegative() }).optional(),
});

/** The part of the Compose specification that the file uses. A misspelled key does not parse. */
const composeSchema = z.strictObject({
  services: z.strictObject({ redis: serviceSchema, bot: serviceSchema, worker: serviceSchema }),
  volumes: z.record(z.string(), z.null()),
});

describe('docker-compose.yml', () => {
  const text = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
  const { services, volumes } = parseCompose(text);
  const { redis, bot, worker } = services;
  const syncbotServices = [bot, worker];

  it('starts a Redis, a bot and two workers', () => {
    expect(bot.command).toEqual(['run', '--role', 'bot']);
    expect(worker).toMatchObject({ command: ['run', '--role', 'worker'], deploy: { replicas: 2 } });
  });

  it('builds one image, which bot and worker use and no registry is asked for', () => {
    for (const { image, pull_policy } of syncbotServices) {
      expect(image).toMatch(/^syncbot:\$\{SYNCBOT_VERSION:-latest\}$/);
      expect(pull_policy).toBe('never');
    }
    expect(bot.build).toBe('.');
    for (const service of [redis, worker]) expect(service).not.toHaveProperty('build');
  });

  it('runs a Redis that writes to disk, evicts no key, and is reachable from this machine only', () => {
    const [program, ...options] = redis.command ?? [];
    expect(program).toBe('redis-server');
    const pairs = options.flatMap((option, index) => (index % 2 === 0 ? `${option} ${options[index + 1]}` : []));
    expect(pairs.sort()).toEqual(['--appendfsync everysec', '--appendonly yes', '--maxmemory-policy noeviction']);
    expect(redis.ports).toEqual(['127.0.0.1:6379:6379']);
    expect(redis.volumes).toEqual(['redis:/data']);
    expect(Object.keys(volumes)).toEqual(['redis']);
    expect(redis.healthcheck?.test).toEqual(['CMD', 'redis-cli', '-e', 'ping']);
  });

  it('starts its Redis alone without .env and syncbot.yml', () => {
    expect(redis).not.toHaveProperty('env_file');
    expect(redis).not.toHaveProperty('depends_on');
    for (const { env_file } of syncbotServices) expect(env_file).toEqual([{ path: '.env', required: false }]);
  });

  it('runs bot and worker without root, capabilities, new privileges, open ports and a writable file system', () => {
    for (const service of syncbotServices) {
      expect(service).toMatchObject({
        user: '1000:1000',
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        volumes: [{ type: 'bind', read_only: true, bind: { create_host_path: false } }],
      });
      expect(service).not.toHaveProperty('ports');
    }
  });

  it('starts bot and worker when Redis is healthy, and restarts them unless they are stopped', () => {
    for (const { environment, depends_on, restart, volumes: mounts } of syncbotServices) {
      expect(environment?.['REDIS_URL']).toBe('redis://redis:6379');
      expect(mounts?.[0]).toMatchObject({ source: './syncbot.yml', target: environment?.['SYNCBOT_CONFIG'] });
      expect(depends_on).toEqual({ redis: { condition: 'service_healthy' } });
      expect(restart).toBe('unless-stopped');
    }
  });

  it('gives the secrets of Slack and of the audit webhook to the bot only', () => {
    const envFile = Object.fromEntries(environmentVariables.map(({ name }) => [name, `${name} of .env`]));
    const secrets = (service: typeof bot) => {
      const environment = { ...envFile, ...service.environment };
      return Object.keys(environment).filter(
        (name) => /^(?:SLACK_.*(?:TOKEN|SECRET)|AUDIT_.*)$/.test(name) && environment[name] !== '',
      );
    };
    expect(secrets(worker)).toEqual([]);
    expect(secrets(bot)).toEqual([
      'SLACK_BOT_TOKEN',
      'SLACK_APP_TOKEN',
      'SLACK_SIGNING_SECRET',
      'AUDIT_WEBHOOK_URL',
      'AUDIT_WEBHOOK_SECRET',
    ]);
  });

  it('gives bot and worker more than the 10 seconds that a shutdown may take', () => {
    for (const { stop_grace_period } of syncbotServices) expect(stop_grace_period).toBe('15s');
  });

  it('uses the health check of the image', () => {
    for (const service of syncbotServices) expect(service).not.toHaveProperty('healthcheck');
  });
});

it.each([
  ['services: { redis: { image: b, readonly: true } }', /readonly/],
  ['services: { redis: { image: b, stop_grace_period: 15 } }', /stop_grace_period/],
  ['services: { redis: { image: b, ports: ["6379"] } }', /port mapping/],
  ['version: "3"\nservices: {}', /version/],
])('the schema of compose files refuses %j', (text, message) => {
  expect(() => parseCompose(text)).toThrow(message);
});

/** Parses a compose file with its merge keys. Keys that begin with `x-` are free. */
function parseCompose(text: string): z.infer<typeof composeSchema> {
  const file = z.record(z.string(), z.unknown()).parse(parse(text, { merge: true }));
  return composeSchema.parse(Object.fromEntries(Object.entries(file).filter(([key]) => !key.startsWith('x-'))));
}
