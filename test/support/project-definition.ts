import type { ProjectDefinition } from '../../src/domain/project.ts';

/** Returns a definition with one link and no optional values. */
export function makeDefinition(id: string, overrides: Partial<ProjectDefinition> = {}): ProjectDefinition {
  return {
    v: 1,
    id,
    description: null,
    source: null,
    target: null,
    labels: [],
    channel: null,
    onCall: [],
    runbook: null,
    onFailure: 'pause',
    logRetention: null,
    latencyAlert: null,
    pausedReminder: null,
    pauseMax: null,
    links: [{ queue: 'orders-full', connection: 'default', prefix: 'bull' }],
    ...overrides,
  };
}
