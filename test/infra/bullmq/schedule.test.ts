import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Services } from '../../../src/services.ts';
import { startTestRedis } from '../../support/test-redis.ts';
import { endpointOf, testSettings } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';

it('A worker that cannot reach Redis to schedule its cycles logs one warning, and schedules them once Redis is back.', async () => {
  const redis = await startTestRedis();
  const logLines: string[] = [];
  const log = pino({}, { write: (line: string) => void logLines.push(line) });
  await using services = new Services({ redis: endpointOf(redis.url), connections: {}, settings: testSettings }, log);
  await services.context.projects.listIds();
  await redis.stop();
  const started = services.startWorkers();
  const warnings = () => logLines.filter((line) => line.includes('cycles not scheduled yet'));
  await waitFor(() => warnings().length > 0);
  await using _again = await startTestRedis({ port: redis.port });
  await started;
  expect(warnings()).toHaveLength(1);
});
