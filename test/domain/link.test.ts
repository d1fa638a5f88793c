import { expect, it } from 'vitest';
import { groupByLink } from '../../src/domain/link.ts';
import { exampleLink } from '../support/example-records.ts';

it('Items are grouped by their link, in their order. The queue alone does not make a link.', () => {
  const full = exampleLink('full');
  const other = { ...full, connection: 'warehouse' };
  const items = [full, other, { ...full }, { ...other, prefix: 'jobs' }].map((link, at) => ({ link, at }));
  expect(groupByLink(items).map(({ link, items: ofLink }) => [link, ofLink.map(({ at }) => at)])).toEqual([
    [full, [0, 2]],
    [other, [1]],
    [{ ...other, prefix: 'jobs' }, [3]],
  ]);
  expect(groupByLink([])).toEqual([]);
});
