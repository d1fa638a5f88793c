import { parse } from 'yaml';
import { z } from 'zod';

const duration = z.string().regex(/^(\d+(h|m|s|ms|us))+$/, 'is no duration');
const portMapping = z.string().regex(/^(\d{1,3}(\.\d{1,3}){3}:)?\d{1,5}:\d{1,5}(\/(tcp|udp))?$/, 'is no port mapping');

const mount = z.strictObject({
  type: z.enum(['bind', 'volume', 'tmpfs']),
  source: z.string().optional(),
  target: z.string().startsWith('/'),
  read_only: z.boolean().optional(),
  bind: z.strictObject({ create_host_path: z.boolean().optional() }).optional(),
});

const service = z.strictObject({
  build: z.string().optional(),
  image: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  env_file: z.array(z.strictObject({ path: z.string(), required: z.boolean().optional() })).optional(),
  ports: z.array(portMapping).optional(),
  volumes: z.array(z.union([z.string().regex(/^[\w.-]+:\/[\w/.-]+(:ro)?$/), mount])).optional(),
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
      z.strictObject({
        condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']),
      }),
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

/** The keys of the Compose specification that are used here, as strict as it is; `x-` keys are whoever's. */
const composeFile = z.strictObject({
  services: z.strictObject({ redis: service, bot: service, worker: service }),
  volumes: z.record(z.string(), z.null()),
});

export type Service = z.infer<typeof service>;

/** Reads a compose file with its merge keys; throws at a key or a value that the specification does not have. */
export function parseCompose(text: string) {
  const raw = z.record(z.string(), z.unknown()).parse(parse(text, { merge: true }));
  const known = Object.fromEntries(Object.entries(raw).filter(([key]) => !key.startsWith('x-')));
  const { services, volumes } = composeFile.parse(known);
  return { ...services, volumes };
}

/** Of a duration such as `1m30s`. */
export function parseDurationSeconds(text: string): number {
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6 };
  return [...text.matchAll(/(\d+)(h|ms|us|m|s)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? Number.NaN),
    0,
  );
}
