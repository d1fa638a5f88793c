import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { alertKinds, alertSeverities } from '../../src/domain/conditions.ts';
import { projectStates } from '../../src/domain/project-state.ts';
import { readPage, sectionOf } from '../docs/pages.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { type RunningApp, runApp } from '../metrics/running-app.ts';
import type { Scrape } from '../metrics/scrape.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

const readDeployFile = (name: string) => readFileSync(new URL(`../../deploy/${name}`, import.meta.url), 'utf8');

/** The expressions of the rules and of the dashboard. */
const expressions = [
  ...valuesOf(parse(readDeployFile('prometheus/rules.yml')), 'expr'),
  ...valuesOf(JSON.parse(readDeployFile('grafana/dashboard.json')), 'expr'),
  ...valuesOf(JSON.parse(readDeployFile('grafana/dashboard.json')), 'definition'),
];

/** The labels of each metric in docs/operating.md. Prometheus itself adds `job` and `instance`, and a histogram has `le`. */
const documentedLabels = new Map(
  [...sectionOf(readPage('docs/operating.md'), 'Metrics').matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(
    ([, name = '', labels = '']) => [name, [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label)] as const,
  ),
);

/** The values of labels that a scrape has only when something is wrong. */
const rareValues: Readonly<Record<string, readonly string[]>> = {
  kind: alertKinds,
  severity: alertSeverities,
  state: projectStates,
};

let services: TestServices;
let slack: FakeSlack;
let app: RunningApp;
let scrape: Scrape;
beforeAll(async () => {
  services = await startTestServices();
  slack = await FakeSlack.start();
  await services.createProject('orders', [await services.createLink('orders')]);
  const yml = 'policy: { operators: [U0ALICE] }\nsettings: { observeEvery: 250ms }\nprojects: {}\n';
  // The first delivery only records the time, so nothing is sent.
  const env = {
    AUDIT_WEBHOOK_URL: 'http://127.0.0.1:9/',
    AUDIT_WEBHOOK_SECRET: 'whsec_bm90IGEgc2VjcmV0OiB3cml0ZSB5b3VyIG93bg==',
  };
  app = await runApp({ role: 'all', redisUrl: services.url, slack, yml, env });
  await services.requestAndConfirm('orders', 'pause');
  scrape = await waitFor(async () => {
    const current = await app.scrape();
    return current.value('syncbot_project_state', { project: 'orders', state: 'paused' }) === 1 && current;
  });
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await slack[Symbol.asyncDispose]();
  await services[Symbol.asyncDispose]();
});

test('There are expressions to check, and the table of the metrics has labels.', () => {
  expect(expressions.length).toBeGreaterThan(40);
  expect(documentedLabels.get('syncbot_project_alert')).toEqual(['project', 'kind', 'severity']);
});

test('A bot with an audit webhook exports up to which time it has delivered.', async () => {
  const name = 'syncbot_audit_webhook_delivered_timestamp_seconds';
  const until = await waitFor(async () => (await app.scrape()).value(name), { description: name });
  expect(until * 1_000).toBeGreaterThan(Date.UTC(2020, 0));
});

test('The table of the metrics has the labels that the program exports.', () => {
  const ownSamples = scrape.samples.filter(({ name }) => name.startsWith('syncbot_'));
  for (const { name, labels } of ownSamples) {
    const exported = Object.keys(labels).filter((label) => label !== 'le');
    expect(exported.sort(), name).toEqual([...(documentedLabels.get(familyOf(name)) ?? [])].sort());
  }
});

describe.each(expressions)('%s', (expression) => {
  const selectors = selectorsOf(expression);

  test('The program exports its metrics.', () => {
    expect(selectors.length).toBeGreaterThan(0);
    const unknown = selectors.filter(({ name }) => !scrape.types.has(familyOf(name)));
    expect(unknown).toEqual([]);
  });

  test('The metrics have its labels and values.', () => {
    for (const { name, labels } of selectors) {
      const known = ['job', 'instance', 'le', ...(documentedLabels.get(familyOf(name)) ?? [])];
      for (const [label, values] of labels) {
        expect(known, name).toContain(label);
        const exported = scrape.samples.filter((sample) => sample.name === name).map((sample) => sample.labels[label]);
        const allowed = [...exported, ...(rareValues[label] ?? [])];
        for (const value of values) expect(allowed, `${name} ${label}`).toContain(value);
      }
    }
  });
});

interface Selector {
  readonly name: string;
  /** The labels with their values. A label of `by (…)`, and one that is compared with a variable, has no values. */
  readonly labels: readonly (readonly [string, readonly string[]])[];
}

/** Parses the selectors of an expression: `name{label="value",other=~"a|b"}`. */
function selectorsOf(expression: string): Selector[] {
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/, */));
  return [...expression.matchAll(/\b((?:syncbot|process|nodejs)_\w+)(?:\{(.*?)\})?/g)].map(
    ([, name = '', inside = '']) => {
      const given = [...inside.matchAll(/(\w+)=~?"([^"]+)"/g)].map(
        ([, label = '', values = '']) => [label, values.startsWith('$') ? [] : values.split('|')] as const,
      );
      return { name, labels: [...grouped.map((label) => [label, []] as const), ...given] };
    },
  );
}

/** The series of a histogram have the name of the metric and an ending. */
function familyOf(name: string): string {
  return name.replace(/_(bucket|count|sum)$/, '');
}

/** Returns every text below this key, at any depth. */
function valuesOf(value: unknown, key: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesOf(item, key));
  const entries = Object.entries(z.record(z.string(), z.unknown()).safeParse(value).data ?? {});
  return entries.flatMap(([name, inner]) =>
    name === key && typeof inner === 'string' ? [inner] : valuesOf(inner, key),
  );
}
