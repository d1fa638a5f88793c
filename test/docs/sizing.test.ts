import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { runApp } from '../metrics/running-app.ts';
import { userActions } from '../support/slack-harness.ts';
import { startTestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { readPage } from './pages.ts';

/** The connections that docs/sizing.md documents, by role: to the bot's Redis, and to each Redis with links. */
const documentedConnections = [...readPage('docs/sizing.md').matchAll(/^\| `(\w+)` \| (\d+) \| (\d+) \|$/gm)].map(
  ([, role = '', bot = '', links = '']) => ({ role, bot: Number(bot), links: Number(links) }),
);

test('A process has as many connections as docs/sizing.md says.', async () => {
  await using services = await startTestServices({ extraServers: ['warehouse'] });
  await using slack = await FakeSlack.start();
  await services.createProject('orders', [await services.createLink('orders', 'warehouse')], { channel: 'C0SYNC' });
  const warehouse = new Redis(services.urlOf('warehouse'));
  onTestFinished(() => warehouse.disconnect());
  const yml = `policy: { operators: [U0ALICE] }\nconnections: { warehouse: '${services.urlOf('warehouse')}' }\nprojects: {}\n`;
  expect(documentedConnections.map(({ role }) => role)).toEqual(['worker', 'bot', 'all']);
  for (const { role, bot, links } of documentedConnections) {
    const before = [await clientIds(services.redis), await clientIds(warehouse)];
    const countNew = async () =>
      [await clientIds(services.redis), await clientIds(warehouse)].map(
        (ids, index) => ids.filter((id) => before[index]?.includes(id) !== true).length,
      );
    const roleName = role as 'worker' | 'bot' | 'all';
    await using app = await runApp({ role: roleName, redisUrl: services.url, slack, yml });
    await waitFor(async () => (await app.get('/readyz')).status === 200);
    if (role !== 'worker') await userActions(slack).runCommand('show orders');
    if (role !== 'bot') await waitFor(async () => String(await warehouse.client('LIST')).includes('cmd=xread'));
    expect([role, ...(await countNew())]).toEqual([role, bot, links]);
  }
});

async function clientIds(redis: Redis): Promise<string[]> {
  return [...String(await redis.client('LIST')).matchAll(/^id=(\d+)/gm)].map(([, id = '']) => id);
}
