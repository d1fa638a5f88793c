import { expect } from 'vitest';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of one scrape. */
export interface Scrape {
  readonly samples: readonly Sample[];
  readonly types: ReadonlyMap<string, string>;
  /** The sample with exactly these labels. Null when there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | null;
  /** All samples of a name that are not 0, by their label values: `{ 'pause done': 3 }`. */
  table(name: string): Record<string, number>;
}

const sampleLine = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?(?:\d+\.?\d*(?:e[+-]?\d+)?|\+?Inf|NaN))$/;
const labelPair = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;

/** Parses the Prometheus text format. Fails unless each metric has one HELP and one TYPE before its samples and each series is unique. */
export function parseScrape(text: string): Scrape {
  expect(text.endsWith('\n')).toBe(true);
  const [helps, types] = [new Set<string>(), new Map<string, string>()];
  const samples: Sample[] = [];
  const series = new Set<string>();
  let family = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, name = '', value = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') {
      expect(helps, line).not.toContain(name);
      helps.add(name);
      continue;
    }
    if (kind === 'TYPE') {
      expect(['counter', 'gauge', 'histogram', 'summary']).toContain(value);
      expect([...types.keys()], line).not.toContain(name);
      types.set(name, value);
      family = name;
      continue;
    }
    const sample = parseSample(line);
    expect(familyName(sample.name, types.get(family)), line).toBe(family);
    expect(helps).toContain(family);
    const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
    expect(series, line).not.toContain(key);
    series.add(key);
    samples.push(sample);
  }
  for (const [name, type] of types) if (type === 'counter') expect(name).toMatch(/_total$/);
  return {
    samples,
    types,
    value: (name, labels = {}) =>
      samples.find((sample) => sample.name === name && haveSameLabels(sample.labels, labels))?.value ?? null,
    table: (name) =>
      Object.fromEntries(
        samples
          .filter((sample) => sample.name === name && sample.value !== 0)
          .map(({ labels, value }) => [Object.values(labels).join(' '), value]),
      ),
  };
}

function parseSample(line: string): Sample {
  const [, name = '', labelText = '', value = ''] = sampleLine.exec(line) ?? expect.unreachable(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  let parsedLength = 0;
  for (const [pair, label = '', text = ''] of labelText.matchAll(labelPair)) {
    labels[label] = text;
    parsedLength += pair.length;
  }
  expect(parsedLength, line).toBe(labelText.length);
  return { name, labels, value: value.endsWith('Inf') ? Number.POSITIVE_INFINITY : Number(value) };
}

function familyName(name: string, type: string | undefined): string {
  return type === 'histogram' ? name.replace(/_(bucket|sum|count)$/, '') : name;
}

function haveSameLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
