import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../application/context.ts';
import { StoreUnavailableError } from '../../application/errors.ts';
import { type Project, type ProjectId, watermarkOf } from '../../domain/project.ts';
import { withTimeout } from '../../lib/async.ts';
import { type ConnectionWatch, type WatchedLink, watchConnection } from './connection-watch.ts';
import type { LinkConnections } from './link-connections.ts';

export interface FailureWatcherOptions {
  readonly connections: LinkConnections;
  /** The projects to watch now. Throws `StoreUnavailableError`. */
  readonly listProjects: () => Promise<readonly Project[]>;
  /** Returns null if the project is not to be watched now. Throws `StoreUnavailableError`. */
  readonly readProject: (id: ProjectId) => Promise<Project | null>;
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
  #projects = new Map<ProjectId, Project>();

  constructor(options: FailureWatcherOptions) {
    this.#options = options;
    setMaxListeners(0, this.#stopping.signal);
    this.#listing = this.#listRepeatedly();
  }

  /** Watches the project, or ends that, by its current record. Never throws. */
  projectChanged(id: ProjectId): Promise<void> {
    return this.#updateProjects(async () => {
      const project = await this.#options.readProject(id);
      if (project === null) this.#projects.delete(id);
      else this.#projects.set(id, project);
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
        this.#projects = new Map(projects.map((project) => [project.id, project]));
      });
      await this.#sleep(Math.max(listIntervalMs, listRestFactor * (performance.now() - startedAt)));
    }
  }

  /** One after the other, so that an older record never replaces a newer one. */
  #updateProjects(read: () => Promise<void>): Promise<void> {
    const update = async () => {
      await this.#logErrors(read);
      this.#updateWatches();
    };
    this.#updating = this.#updating.then(update);
    return this.#updating;
  }

  #updateWatches(): void {
    if (this.#stopping.signal.aborted) return;
    const links = [...this.#projects.values()].flatMap(toWatchedLinks);
    const names = new Set(links.map(({ link }) => link.connection));
    for (const name of names) {
      const watch = this.#watches.get(name) ?? this.#openWatch(name);
      this.#watches.set(name, watch);
      watch.update(links.filter(({ link }) => link.connection === name));
    }
    for (const [name, watch] of this.#watches) {
      if (names.has(name)) continue;
      this.#watches.delete(name);
      void watch[Symbol.asyncDispose]();
    }
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

function toWatchedLinks(project: Project): WatchedLink[] {
  const { id, version, definition } = project;
  return definition.links.map((link) => ({ link, watermark: watermarkOf(project, link), project: id, version }));
}
