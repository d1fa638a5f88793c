import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { TestServices } from '../support/test-services.ts';
import type { ProjectFixture } from './project-fixture.ts';

/** Checks an invariant every 10 ms. */
export interface InvariantMonitor extends AsyncDisposable {
  /** Checks once more. Throws if the invariant was violated at any check. */
  assertHeld(): Promise<void>;
}

const linkTimeoutMs = 5_000;
const intervalMs = 10;

/** The invariant: while a project is Paused, at one version, all of its links are paused. */
export function monitorPausedLinks({ context }: TestServices, { project, links }: ProjectFixture): InvariantMonitor {
  const violations: string[] = [];
  let isStopped = false;
  const check = async () => {
    const before = await context.projects.read(project);
    const statuses = await context.links.readStatuses(
      links.map(({ link }) => link),
      linkTimeoutMs,
    );
    const version = await context.projects.readVersion(project);
    if (before?.state === 'paused' && before.version === version && statuses.some((status) => status !== 'paused')) {
      violations.push(`Paused at version ${version}, but its links are ${statuses.join(', ')}`);
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
