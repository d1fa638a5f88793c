import type { CurrentConfiguration } from './current-configuration.ts';
import type { ConfigurationStore } from './stores.ts';

export interface ProcessRegistrationOptions {
  readonly store: Pick<ConfigurationStore, 'registerProcess' | 'removeProcess'>;
  readonly configuration: Pick<CurrentConfiguration, 'refresh' | 'version' | 'unusable'>;
  /** Random, for each start. */
  readonly id: string;
  readonly role: string;
}

/** A process that does not repeat its record for this time counts as stopped, ms. */
const expireAfterMs = 8_000;

/** Follows the stored configuration and records what this process uses of it. `apply` and `doctor` read these records. */
export class ProcessRegistration {
  readonly #options: ProcessRegistrationOptions;
  #hasEnded = false;

  constructor(options: ProcessRegistrationOptions) {
    this.#options = options;
  }

  /** Reads the stored configuration, uses it, and repeats the record. Throws `StoreUnavailableError`. */
  async update(): Promise<void> {
    const { store, configuration, id, role } = this.#options;
    await configuration.refresh();
    if (this.#hasEnded) return;
    const { version: configurationVersion, unusable } = configuration;
    await store.registerProcess({ id, role, configurationVersion, unusable }, expireAfterMs);
  }

  /** Removes the record. Without it the record expires. Throws `StoreUnavailableError`. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    await this.#options.store.removeProcess(this.#options.id);
  }
}
