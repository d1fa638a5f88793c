import { messages } from '../messages/catalog.ts';
import { parseRedisParameters, type RedisTls } from './redis-parameters.ts';

/** A parsed `redis[s]://`, `redis[s]+sentinel://` or `redis[s]+cluster://` URL. Secret: it can hold passwords and a key. */
export type RedisEndpoint =
  /** `url` has no parameters. With `rediss://` it uses TLS without `tls` as well. */
  | { readonly kind: 'standalone'; readonly url: string; readonly tls?: RedisTls }
  | ({ readonly kind: 'sentinel'; readonly master: string; readonly db: number } & NodesAndCredentials & SentinelAccess)
  | ({ readonly kind: 'cluster' } & NodesAndCredentials);

/** For the sentinels themselves. */
interface SentinelAccess {
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  readonly sentinelTls?: RedisTls;
}

interface NodesAndCredentials {
  /** For the servers with data. Without it they are reached without TLS. */
  readonly tls?: RedisTls;
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export type RedisUrlResult =
  | { readonly kind: 'parsed'; readonly endpoint: RedisEndpoint }
  /** The message follows the name of a key or variable: "REDIS_URL has no host". It never quotes the URL. */
  | { readonly kind: 'refused'; readonly message: string };

const texts = messages.config.redisUrl;

/** Reads the files that the URL names. */
export function parseRedisUrl(text: string): RedisUrlResult {
  const [, address = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(text) ?? [];
  const result = parseAddress(address);
  // An "@" after "?" is a password that contains "?", so the rest may be a part of it.
  if (result.kind === 'parsed' && !query.includes('@'))
    return addParameters(result.endpoint, query, text.startsWith('rediss'));
  const message = result.kind === 'refused' ? result.message : texts.parametersWithAt;
  return invalidUrl(text.includes('@') ? texts.encodePassword(message) : message);
}

function parseAddress(text: string): RedisUrlResult {
  if (text.includes('#')) return invalidUrl(texts.fragment);
  const match = /^rediss?\+(sentinel|cluster):\/\/(.*)$/.exec(text);
  if (match !== null) return parseMultiNode(match[1] === 'sentinel' ? 'sentinel' : 'cluster', match[2] ?? '');
  if (!/^rediss?:\/\//.test(text)) return invalidUrl(texts.invalid);
  return parseStandalone(text);
}
function addParameters(endpoint: RedisEndpoint, query: string, hasTls: boolean): RedisUrlResult {
  const result = parseRedisParameters(query, { hasTls, isSentinel: endpoint.kind === 'sentinel' });
  if (result.kind === 'refused') return result;
  const { tls, sentinelTls, ...sentinelCredentials } = result.parameters;
  if (tls === null) return { kind: 'parsed', endpoint: { ...endpoint, ...sentinelCredentials } };
  // ioredis reads `rediss://` itself.
  if (endpoint.kind === 'standalone' && query === '') return { kind: 'parsed', endpoint };
  return {
    kind: 'parsed',
    endpoint: { ...endpoint, tls, ...sentinelCredentials, ...(sentinelTls ? { sentinelTls: tls } : {}) },
  };
}

/** Identifies a Redis database, independent of credentials: two URLs with the same identity hold the same queues. */
export function redisIdentity(endpoint: RedisEndpoint): string {
  switch (endpoint.kind) {
    case 'standalone': {
      const { hostname, port, pathname } = new URL(endpoint.url);
      return `standalone ${formatAddress(hostname, Number(port || 6379))}/${Number(pathname.slice(1) || 0)}`;
    }
    case 'sentinel':
      return `sentinel ${formatNodes(endpoint)}/${endpoint.master}/${endpoint.db}`;
    case 'cluster':
      return `cluster ${formatNodes(endpoint)}`;
    default:
      return endpoint satisfies never;
  }
}

function parseStandalone(text: string): RedisUrlResult {
  let url: URL;
  try {
    url = new URL(text);
    decodeURIComponent(`${url.username}${url.password}`);
  } catch {
    return invalidUrl(texts.invalid);
  }
  if (url.hostname === '') return invalidUrl(texts.noHost);
  if (!/^\/?$|^\/\d{1,5}$/.test(url.pathname)) return invalidUrl(texts.invalidDatabase);
  return { kind: 'parsed', endpoint: { kind: 'standalone', url: text } };
}

function parseMultiNode(kind: 'sentinel' | 'cluster', afterScheme: string): RedisUrlResult {
  const match = /^(?:([^@/]*)@)?([^@/\s]+)(?:\/(.*))?$/.exec(afterScheme);
  const hosts = match?.[2];
  if (match === null || hosts === undefined) return invalidUrl(texts.invalid);
  const nodes = hosts.split(',').map((host) => parseNode(host, kind === 'sentinel' ? 26_379 : 6_379));
  if (!nodes.every((node) => node !== null)) return invalidUrl(texts.invalidNode);
  const credentials = parseCredentials(match[1] ?? '');
  if (credentials === null) return invalidUrl(texts.invalidCredentials);
  if (kind === 'cluster') {
    if ((match[3] ?? '') !== '') return invalidUrl(texts.databaseInCluster);
    return { kind: 'parsed', endpoint: { kind, nodes, ...credentials } };
  }
  const [master = '', db = '0', ...extraParts] = (match[3] ?? '').split('/');
  if (master === '') return invalidUrl(texts.noMaster);
  if (!/^\d{1,5}$/.test(db) || extraParts.length > 0) return invalidUrl(texts.invalidDatabase);
  return { kind: 'parsed', endpoint: { kind, nodes, master, db: Number(db), ...credentials } };
}

function parseNode(text: string, defaultPort: number): { host: string; port: number } | null {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1]?.replace(/^\[|\]$/g, '');
  const port = Number(match?.[2] ?? defaultPort);
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}

function parseCredentials(text: string): Pick<NodesAndCredentials, 'username' | 'password'> | null {
  const separatorIndex = text.indexOf(':');
  try {
    const username = decodeURIComponent(separatorIndex < 0 ? text : text.slice(0, separatorIndex));
    const password = separatorIndex < 0 ? '' : decodeURIComponent(text.slice(separatorIndex + 1));
    return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
  } catch {
    return null;
  }
}

function formatNodes({ nodes }: NodesAndCredentials): string {
  return nodes
    .map(({ host, port }) => formatAddress(host, port))
    .sort()
    .join(',');
}

function formatAddress(host: string, port: number): string {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  return `${name === 'localhost' || name === '::1' ? '127.0.0.1' : name}:${port}`;
}

function invalidUrl(message: string): RedisUrlResult {
  return { kind: 'refused', message };
}
