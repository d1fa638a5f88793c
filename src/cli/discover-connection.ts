import { parseEnvironment } from '../config/environment.ts';
import { parseRedisUrl, type RedisEndpoint, redisIdentity } from '../config/redis-url.ts';
import { defaultConnection, linkId } from '../domain/link.ts';
import { messages } from '../messages/catalog.ts';
import type { Configuration, ConfigurationResult } from './command-context.ts';
import type { NewConnection } from './discovered-file.ts';
import type { ProcessIo } from './process-io.ts';

const texts = messages.discover;

export interface ChosenConnection {
  readonly name: string;
  /** Null if syncbot.yml has it, or if it is REDIS_URL. */
  readonly newConnection: NewConnection | null;
  /** The URL must become REDIS_URL. */
  readonly mustSetUrl: boolean;
}

/** By the name of the connection. */
type Endpoints = Readonly<Record<string, RedisEndpoint>>;

type ChoiceResult =
  | { readonly kind: 'chosen'; readonly chosen: ChosenConnection; readonly configuration: Configuration }
  | Extract<ConfigurationResult, { kind: 'refused' }>;

/** Without a file and without REDIS_URL the given URL becomes REDIS_URL. Otherwise another Redis becomes a connection. */
export function chooseConnection({ env }: ProcessIo, given: string | null, configuration: Configuration): ChoiceResult {
  const { config, environment } = configuration;
  const endpoints: Endpoints = {
    [defaultConnection]: environment.secrets.redis,
    ...config.connections,
  };
  const choose = (name: string): ChoiceResult => ({
    kind: 'chosen',
    chosen: { name, newConnection: null, mustSetUrl: false },
    configuration,
  });
  if (given === null) return choose(defaultConnection);
  if (!given.includes('://')) {
    return Object.hasOwn(endpoints, given) ? choose(given) : refuse(texts.unknownConnection(Object.keys(endpoints)));
  }
  const parsed = parseRedisUrl(given.trim());
  if (parsed.kind === 'refused') return refuse(texts.connectionUrl(parsed.message));
  const { endpoint } = parsed;
  if (!configuration.hasFile && (env['REDIS_URL'] ?? '').trim() === '') {
    const withUrl = parseEnvironment({ ...env, REDIS_URL: given });
    if (withUrl.kind === 'read') {
      return {
        kind: 'chosen',
        chosen: { name: defaultConnection, newConnection: null, mustSetUrl: true },
        configuration: { ...configuration, environment: withUrl.environment },
      };
    }
  }
  const known = Object.entries(endpoints).find(([, other]) => redisIdentity(other) === redisIdentity(endpoint));
  const name = known?.[0] ?? freeName(endpoints);
  const newConnection =
    known === undefined ? { name, variable: `${name.toUpperCase().replaceAll('-', '_')}_REDIS_URL` } : null;
  return {
    kind: 'chosen',
    chosen: { name, newConnection, mustSetUrl: false },
    // The given URL may have another user than that of the file.
    configuration: {
      ...configuration,
      config: { ...config, connections: { ...config.connections, [name]: endpoint } },
    },
  };
}

/** By the link as it is on the chosen connection: two connections of the file can lead to one Redis. */
export function knownLinks({ config, environment }: Configuration, connection: string): ReadonlyMap<string, string> {
  const endpoints: Endpoints = { ...config.connections, [defaultConnection]: environment.secrets.redis };
  const identityOf = (name: string) => {
    const endpoint = endpoints[name];
    return endpoint === undefined ? null : redisIdentity(endpoint);
  };
  const identity = identityOf(connection);
  return new Map(
    config.projects.flatMap(({ definition }) =>
      definition.links
        .filter((link) => identityOf(link.connection) === identity)
        .map((link) => [linkId({ ...link, connection }), definition.id] as const),
    ),
  );
}

function freeName(endpoints: Endpoints): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? 'queues' : `queues-${number}`;
    if (!Object.hasOwn(endpoints, name)) return name;
  }
}

function refuse(message: string): ChoiceResult {
  return { kind: 'refused', error: { code: 'usage', message } };
}
