import { parseEnvironment } from '../config/environment.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import type { ProcessIo } from './process-io.ts';

/** `syncbot project-ids`, for the completion of a shell: one id a line. Prints nothing if the ids cannot be read. */
export async function printProjectIds({ env, stdout, readProjectIds }: ProcessIo): Promise<ExitCode> {
  const parsed = parseEnvironment(env);
  if (parsed.kind === 'refused') return exitCodes.usageError;
  const { keyPrefix, secrets } = parsed.environment;
  try {
    const ids = await readProjectIds({ endpoint: secrets.redis, keyPrefix });
    stdout.write(ids.map((id) => `${id}\n`).join(''));
    return exitCodes.success;
  } catch {
    // A shell would show an error between the words that the user types.
    return exitCodes.failure;
  }
}
