import { expect, it } from 'vitest';
import type { Configuration } from '../../src/domain/configuration.ts';
import { startTestServices, testSettings } from '../support/test-services.ts';

const configurationOf = (operators: readonly string[]): Configuration => ({
  policy: { operators, channels: [] },
  onCall: [],
  digests: [],
  settings: { ...testSettings, showErrors: false },
  connections: {},
});

it('Each decision uses the policy that is stored at that time, although the process reads it only from time to time.', async () => {
  await using services = await startTestServices();
  const { configuration } = services.instance;
  for (const [version, operators] of [['U0ALICE'], ['U0BOB'], []].entries()) {
    await services.context.configurations.save(configurationOf(operators), version, 'cli:test');
    expect(await configuration.readPolicy()).toEqual({ operators, channels: [] });
  }
});
