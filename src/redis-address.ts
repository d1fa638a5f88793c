/** Where a Redis is: `redis[s]://`, `redis+sentinel://` or `redis+cluster://`, read. */
export type RedisTarget =
  | { readonly kind: 'standalone'; readonly url: string }
  | ({ readonly kind: 'sentinel'; readonly master: string; readonly db: number } & Nodes)
  | ({ readonly kind: 'cluster' } & Nodes);

interface Nodes {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export const redisUrlHint =
  'Write redis://host:6379, rediss://user:password@host:6380/0, redis+sentinel://host:26379,host:26379/<master> or redis+cluster://host:6379,host:6379.';

export type RedisUrl =
  | { readonly kind: 'parsed'; readonly target: RedisTarget }
  /** `message` follows a name: "REDIS_URL has no host". It never quotes the address, which may hold a password. */
  | { readonly kind: 'refused'; readonly message: string };

/** Reads the address of a Redis. */
export function parseRedisUrl(text: string): RedisUrl {
  const many = /^redis\+(sentinel|cluster):\/\/(.*)$/.exec(text);
  if (many !== null) return parseMany(many[1] === 'sentinel' ? 'sentinel' : 'cluster', many[2] ?? '');
  if (!/^rediss?:\/\//.test(text)) return refused('is no address of a Redis');
  return parseOne(text);
}

/** What tells one Redis database from every other: two addresses with the same identity hold the same queues. */
export function redisIdentity(target: RedisTarget): string {
  switch (target.kind) {
    case 'standalone': {
      const { hostname, port, pathname } = new URL(target.url);
      return `standalone ${address(hostname, Number(port || 6379))}/${Number(pathname.slice(1) || 0)}`;
    }
    case 'sentinel':
      return `sentinel ${addresses(target)}/${target.master}/${target.db}`;
    case 'cluster':
      return `cluster ${addresses(target)}`;
    default:
      return target satisfies never;
  }
}

function parseOne(text: string): RedisUrl {
  let url: URL;
  try {
    url = new URL(text);
    decodeURIComponent(`${url.username}${url.password}`);
  } catch {
    return refused('is no address of a Redis');
  }
  if (url.hostname === '') return refused('has no host');
  if (url.search !== '' || url.hash !== '')
    return refused('must not have "?" or "#" (encode them in a password: %3F, %23)');
  if (!/^\/?$|^\/\d{1,5}$/.test(url.pathname)) return refused('names a database that is no number');
  return { kind: 'parsed', target: { kind: 'standalone', url: text } };
}

function parseMany(kind: 'sentinel' | 'cluster', rest: string): RedisUrl {
  const match = /^(?:([^@/]*)@)?([^@/?#\s]+)(?:\/([^?#]*))?$/.exec(rest);
  const hosts = match?.[2];
  if (match === null || hosts === undefined) return refused('is no address of a Redis');
  const nodes = hosts.split(',').map((host) => parseNode(host, kind === 'sentinel' ? 26_379 : 6_379));
  if (!nodes.every((node) => node !== null)) return refused('has a host:port that cannot be read');
  const credentials = parseCredentials(match[1] ?? '');
  if (credentials === null) return refused('has a user or password that is not percent-encoded rightly');
  if (kind === 'cluster') {
    if ((match[3] ?? '') !== '') return refused('must not name a database: a cluster has only one');
    return { kind: 'parsed', target: { kind, nodes, ...credentials } };
  }
  const [master = '', db = '0', ...more] = (match[3] ?? '').split('/');
  if (master === '') return refused('does not name the master behind the hosts');
  if (!/^\d{1,5}$/.test(db) || more.length > 0) return refused('names a database that is no number');
  return { kind: 'parsed', target: { kind, nodes, master, db: Number(db), ...credentials } };
}

function parseNode(text: string, defaultPort: number): { host: string; port: number } | null {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1]?.replace(/^\[|\]$/g, '');
  const port = Number(match?.[2] ?? defaultPort);
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}

function parseCredentials(text: string): Pick<Nodes, 'username' | 'password'> | null {
  const colon = text.indexOf(':');
  try {
    const username = decodeURIComponent(colon < 0 ? text : text.slice(0, colon));
    const password = colon < 0 ? '' : decodeURIComponent(text.slice(colon + 1));
    return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
  } catch {
    return null;
  }
}

function addresses({ nodes }: Nodes): string {
  return nodes
    .map(({ host, port }) => address(host, port))
    .sort()
    .join(',');
}

function address(host: string, port: number): string {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  return `${name === 'localhost' || name === '::1' ? '127.0.0.1' : name}:${port}`;
}

function refused(message: string): RedisUrl {
  return { kind: 'refused', message };
}
