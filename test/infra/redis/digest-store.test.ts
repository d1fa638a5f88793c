import { expect, it } from 'vitest';
import { keys } from '../../support/keys.ts';
import { startTestServices } from '../../support/test-services.ts';

it('The store leaves out the record of a digest that a newer version has written.', async () => {
  await using services = await startTestServices();
  const { digests } = services.context;
  await digests.save(['C0SYNC 09:00 UTC', 'C0OPS 09:00 UTC'], 7);
  await services.redis.hset(keys.digests, 'C0OPS 09:00 UTC', JSON.stringify({ v: 2 }));
  expect([...(await digests.readAll())]).toEqual([['C0SYNC 09:00 UTC', 7]]);
  await digests.remove(['C0SYNC 09:00 UTC']);
  expect((await digests.readAll()).size).toBe(0);
});
