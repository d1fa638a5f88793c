import { expect, test } from 'vitest';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { startTestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { runApp } from './running-app.ts';

test('Over HTTP the bot is ready when it listens, and counts rejected requests by reason.', async () => {
  await using services = await startTestServices();
  await using slack = await FakeSlack.start();
  const env = { SLACK_APP_TOKEN: '', SLACK_SIGNING_SECRET: 'a1b2c3d4'.repeat(4), PORT: '0' };
  await using bot = await runApp({ role: 'bot', redisUrl: services.url, slack, env });
  await bot.waitForReadiness({ redis: 'ready', slack: 'ready', workers: 'not observed yet' });
  const listening = () => bot.logLines.find(({ msg }) => msg === 'listening for Slack')?.['port'];
  const port = await waitFor(listening);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = 'command=%2Fsync&text=list';
  const refused = await fetch(`http://127.0.0.1:${port}/slack/events`, { method: 'POST', headers, body });
  expect(refused.ok).toBe(false);
  await fetch(`http://127.0.0.1:${port}/elsewhere`, { method: 'POST', headers, body });
  await expect
    .poll(async () => (await bot.scrape()).table('syncbot_slack_requests_rejected_total'))
    .toEqual({ missing_signature: 1, wrong_path: 1 });
  expect((await bot.scrape()).value('syncbot_slack_connected')).toBe(1);
});
