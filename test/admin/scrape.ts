import { expect } from 'vitest';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What one scrape said. */
export interface Scrape {
  readonly samples: readonly Sample[];
  readonly types: ReadonlyMap<string, string>;
  /** The one sample with these labels, no more and no fewer; null when there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | null;
  /** All samples of a name, as `value of the labels` to number, without zeros. */
  table(name: string): Record<string, number>;
}

const sampleLine = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?(?:\d+\.?\d*(?:e[+-]?\d+)?|\+?Inf|NaN))$/;
const labelPair = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;

/** Reads Prometheus' text format, strictly: every metric has HELP and TYPE once, before its samples, and no series is there twice. */
export function readScrape(text: string): Scrape {
  expect(text.endsWith('\n')).toBe(true);
  const [helps, types] = [new Set<string>(), new Map<string, string>()];
  const samples: Sample[] = [];
  const series = new Set<string>();
  let current = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') {
      expect(helps, line).not.toContain(name);
      helps.add(name);
      continue;
    }
    if (kind === 'TYPE') {
      expect(['counter', 'gauge', 'histogram', 'summary']).toContain(rest);
      expect([...types.keys()], line).not.toContain(name);
      types.set(name, rest);
      current = name;
      continue;
    }
    const sample = readSample(line);
    expect(baseOf(sample.name, types.get(current)), line).toBe(current);
    expect(helps).toContain(current);
    const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
    expect(series, line).not.toContain(key);
    series.add(key);
    samples.push(sample);
  }
  for (const [name, type] of types) if (type === 'counter') expect(name).toMatch(/_total$/);
  return {
    samples,
    types,
    value: (name, labels = {}) => samples.find((one) => one.name === name && same(one.labels, labels))?.value ?? null,
    table: (name) =>
      Object.fromEntries(
        samples
          .filter((one) => one.name === name && one.value !== 0)
          .map(({ labels, value }) => [Object.values(labels).join(' '), value]),
      ),
  };
}

function readSample(line: string): Sample {
  const [, name = '', inner = '', value = ''] = sampleLine.exec(line) ?? expect.unreachable(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  let read = 0;
  for (const [pair, label = '', text = ''] of inner.matchAll(labelPair)) {
    labels[label] = text;
    read += pair.length;
  }
  expect(read, line).toBe(inner.length);
  return { name, labels, value: value.endsWith('Inf') ? Number.POSITIVE_INFINITY : Number(value) };
}

function baseOf(name: string, type: string | undefined): string {
  return type === 'histogram' ? name.replace(/_(bucket|sum|count)$/, '') : name;
}

function same(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
