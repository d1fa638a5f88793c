import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { TestServices } from '../support/test-services.ts';
import type { ProjectFixture } from './project-fixture.ts';

/** Looks on again and again. */
export interface InvariantMonitor extends AsyncDisposable {
  /** Looks once more now. Throws when anything was seen that must never be. */
  assertHeld(): Promise<void>;
}

const linkTimeoutMs = 5_000;
const intervalMs = 10;

/** Watches that no project is reported as Paused while one of its links runs: at one version, as anybody could read it. */
export function monitorPausedLinks({ deps: context }: TestServices, { project, links }: ProjectFixture): InvariantMonitor {
  const violations: string[] = [];
  let isStopped = false;
  const check = async () => {
    const before = await context.projects.read(project);
    const flags = await context.links.readStatuses(
      links.map(({ link }) => link),
      linkTimeoutMs,
    );
    const version = await context.projects.readVersion(project);
    if (before?.state === 'paused' && before.version === version && flags.some((flag) => flag !== 'paused')) {
      violations.push(`Paused at version ${version}, but its links are ${flags.join(', ')}`);
    }
  };
  const loop = (async () => {
    for (; !isStopped; await delay(intervalMs)) await check();
  })();
  return {
    async assertHeld() {
      await check();
      expect(violations).toEqual([]);
    },
    async [Symbol.asyncDispose]() {
      isStopped = true;
      await loop;
    },
  };
}
