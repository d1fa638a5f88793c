import type { Redis } from 'ioredis';
import type { SoakSystem } from './soak-system.ts';

/** Everything that could grow, by name. */
export interface ResourceStats {
  /** Must not grow. */
  readonly connections: ReadonlyMap<string, number>;
  readonly megabytes: ReadonlyMap<string, number>;
  readonly redis: ReadonlyMap<string, number>;
}

export async function readResourceStats(system: SoakSystem): Promise<ResourceStats> {
  const { botRedis, slack, processes } = system;
  const megabytes = new Map<string, number>();
  for (const [name, process] of processes) {
    const { heapUsed, rss } = await process.memory();
    megabytes.set(`heap of ${name}, MB`, heapUsed / 1_048_576);
    megabytes.set(`RSS of ${name}, MB`, rss / 1_048_576);
  }
  const memory = /used_memory:(\d+)/.exec(await botRedis.info('memory'))?.[1];
  return {
    megabytes,
    connections: new Map([...(await readConnections(system)), ['sockets at Slack', slack.socketCount]]),
    redis: new Map([
      ["keys of the bot's Redis", await botRedis.dbsize()],
      ["memory of the bot's Redis, MB", Number(memory) / 1_048_576],
    ]),
  };
}

export async function readConnections({ botRedis, warehouse }: SoakSystem): Promise<Map<string, number>> {
  return new Map([
    ...(await countConnections(botRedis, "the bot's Redis")),
    ...(await countConnections(warehouse, "the links' Redis")),
  ]);
}

/** Counts by the name of the connection: BullMQ's workers use the name of the queue, other connections have no name. */
async function countConnections(redis: Redis, server: string): Promise<Map<string, number>> {
  const kinds = new Map<string, number>();
  for (const line of String(await redis.client('LIST'))
    .trim()
    .split('\n')) {
    const name = / name=(\S*)/.exec(line)?.[1] ?? '';
    const [prefix, queue = ''] = name.split(':');
    const kind =
      name === ''
        ? 'commands'
        : prefix === 'bull'
          ? 'link workers'
          : `worker of ${Buffer.from(queue, 'base64').toString()}`;
    const key = `${server}: ${kind}`;
    kinds.set(key, (kinds.get(key) ?? 0) + 1);
  }
  return kinds;
}

/** Returns a line for each connection kind with more connections than at the start. */
export function findGrowth(start: ReadonlyMap<string, number>, end: ReadonlyMap<string, number>): string[] {
  return [...end]
    .filter(([name, count]) => count > (start.get(name) ?? 0))
    .map(([name, count]) => `${name}: ${start.get(name) ?? 0} at the start, ${count} at the end`);
}

/** Counts the operations of all projects by state, and lists the open ones. */
export async function readOperations({ botRedis, projects }: SoakSystem) {
  const byState = new Map<string, number>();
  const open: string[] = [];
  for (const { id } of projects) {
    const keyPrefix = `syncbot:{p:${id}}`;
    const audit = await botRedis.xrange(`${keyPrefix}:audit`, '-', '+');
    const requests = audit.filter(([, fields]) => fields.includes('requested'));
    for (const [, fields] of requests) {
      const operation = fields[fields.indexOf('operation') + 1] ?? '';
      const state = (await botRedis.hget(`${keyPrefix}:op:${operation}`, 'state')) ?? 'expired record';
      byState.set(state, (byState.get(state) ?? 0) + 1);
      if (['requested', 'confirmed', 'running'].includes(state)) open.push(`${id} ${operation} ${state}`);
    }
  }
  return { byState, open };
}

/** Returns a plain table with the values at the start and at the end, and the difference. */
export function formatTable(start: ResourceStats, end: ResourceStats): string {
  const names = (['connections', 'megabytes', 'redis'] as const).flatMap((part) =>
    [...new Set([...start[part].keys(), ...end[part].keys()])].map((name) => [part, name] as const),
  );
  const width = Math.max(...names.map(([, name]) => name.length));
  const row = (name: string, cells: readonly string[]) =>
    [name.padEnd(width), ...cells.map((cell) => cell.padStart(9))].join(' ');
  const rows = names.map(([part, name]) => {
    const [before, after] = [start[part].get(name) ?? 0, end[part].get(name) ?? 0];
    return row(name, [
      formatNumber(before),
      formatNumber(after),
      `${after > before ? '+' : ''}${formatNumber(after - before)}`,
    ]);
  });
  return [row('', ['start', 'end', 'change']), ...rows].join('\n');
}

function formatNumber(number: number): string {
  return Number.isInteger(number) ? String(number) : number.toFixed(1);
}
