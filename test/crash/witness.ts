import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { World } from '../support/world.ts';
import type { Stage } from './stage.ts';

/** Looks on again and again. */
export interface Witness extends AsyncDisposable {
  /** Looks once more now. Throws when anything was seen that must never be. */
  testify(): Promise<void>;
}

const linkAnswersMs = 5_000;
const everyMs = 10;

/** Watches that no project is reported as Paused while one of its links runs: at one version, as anybody could read it. */
export function watchPaused({ deps }: World, { project, links }: Stage): Witness {
  const seen: string[] = [];
  let isOver = false;
  const look = async () => {
    const before = await deps.store.read(project);
    const flags = await deps.links.readFlags(
      links.map(({ link }) => link),
      linkAnswersMs,
    );
    const version = await deps.store.version(project);
    if (before?.state === 'paused' && before.version === version && flags.some((flag) => flag !== 'paused')) {
      seen.push(`Paused at version ${version}, but its links are ${flags.join(', ')}`);
    }
  };
  const looking = (async () => {
    for (; !isOver; await delay(everyMs)) await look();
  })();
  return {
    async testify() {
      await look();
      expect(seen).toEqual([]);
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await looking;
    },
  };
}
