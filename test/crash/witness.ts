import type { World } from '../support/world.ts';
import type { Stage } from './stage.ts';

/** Looks on all the time. */
export interface Witness {
  /** Ends looking on and tells what was seen that must never be. */
  dismiss(): Promise<readonly string[]>;
}

/** Watches that no project is reported as Paused while one of its links runs: at one version, as anybody could read it. */
export function watchPaused({ deps }: World, { project, links }: Stage): Witness {
  const seen: string[] = [];
  let isOver = false;
  const look = async () => {
    const before = await deps.store.read(project);
    const flags = await deps.links.readFlags(
      links.map(({ link }) => link),
      5_000,
    );
    const version = await deps.store.version(project);
    if (before?.state === 'paused' && before.version === version && flags.some((flag) => flag !== 'paused')) {
      seen.push(`Paused at version ${version}, but its links are ${flags.join(', ')}`);
    }
  };
  const looking = (async () => {
    while (!isOver) await look();
  })();
  return {
    async dismiss() {
      isOver = true;
      await looking;
      return seen;
    },
  };
}
