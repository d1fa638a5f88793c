import { randomBytes } from 'node:crypto';
import { SlackApiError } from './types.ts';

interface IssuedTrigger {
  readonly user: string;
  /** The view of the interaction. Undefined for an interaction outside of views. */
  readonly viewId: string | undefined;
  readonly issuedAt: number;
  isUsed: boolean;
}

export interface TriggerIdsOptions {
  readonly lifetimeMs: number;
  readonly now: () => number;
}

/** A trigger_id works once, within three seconds (docs.slack.dev/surfaces/modals). */
export class TriggerIds {
  readonly #options: TriggerIdsOptions;
  readonly #issued = new Map<string, IssuedTrigger>();

  constructor(options: TriggerIdsOptions) {
    this.#options = options;
  }

  issue(user: string, viewId?: string): string {
    const id = newTriggerId();
    this.#issued.set(id, { user, viewId, issuedAt: this.#options.now(), isUsed: false });
    return id;
  }

  /** Uses the trigger for what `show` shows. It stays unused when `show` throws. */
  exchange<T>(id: string, show: (trigger: IssuedTrigger) => T): T {
    const trigger = this.#issued.get(id);
    if (trigger === undefined) throw new SlackApiError('invalid_trigger_id');
    if (trigger.isUsed) throw new SlackApiError('exchanged_trigger_id');
    if (this.#options.now() - trigger.issuedAt > this.#options.lifetimeMs)
      throw new SlackApiError('expired_trigger_id');
    const shown = show(trigger);
    trigger.isUsed = true;
    return shown;
  }
}

export function newTriggerId(): string {
  const digits = () => String(randomBytes(5).readUIntBE(0, 5));
  return `${digits()}.${digits()}.${randomBytes(16).toString('hex')}`;
}
