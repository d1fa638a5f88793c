import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

const datasource = z.strictObject({ type: z.literal('prometheus'), uid: z.string().regex(/^\$\{datasource\}$/) });
const panelFields = {
  id: z.int(),
  title: z.string(),
  gridPos: z.strictObject({ h: z.int(), w: z.int(), x: z.int(), y: z.int() }),
};
const graphFields = {
  ...panelFields,
  description: z.string(),
  datasource,
  targets: z.array(z.looseObject({ refId: z.string(), datasource, expr: z.string(), legendFormat: z.string() })).min(1),
  fieldConfig: z.looseObject({ defaults: z.looseObject({ unit: z.string() }), overrides: z.tuple([]) }),
  options: z.looseObject({}),
  transformations: z.array(z.looseObject({ id: z.string() })).optional(),
};
const panelSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('row'), ...panelFields, collapsed: z.boolean(), panels: z.tuple([]) }),
  z.strictObject({ type: z.literal('stat'), ...graphFields }),
  z.strictObject({ type: z.literal('table'), ...graphFields }),
  z.strictObject({ type: z.literal('timeseries'), ...graphFields }),
]);
const dashboardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  panels: z.array(panelSchema),
  templating: z.strictObject({ list: z.array(z.looseObject({ name: z.string() })) }),
});

const text = readFileSync(new URL('../../deploy/grafana/dashboard.json', import.meta.url), 'utf8');
const { panels, templating } = dashboardSchema.parse(JSON.parse(text));

test('Each panel has an id of its own, and no two panels overlap.', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
    Array.from({ length: h * w }, (_none, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  for (const { gridPos, title } of panels) expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
});

test('Each variable that a query uses is defined.', () => {
  const used = [...text.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)].map(([, inBraces, plain]) => inBraces ?? plain ?? '');
  const defined = [...templating.list.map(({ name }) => name), '__all'];
  expect(new Set(used)).toEqual(new Set(defined));
});

test('The queries of a panel have different ids.', () => {
  for (const panel of panels) {
    const refIds = panel.type === 'row' ? [] : panel.targets.map(({ refId }) => refId);
    expect(new Set(refIds).size, panel.title).toBe(refIds.length);
  }
});
