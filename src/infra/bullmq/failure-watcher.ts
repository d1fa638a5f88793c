import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../application/context.ts';
import { StoreUnavailableError } from '../../application/errors.ts';
import { linkId } from '../../domain/link.ts';
import { type Project, type ProjectId, watermarkOf } from '../../domain/project.ts';
import { withTimeout } from '../../lib/async.ts';
import { type ConnectionWatch, watchConnection } from './connection-watch.ts';
import type { LinkConnections } from './link-connections.ts';

export interface FailureWatcherOptions {
  readonly connections: LinkConnections;
  /** The projects to watch now. Throws `StoreUnavailableError`. */
  readonly listProjects: () => Promise<readonly Project[]>;
  /** Returns those of the projects that are to be watched now. Throws `StoreUnavailableError`. */
  readonly readProjects: (ids: readonly ProjectId[]) => Promise<readonly Project[]>;
  /** A link of the project has a task that failed after its watermark. */
  readonly onFailure: (id: ProjectId) => Promise<void>;
  readonly log: Logger;
}

/** How often the projects are listed. Another process may have changed them. */
const listIntervalMs = 5_000;
/** Listing takes at most a tenth of the time. */
const listRestFactor = 10;
/** The shortest time between the ends of two calls of `onFailure` for one project. */
const checkIntervalMs = 250;
const closeTimeoutMs = 4_000;

/**
 * Watches the links of Running projects in this process, one connection apart from the other, and checks a project as soon as
 * a task of it fails. The cycles of the observer find what this misses.
 */
export class FailureWatcher implements AsyncDisposable {
  readonly #options: FailureWatcherOptions;
  readonly #stopping = new AbortController();
  readonly #watches = new Map<string, ConnectionWatch>();
  readonly #checks = new Map<ProjectId, Check>();
  readonly #listing: Promise<void>;
  #updating: Promise<void> = Promise.resolve();
  readonly #projects = new Map<ProjectId, Project>();
  /** The projects to read before the next update of the watches. */
  #changed = new Set<ProjectId>();

  constructor(options: FailureWatcherOptions) {
    this.#options = options;
    setMaxListeners(0, this.#stopping.signal);
    this.#listing = this.#listRepeatedly();
  }

  /**
   * Watches the project, or ends that, by its current record. Projects that change while others are read are read together.
   * Never throws.
   */
  projectChanged(id: ProjectId): Promise<void> {
    this.#changed.add(id);
    return this.#updateProjects(async () => {
      const ids = [...this.#changed];
      if (ids.length === 0) return;
      this.#changed = new Set();
      this.#watchOnly(ids, await this.#options.readProjects(ids));
    });
  }

  /** Waits at most four seconds for reads and checks that have begun. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    const watches = [...this.#watches.values()].map((watch) => watch[Symbol.asyncDispose]());
    const checks = [...this.#checks.values()].map(({ ended }) => ended);
    await withTimeout(Promise.all([this.#listing, ...watches, ...checks]), closeTimeoutMs);
  }

  async #listRepeatedly(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const startedAt = performance.now();
      await this.#updateProjects(async () => {
        const projects = await this.#options.listProjects();
        this.#watchOnly([...this.#projects.keys()], projects);
      });
      await this.#sleep(Math.max(listIntervalMs, listRestFactor * (performance.now() - startedAt)));
    }
  }

  /** One after the other, so that an older record never replaces a newer one. */
  #updateProjects(read: () => Promise<void>): Promise<void> {
    this.#updating = this.#updating.then(() => this.#logErrors(read));
    return this.#updating;
  }

  /** Watches these projects, and no longer those of `ids` that are not among them. */
  #watchOnly(ids: readonly ProjectId[], projects: readonly Project[]): void {
    if (this.#stopping.signal.aborted) return;
    const ended = new Set(ids);
    for (const project of projects) {
      ended.delete(project.id);
      this.#watch(project);
    }
    for (const id of ended) this.#unwatch(id);
    for (const [name, watch] of this.#watches) {
      if (!watch.isEmpty()) continue;
      this.#watches.delete(name);
      void watch[Symbol.asyncDispose]();
    }
  }

  #watch(project: Project): void {
    const { id, version, definition } = project;
    const before = this.#projects.get(id);
    this.#projects.set(id, project);
    const links = new Set(definition.links.map(linkId));
    for (const link of before?.definition.links ?? []) {
      if (!links.has(linkId(link))) this.#watches.get(link.connection)?.unwatch(link, id);
    }
    for (const link of definition.links) {
      const watch = this.#watches.get(link.connection) ?? this.#openWatch(link.connection);
      this.#watches.set(link.connection, watch);
      watch.watch({ link, watermark: watermarkOf(project, link), project: id, version });
    }
  }

  #unwatch(id: ProjectId): void {
    const links = this.#projects.get(id)?.definition.links ?? [];
    this.#projects.delete(id);
    for (const link of links) this.#watches.get(link.connection)?.unwatch(link, id);
  }

  #openWatch(name: string): ConnectionWatch {
    const { connections, log } = this.#options;
    return watchConnection({
      name,
      connections,
      onFailure: (id) => this.#requestCheck(id),
      onRefused: (error) =>
        log.warn({ connection: name, error }, 'XREAD is refused, failed tasks are noticed later: see docs/security.md'),
    });
  }

  /** Checks the project now. Requests during a check and its rest are one more check. */
  #requestCheck(id: ProjectId): void {
    if (this.#stopping.signal.aborted || !this.#projects.has(id)) return;
    const check = this.#checks.get(id);
    if (check !== undefined) check.isRequestedAgain = true;
    else this.#checks.set(id, { isRequestedAgain: false, ended: this.#check(id) });
  }

  async #check(id: ProjectId): Promise<void> {
    await this.#logErrors(() => this.#options.onFailure(id));
    await this.projectChanged(id);
    await this.#sleep(checkIntervalMs);
    const isRequestedAgain = this.#checks.get(id)?.isRequestedAgain;
    this.#checks.delete(id);
    if (isRequestedAgain) this.#requestCheck(id);
  }

  /** An outage of the bot's Redis is reported by its connection. */
  async #logErrors(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#stopping.signal.aborted || error instanceof StoreUnavailableError) return;
      this.#options.log.error({ error }, 'watching links failed');
    }
  }

  async #sleep(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }
}

interface Check {
  isRequestedAgain: boolean;
  readonly ended: Promise<void>;
}
