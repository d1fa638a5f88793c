import { setImmediate } from 'node:timers/promises';
import type { Deps } from '../../src/application/deps.ts';
import type { LinkReading } from '../../src/domain/observation.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import type { Project } from '../../src/domain/project.ts';
import { exampleFacts, exampleNow } from './examples.ts';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly sentence: string;
}

export interface FakeDeps {
  readonly deps: Deps;
  readonly log: LogLine[];
  readonly told: OperationRef[];
}

/** Use cases over nothing: what a test needs of the store it puts in, everything else is a fault. */
export function fakeDeps(projects: readonly Project[], store: Partial<Deps['store']> = {}): FakeDeps {
  const log: LogLine[] = [];
  const told: OperationRef[] = [];
  const keys = new Set<string>();
  const line = (level: LogLine['level']) => (fields: object, sentence: string) => {
    log.push({ level, fields, sentence });
  };
  const unexpected = new Proxy(
    {},
    { get: (_target, name) => () => Promise.reject(new Error(`${String(name)} called`)) },
  );
  const readings = (wanted: readonly { readonly link: LinkReading['link'] }[]) =>
    Promise.resolve(wanted.map(({ link }) => ({ ...exampleFacts(link.queue), link })));
  const deps: Deps = {
    store: Object.assign(Object.create(unexpected), {
      ids: async () => projects.map(({ id }) => id),
      read: async (id: string) => projects.find((project) => project.id === id) ?? null,
      readMany: async (ids: readonly string[]) => projects.filter(({ id }) => ids.includes(id)),
      ordered: async () => null,
      now: async () => exampleNow,
      firstTime: async (key: string) => !keys.has(key) && keys.add(key).has(key),
      ...store,
    }),
    links: Object.assign(Object.create(unexpected), { observe: readings }),
    queue: { execute: async () => {}, converge: async () => {} },
    notifier: {
      async tell(ref) {
        told.push(ref);
      },
      async alert() {},
    },
    clock: { now: () => exampleNow, elapsed: () => performance.now(), sleep: () => setImmediate() },
    ids: { operation: () => 'op1' },
    log: { info: line('info'), warn: line('warn'), error: line('error') },
    settings: { confirmationTtlMs: 300_000 },
    stopping: new AbortController().signal,
  };
  return { deps, log, told };
}
