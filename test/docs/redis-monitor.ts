import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';

/** The commands whose subcommands an ACL grants one by one. */
const commandsWithSubcommands: ReadonlySet<string> = new Set([
  'client',
  'cluster',
  'config',
  'memory',
  'script',
  'xgroup',
  'xinfo',
]);

/** The commands of the clients of one Redis server. */
export interface ObservedCommands {
  /** In the notation of an ACL, such as `hget` or `client|list`, also those that scripts sent. */
  readonly commands: ReadonlySet<string>;
  /** The same, and every command in the text of an executed script, whether or not it was sent. */
  readonly possibleCommands: ReadonlySet<string>;
  /** The hash fields that were read, by the key of the hash. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

export interface RedisMonitor extends AsyncDisposable {
  /** Returns the commands of all connections except those with these addresses of CLIENT LIST. */
  observed(excludedAddresses: ReadonlySet<string>): ObservedCommands;
}

/** Monitors a fresh server. */
export async function monitorServer(url: string): Promise<RedisMonitor> {
  const client = new Redis(url);
  const monitor = await client.monitor();
  const lines: { readonly source: string; readonly args: readonly string[] }[] = [];
  let lastClient = '';
  monitor.on('monitor', (_time: string, args: readonly string[], source: string) => {
    if (source !== 'lua') lastClient = source;
    lines.push({ source: lastClient, args });
  });
  return {
    observed(excludedAddresses) {
      const clientLines = lines.filter(({ source }) => !excludedAddresses.has(source)).map(({ args }) => args);
      const commands = new Set(clientLines.map(commandName));
      const scriptTexts = new Map(
        lines.filter(({ args }) => isCommand(args, 'eval')).map(({ args }) => hashScript(args[1])),
      );
      const scripts = new Set(clientLines.flatMap((args) => scriptText(args, scriptTexts) ?? []));
      const possibleCommands = new Set([...commands, ...[...scripts].flatMap(commandsInScript)]);
      return { commands, possibleCommands, fields: readFields(clientLines) };
    },
    async [Symbol.asyncDispose]() {
      monitor.disconnect();
      client.disconnect();
    },
  };
}

function readFields(lines: readonly (readonly string[])[]): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const [name = '', key = '', ...read] of lines) {
    const found = /^hm?get$/i.test(name) ? read : /^(hgetall|hvals|hscan)$/i.test(name) ? ['everything'] : [];
    if (found.length > 0) fields.set(key, [...new Set([...(fields.get(key) ?? []), ...found])]);
  }
  return fields;
}

function commandName([name = '', first = '']: readonly string[]): string {
  const command = name.toLowerCase();
  return commandsWithSubcommands.has(command) ? `${command}|${first.toLowerCase()}` : command;
}

/** Returns the text of the script that a command runs. A fresh server gets each text once, in the first EVAL. */
function scriptText(args: readonly string[], texts: ReadonlyMap<string, string>): string | undefined {
  if (isCommand(args, 'eval')) return hashScript(args[1])[1];
  return isCommand(args, 'evalsha') ? texts.get(args[1] ?? '') : undefined;
}

function isCommand([name = '']: readonly string[], command: string): boolean {
  return name.toLowerCase() === command;
}

/** Returns the hash and the text of a script as it was sent: MONITOR escapes unprintable characters. */
function hashScript(escaped = ''): [hash: string, text: string] {
  const text = escaped.replaceAll(/\\(x[0-9a-f]{2}|.)/g, (_all, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' }[code] ?? code;
  });
  return [createHash('sha1').update(Buffer.from(text, 'latin1')).digest('hex'), text];
}

/** Returns the commands in the text of a script. */
export function commandsInScript(lua: string): string[] {
  const code = lua.replaceAll(/--\[\[[\s\S]*?\]\]|--[^\n]*/g, '');
  return [...code.matchAll(/\b(?:rcall|redis\.p?call)\(\s*['"](\w+)['"]/g)].map(([, name = '']) => name.toLowerCase());
}
