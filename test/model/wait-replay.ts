import { z } from 'zod';
import type { AuditEntry, Fields, ProjectRecords } from './records.ts';
import { type ProjectVersion, transitions } from './state-model.ts';
import { readWaitingPause } from './waiting-pause.ts';

/** How long a pause waits at most, ms. The model only makes this shorter. */
const maxWaitMs = 30 * 60_000;

/**
 * Replays the pauses of a project that wait until it has caught up. Invariants: at most one waits, a worker claims it only after the
 * end of its wait, the wait ends once, and not after its longest time. The record has the pause that waits in the history.
 */
export class WaitReplay {
  readonly #records: ProjectRecords;
  readonly #report: (violation: string) => void;
  /** The operation that waits. */
  #waiting: string | null = null;
  /** The ones whose wait was ended by a worker or by Pause Now. */
  readonly #ended = new Set<string>();

  constructor(records: ProjectRecords, report: (violation: string) => void) {
    this.#records = records;
    this.#report = report;
  }

  /** `before`: the project before the entry. */
  apply({ event, at, fields }: AuditEntry, before: ProjectVersion): void {
    const id = fields['operation'] ?? '';
    if (!isWaitOperation(this.#operation(id))) {
      if (event === 'wait_ended') this.#report(`the wait of ${id} ended, which does not wait`);
    } else if (event === 'confirmed') this.#onConfirmed(id, at);
    else if (event === 'wait_ended') this.#onEnded(id, { at, fields, before });
    else if (event === 'started' && !this.#ended.has(id)) this.#report(`${id} started before the end of its wait`);
    else if (event === 'cancelled') this.#onCancelled(id, fields);
    else if (event === 'refused' && this.#waiting === id) this.#waiting = null;
  }

  isWaiting(id: string): boolean {
    return this.#waiting === id;
  }

  /** Whether a pause waited at that time that this refusal of another one names. */
  isOtherWaiting(id: string, { by, until }: { readonly by?: string; readonly until?: number }): boolean {
    if (this.#waiting === null || this.#waiting === id) return false;
    const waiting = this.#operation(this.#waiting);
    return waiting['by'] === by && Number(until) >= Number(waiting['waitsUntil']);
  }

  compareFinalState(): void {
    const stored = readWaitingPause(this.#records.state['waitingPause'])?.operation ?? null;
    if (stored !== this.#waiting) this.#report(`${stored} waits, the model has ${this.#waiting}`);
    for (const [id, { waitEndedAt = '' }] of this.#records.operations) {
      if ((waitEndedAt !== '') !== this.#ended.has(id)) this.#report(`the wait of ${id} ended at “${waitEndedAt}”`);
    }
  }

  #operation(id: string): Fields {
    return this.#records.operations.get(id) ?? {};
  }

  #onConfirmed(id: string, at: number): void {
    // A second one is refused in the same step.
    if (this.#waiting !== null) return;
    this.#waiting = id;
    const { waitsUntil } = this.#operation(id);
    if (Number(waitsUntil) < at || Number(waitsUntil) > at + maxWaitMs)
      this.#report(`${id} was confirmed at ${at} and waits until ${waitsUntil}`);
  }

  #onEnded(id: string, { at, fields, before }: Pick<AuditEntry, 'at' | 'fields'> & { before: ProjectVersion }): void {
    const { waitsUntil, waitEndedAt, waitEndedBy, projectVersion, action = '' } = this.#operation(id);
    const { version, state, activeOperation } = before;
    const problems = [
      this.#waiting === id ? '' : `while ${this.#waiting} waited`,
      at <= Number(waitsUntil) ? '' : `after ${waitsUntil}`,
      waitEndedAt === String(at) && waitEndedBy === fields['by']
        ? ''
        : `and its record has ${waitEndedAt}, ${waitEndedBy}`,
      transitions[action]?.from.includes(state) === true && activeOperation === null ? '' : `while ${state}`,
      version === Number(projectVersion) ? '' : `at version ${version} of ${projectVersion}`,
    ].filter((text) => text !== '');
    if (problems.length > 0) this.#report(`the wait of ${id} ended at ${at} ${problems.join(', ')}`);
    this.#waiting = null;
    this.#ended.add(id);
  }

  /** Before OK its requester cancels the dialog. During the wait any operator cancels it. */
  #onCancelled(id: string, { by }: Fields): void {
    const { waitsUntil, waitEndedAt = '', waitEndedBy } = this.#operation(id);
    if (!waitsUntil) return;
    if (this.#waiting !== id || waitEndedAt !== '' || waitEndedBy !== by)
      this.#report(
        `${id} was cancelled by ${by} while ${this.#waiting} waited, ended at “${waitEndedAt}” by ${waitEndedBy}`,
      );
    this.#waiting = null;
  }
}

/** Whether this is the record of a pause when caught up. */
export function isWaitOperation({ catchUpMs = '' }: Fields): boolean {
  return catchUpMs !== '';
}

/** How the waits of a project ended. */
export function waitEnds({ operations }: ProjectRecords): string[] {
  const waited = [...operations.values()].filter(({ waitsUntil }) => waitsUntil);
  return waited.map(({ state = '', waitEndedAt, waitEndedBy, refusal }) => {
    if (waitEndedAt) return waitEndedBy ? 'pause_now' : 'caught_up';
    return refusal ? refusalSchema.parse(JSON.parse(refusal)).code : state;
  });
}

const refusalSchema = z.object({ code: z.string() });
