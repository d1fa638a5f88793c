import type { Project } from '../domain/project.ts';
import type { UseCaseContext } from './deps.ts';
import { StoreUnavailableError } from './faults.ts';

/** Does the work for each project at once. What goes wrong with one is logged and does not keep the others from theirs. */
export async function forEachIsolated<Item>(
  { log }: Pick<UseCaseContext, 'log'>,
  items: readonly Item[],
  { projectOf, work }: { readonly projectOf: (item: Item) => Project; readonly work: (item: Item) => Promise<void> },
): Promise<void> {
  await Promise.all(
    items.map(async (item) => {
      try {
        await work(item);
      } catch (error) {
        if (error instanceof StoreUnavailableError) throw error;
        log.error({ project: projectOf(item).id, error }, 'round left a project out');
      }
    }),
  );
}
