import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';

/** Commands whose subcommands an ACL grants one by one. */
const containers: ReadonlySet<string> = new Set(['client', 'cluster', 'config', 'memory', 'script', 'xgroup', 'xinfo']);

/** What the clients of one Redis server were seen to do. */
export interface Seen {
  /** As an ACL writes them: `hget`, `client|list`; also from within scripts. */
  readonly commands: ReadonlySet<string>;
  /** The same, and every command that a script names which was run, whether or not it came to it. */
  readonly mayCome: ReadonlySet<string>;
  /** The fields that were read of hashes, by the hash's key. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

export interface Witness extends AsyncDisposable {
  /** What everybody did but the connections with these addresses, as CLIENT LIST tells them. */
  seen(others: ReadonlySet<string>): Seen;
}

/** Watches everything that reaches a fresh server. */
export async function watchServer(url: string): Promise<Witness> {
  const client = new Redis(url);
  const monitor = await client.monitor();
  const lines: { readonly source: string; readonly args: readonly string[] }[] = [];
  let last = '';
  monitor.on('monitor', (_time: string, args: readonly string[], source: string) => {
    if (source !== 'lua') last = source;
    lines.push({ source: last, args });
  });
  return {
    seen(others) {
      const ours = lines.filter(({ source }) => !others.has(source)).map(({ args }) => args);
      const commands = new Set(ours.map(nameOf));
      const texts = new Map(lines.filter(({ args }) => isCalled(args, 'eval')).map(({ args }) => hashed(args[1])));
      const scripts = new Set(ours.flatMap((args) => scriptOf(args, texts) ?? []));
      const mayCome = new Set([...commands, ...[...scripts].flatMap(commandsNamedIn)]);
      return { commands, mayCome, fields: fieldsIn(ours) };
    },
    async [Symbol.asyncDispose]() {
      monitor.disconnect();
      client.disconnect();
    },
  };
}

function fieldsIn(lines: readonly (readonly string[])[]): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const [name = '', key = '', ...read] of lines) {
    const found = /^hm?get$/i.test(name) ? read : /^(hgetall|hvals|hscan)$/i.test(name) ? ['everything'] : [];
    if (found.length > 0) fields.set(key, [...new Set([...(fields.get(key) ?? []), ...found])]);
  }
  return fields;
}

function nameOf([name = '', first = '']: readonly string[]): string {
  const command = name.toLowerCase();
  return containers.has(command) ? `${command}|${first.toLowerCase()}` : command;
}

/** A server that is fresh is given the text of each script once, by whoever runs it first. */
function scriptOf(args: readonly string[], texts: ReadonlyMap<string, string>): string | undefined {
  if (isCalled(args, 'eval')) return hashed(args[1])[1];
  return isCalled(args, 'evalsha') ? texts.get(args[1] ?? '') : undefined;
}

function isCalled([name = '']: readonly string[], command: string): boolean {
  return name.toLowerCase() === command;
}

/** MONITOR escapes what is not printable; the hash is that of the text as it was sent. */
function hashed(escaped = ''): [hash: string, text: string] {
  const text = escaped.replaceAll(/\\(x[0-9a-f]{2}|.)/g, (_all, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' }[code] ?? code;
  });
  return [createHash('sha1').update(Buffer.from(text, 'latin1')).digest('hex'), text];
}

/** The commands that a script names. */
export function commandsNamedIn(lua: string): string[] {
  const code = lua.replaceAll(/--\[\[[\s\S]*?\]\]|--[^\n]*/g, '');
  return [...code.matchAll(/\b(?:rcall|redis\.p?call)\(\s*['"](\w+)['"]/g)].map(([, name = '']) => name.toLowerCase());
}
