import type { UseCaseContext } from './context.ts';

/**
 * The connections that links of stored projects use and this process does not have, sorted by name. Its `syncbot.yml` is older
 * or newer than the one that was applied. Throws `StoreUnavailableError`.
 */
export async function findMissingConnections({ projects, links }: UseCaseContext): Promise<string[]> {
  const stored = await projects.readMany(await projects.listIds());
  const names = new Set(stored.flatMap(({ definition }) => definition.links.map(({ connection }) => connection)));
  return [...names].filter((name) => links.connectionState(name) === 'not_configured').sort();
}
