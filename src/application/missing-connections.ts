import type { UseCaseContext } from './context.ts';

type MissingConnectionsContext = Pick<UseCaseContext, 'projects' | 'links' | 'log'>;

/**
 * The connections that links of stored projects use and this process does not have. A worker leaves the links of such a
 * connection to other workers. If no worker has it, the links are never reached.
 */
export class MissingConnections {
  readonly #context: MissingConnectionsContext;
  #names: readonly string[] | null = null;

  constructor(context: MissingConnectionsContext) {
    this.#context = context;
  }

  /** Sorted. Null until the stored projects have been read. */
  get names(): readonly string[] | null {
    return this.#names;
  }

  /**
   * Reads every project. Logs a connection that was not missing before, and when none is missing any more. Throws
   * `StoreUnavailableError`.
   */
  async check(): Promise<void> {
    const { projects, links, log } = this.#context;
    const stored = await projects.readMany(await projects.listIds());
    const used = new Set(stored.flatMap(({ definition }) => definition.links.map(({ connection }) => connection)));
    const missing = [...used].filter((name) => links.connectionState(name) === 'not_configured').sort();
    const isNew = missing.some((name) => this.#names?.includes(name) !== true);
    const hasRecovered = missing.length === 0 && (this.#names ?? []).length > 0;
    this.#names = missing;
    if (hasRecovered) log.info({}, 'all connections that stored projects use are configured again');
    if (isNew) log.warn({ names: missing }, 'connections that stored projects use are not configured in this process');
  }
}
