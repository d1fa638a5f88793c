import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';

test('what stands twice in a list is refused, at the second one', () => {
  const text = `policy:
  operators: [U1, S2, U1]
  channels:
    - C1
    - C1
projects:
  orders:
    labels: [prod, prod]
    links: [{ queue: q }]
`;
  const parsed = parseConfig(text, {});
  if (parsed.kind === 'read') throw new Error('it was read');
  expect(parsed.errors.map(({ path, line, message }) => `${line} ${path} ${message}`)).toEqual([
    '2 policy.operators[2] stands there twice',
    '5 policy.channels[1] stands there twice',
    '8 projects.orders.labels[1] stands there twice',
  ]);
});
