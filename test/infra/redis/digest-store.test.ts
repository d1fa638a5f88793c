import { expect, it } from 'vitest';
import { keys } from '../../support/keys.ts';
import { startTestServices } from '../../support/test-services.ts';

it.each([
  ['was written by a newer version', JSON.stringify({ v: 2 })],
  ['is no JSON', '{'],
])('The store leaves out the record of a digest that %s.', async (_why, text) => {
  await using services = await startTestServices();
  const { digests } = services.context;
  const record = { reportedUntil: 7, doneUntil: 8 };
  await digests.save(new Map(['C0SYNC 09:00 UTC', 'C0OPS 09:00 UTC'].map((key) => [key, record])));
  await services.redis.hset(keys.digests, 'C0OPS 09:00 UTC', text);
  expect([...(await digests.readAll())]).toEqual([['C0SYNC 09:00 UTC', record]]);
  await digests.remove(['C0SYNC 09:00 UTC']);
  expect((await digests.readAll()).size).toBe(0);
});

it('A record of an earlier version has one time for both.', async () => {
  await using services = await startTestServices();
  await services.redis.hset(keys.digests, 'C0SYNC 09:00 UTC', JSON.stringify({ v: 1, until: 7 }));
  expect([...(await services.context.digests.readAll())]).toEqual([
    ['C0SYNC 09:00 UTC', { reportedUntil: 7, doneUntil: 7 }],
  ]);
});
