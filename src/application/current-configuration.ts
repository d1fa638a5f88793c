import type { Policy } from '../domain/authorization.ts';
import type { ConfigSettings, Configuration, ConnectionSources, UnusableConnection } from '../domain/configuration.ts';
import type { Digest } from '../domain/digest.ts';
import type { OnCallRule } from '../domain/on-call.ts';
import type { Logger } from './context.ts';
import { ConfigurationUnreadableError } from './errors.ts';
import type { ConfigurationStore } from './stores.ts';

type OwnConfiguration = Omit<Configuration, 'connections'>;

export interface CurrentConfigurationOptions {
  readonly store: Pick<ConfigurationStore, 'read'>;
  /** From the syncbot.yml of this process. Used while no configuration is stored. */
  readonly own: OwnConfiguration;
  /** Opens and closes connections. Returns those that this process cannot use. */
  readonly useConnections: (sources: ConnectionSources) => Promise<readonly UnusableConnection[]>;
  /** Called after this process has taken over other settings or connections. */
  readonly onTakenOver: () => void;
  readonly log: Logger;
}

/**
 * The policy, settings and connections that this process uses: those of its own file until a configuration is stored, then
 * the stored ones. A record that cannot be read changes nothing, and never gives anybody more rights.
 */
export class CurrentConfiguration {
  readonly #options: CurrentConfigurationOptions;
  #used: OwnConfiguration;
  #version: number | null = null;
  #text = '';
  #unusable: readonly UnusableConnection[] = [];
  #source: 'not_read' | 'own' | 'stored' = 'not_read';
  #isUnreadable = false;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(options: CurrentConfigurationOptions) {
    this.#options = options;
    this.#used = options.own;
  }

  get settings(): ConfigSettings {
    return this.#used.settings;
  }

  /** False until it is known, so that no reason is shown which should be hidden. */
  get showErrors(): boolean {
    return this.#source !== 'not_read' && this.#used.settings.showErrors;
  }

  get onCall(): readonly OnCallRule[] {
    return this.#used.onCall;
  }

  get digests(): readonly Digest[] {
    return this.#used.digests;
  }

  /** Null while this process uses its own file. */
  get version(): number | null {
    return this.#version;
  }

  get unusable(): readonly UnusableConnection[] {
    return this.#unusable;
  }

  /** Whether the stored configuration cannot be read. This process goes on with what it knew. */
  get isUnreadable(): boolean {
    return this.#isUnreadable;
  }

  /**
   * The policy as it is stored now. Throws `StoreUnavailableError`, and `ConfigurationUnreadableError` if nothing is known
   * that is newer than the own file.
   */
  async readPolicy(): Promise<Policy> {
    await this.refresh();
    if (this.#isUnreadable && this.#source === 'not_read') throw new ConfigurationUnreadableError();
    return this.#used.policy;
  }

  /** Reads the stored configuration and uses it. Throws `StoreUnavailableError`. */
  refresh(): Promise<void> {
    // A read that is under way may miss a change, so a caller waits for the next one. Reads never overtake each other.
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      const read = this.#takeOver();
      this.#running = read.catch(() => {});
      return read;
    });
    return this.#next;
  }

  async #takeOver(): Promise<void> {
    const { store, useConnections, onTakenOver, log } = this.#options;
    const stored = await store.read();
    if (stored.kind === 'unreadable') {
      if (!this.#isUnreadable) log.error({}, 'stored configuration not readable, this process uses what it knew');
      this.#isUnreadable = true;
      return;
    }
    if (this.#isUnreadable) log.info({}, 'stored configuration readable again');
    this.#isUnreadable = false;
    if (stored.kind === 'none') {
      // A Redis that has lost its records does not bring back an old policy.
      if (this.#source === 'not_read') this.#source = 'own';
      return;
    }
    const { version, configuration } = stored;
    const text = JSON.stringify(configuration);
    if (this.#version === version && this.#text === text) return;
    this.#used = configuration;
    this.#version = version;
    this.#text = text;
    this.#source = 'stored';
    this.#unusable = await useConnections(configuration.connections);
    log.info({ configurationVersion: version }, 'stored configuration in use');
    if (this.#unusable.length > 0)
      log.warn({ unusable: this.#unusable }, 'connections cannot be used until this process is restarted');
    onTakenOver();
  }
}
