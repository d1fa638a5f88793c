import { once } from 'node:events';
import type { ReadProjectIds } from './cli/cli-app.ts';
import { connect, disconnect } from './infra/redis/client.ts';
import { createKeys } from './infra/redis/keys.ts';
import { createProjectReads } from './infra/redis/project-store.ts';

/**
 * Opens one connection to the bot's Redis and none to the links, which would take longer. Throws at the first error of the
 * connection: a person waits at a shell.
 */
export const readProjectIds: ReadProjectIds = async ({ endpoint, keyPrefix }) => {
  const failed = new AbortController();
  const client = connect(endpoint, 'commands', (error) => failed.abort(error));
  try {
    const skipUnreadable = () => Promise.resolve(null);
    const ids = createProjectReads({ client, keys: createKeys(keyPrefix), skipUnreadable }).listIds();
    return await Promise.race([ids, rejectWhenAborted(failed.signal)]);
  } finally {
    await disconnect(client);
  }
};

async function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  await once(signal, 'abort');
  throw signal.reason;
}
