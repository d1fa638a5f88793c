/** A variable of `.env` with its value. Null removes it. */
export type EnvVariables = Readonly<Record<string, string | null>>;

/** Returns the text of `.env` with these variables. Its other lines stay. */
export function setVariables(text: string, variables: EnvVariables): string {
  const missing = new Map(Object.entries(variables));
  const kept = text.split('\n').flatMap((line) => {
    const [, name = ''] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/.exec(line) ?? [];
    if (!Object.hasOwn(variables, name)) return [line];
    const value = missing.get(name);
    missing.delete(name);
    // A second line of the same name would win.
    return typeof value === 'string' ? [variableLine(name, value)] : [];
  });
  if (kept.at(-1) === '') kept.pop();
  const added = [...missing].flatMap(([name, value]) => (value === null ? [] : [variableLine(name, value)]));
  return `${[...kept, ...added].join('\n')}\n`;
}

/** In single quotes neither Node nor Docker Compose nor systemd replaces anything. No value has a single quote: `init` refuses it. */
function variableLine(name: string, value: string): string {
  return /^[\w:/@.,+~-]*$/.test(value) ? `${name}=${value}` : `${name}='${value}'`;
}
