import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { runApp } from '../metrics/running-app.ts';
import type { Scrape } from '../metrics/scrape.ts';
import { startTestServices } from '../support/test-services.ts';
import { blocksOf, readPage } from './pages.ts';

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

const [block] = blocksOf(readPage('docs/operating.md'), 'yml');
const rules = (parse(block?.text ?? '') as Rules).groups.flatMap((group) => group.rules);

/** The metrics that only a bot exports. */
const botOnlyMetrics = ['syncbot_slack_connected'];

test('each alert rule of the page queries metrics and labels that a worker exports', async () => {
  await using services = await startTestServices();
  await services.createProject('orders', [await services.createLink('orders')]);
  const yml = 'settings: { observeEvery: 1s }\nprojects: {}\n';
  await using app = await runApp({ role: 'worker', redisUrl: services.url, yml });
  const isObserved = async () => (await app.scrape()).value('syncbot_projects', { state: 'running' });
  await expect.poll(isObserved).toBe(1);

  const scrape = await app.scrape();
  const usedSelectors = rules.flatMap(({ alert, expr }) =>
    selectorsOf(expr).map((selector) => ({ alert, ...selector })),
  );
  expect(usedSelectors.length).toBe(rules.length);
  const missingMetrics = usedSelectors.filter(
    ({ name, labels }) => !botOnlyMetrics.includes(name) && !isExported(scrape, name, labels),
  );
  expect(missingMetrics).toEqual([]);
});

/**
 * Parses the selectors of an expression: `name{label="value",other=~"a|b"}`. A label of `by (…)` may have any value;
 * Prometheus itself adds `instance`.
 */
function selectorsOf(expr: string): { readonly name: string; readonly labels: readonly [string, string[]][] }[] {
  const by = [...expr.matchAll(/\bby \((\w+)\)/g)]
    .map(([, label = '']) => label)
    .filter((label) => label !== 'instance')
    .map((label): [string, string[]] => [label, []]);
  return [...expr.matchAll(/\b(syncbot_\w+)(?:\{(.*?)\})?/g)].map(([, name = '', inside = '']) => {
    const given = [...inside.matchAll(/(\w+)=~?"([^"]+)"/g)].map(([, label = '', values = '']): [string, string[]] => [
      label,
      values.split('|'),
    ]);
    return { name, labels: [...by, ...given] };
  });
}

function isExported({ samples }: Scrape, name: string, labels: readonly (readonly [string, string[]])[]): boolean {
  const sameMetric = samples.filter((sample) => sample.name === name);
  const has = ([label, values]: readonly [string, string[]]) =>
    values.length === 0
      ? sameMetric.every((sample) => sample.labels[label] !== undefined)
      : values.every((value) => sameMetric.some((sample) => sample.labels[label] === value));
  return sameMetric.length > 0 && labels.every(has);
}
