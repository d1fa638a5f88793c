import { z } from 'zod';
import { passedTimeEvent, readPausedUntil } from './paused-until.ts';
import type { AuditEntry, Fields, ProjectRecords } from './records.ts';
import { type ProjectVersion, transitions } from './state-model.ts';

/** Who restores a project at the end of its pause. */
const timer = 'timer';

/** The end of a pause, in the model. */
interface PauseEnd {
  readonly operation: string;
  at: number;
  by: string;
  /** The project's version for which it holds. At any other one the timer stops. */
  version: number;
  /** The restores of the timer for this `at`. */
  attempts: number;
  isStopped: boolean;
}

const limitSchema = z.object({ at: z.number() }).nullable();
const changeSchema = z.object({ kind: z.string(), by: z.string(), until: z.number().nullable() }).nullable();
const timerSchema = z.object({ at: z.number(), by: z.string() }).nullable();

/**
 * Replays the end of the pause of a project. Invariants: only the timer restores at that end, not before it, by one operation for
 * each attempt, and only while nothing has changed the project since the pause. The record has the end that the history has.
 */
export class PauseEndReplay {
  readonly #records: ProjectRecords;
  readonly #report: (violation: string) => void;
  #end: PauseEnd | null = null;
  /** At the claim of the active operation, and the version before it. */
  #atClaim: { readonly end: PauseEnd | null; readonly version: number } = { end: null, version: 0 };
  /** The ends that were moved. A timer that had read one of them may still request its restore, which is refused at its claim. */
  readonly #movedEnds: PauseEnd[] = [];
  /** The newest change of the end of each pause, by its operation. */
  readonly #changes = new Map<string, { readonly kind: string; readonly by: string; readonly until: number | null }>();

  constructor(records: ProjectRecords, report: (violation: string) => void) {
    this.#records = records;
    this.#report = report;
  }

  /** `current`: the project after the entry. */
  apply(entry: AuditEntry, current: ProjectVersion): void {
    const { event, fields } = entry;
    const id = fields['operation'] ?? '';
    if (event === passedTimeEvent) this.#passTime(fields);
    else if (event === 'requested' && fields['by'] === timer) this.#onTimerRequested(id, entry, current);
    else if (event === 'started') this.#onStarted(id, current);
    else if (event === 'pause_extended') this.#onMoved('extended', entry);
    else if (event === 'kept_paused') this.#onKept(entry);
    else if (event === 'timer_stopped') this.#onStopped(entry, current);
    else if (endEvents.has(event) && id !== '' && current.completed?.operation === id)
      this.#onCompleted(id, event, current);
  }

  /** Whether the end of the pause is not the one any more that this restore of the timer was requested for. */
  isMovedFor(id: string): boolean {
    const requestedFor = parse(timerSchema, this.#operation(id)['timer']);
    return requestedFor !== null && requestedFor.at !== this.#end?.at;
  }

  /** When the pause of this operation ends. Null without an end. */
  limitOf(id: string): number | null {
    return parse(limitSchema, this.#operation(id)['pauseUntil'])?.at ?? null;
  }

  compareFinalState(): void {
    const stored = readPausedUntil(this.#records.state['pausedUntil']);
    const isStopped = (stored?.stopped ?? null) !== null;
    const facts = stored && { operation: stored.operation, at: stored.at, by: stored.by, version: stored.version };
    const end = this.#end;
    const expected = end && { operation: end.operation, at: end.at, by: end.by, version: end.version };
    if (JSON.stringify(facts) !== JSON.stringify(expected) || isStopped !== (end?.isStopped ?? false))
      this.#report(`the end of its pause is ${JSON.stringify(stored)}, the model has ${JSON.stringify(end)}`);
    for (const [id, fields] of this.#records.operations) {
      const recorded = parse(changeSchema, fields['limitChange']);
      const change = this.#changes.get(id) ?? null;
      const read = recorded && { kind: recorded.kind, by: recorded.by, until: recorded.until };
      if (JSON.stringify(read) !== JSON.stringify(change))
        this.#report(
          `${id} has the change ${JSON.stringify(read)} of its end, the model has ${JSON.stringify(change)}`,
        );
    }
  }

  #operation(id: string): Fields {
    return this.#records.operations.get(id) ?? {};
  }

  #passTime({ from, to }: Fields): void {
    if (this.#end === null || this.#end.at !== Number(from))
      this.#report(`time passed for the end ${from}, the model has ${this.#end?.at}`);
    else this.#end.at = Number(to);
  }

  /**
   * A claim between the timer's read and its request refuses the restore, or has taken the end already. If that operation has
   * ended by then and kept the pause, the end holds for a later version than the timer read.
   */
  #onTimerRequested(id: string, { at }: AuditEntry, { state, version }: ProjectVersion): void {
    const { action, origin, projectVersion } = this.#operation(id);
    const isOutdated = Number(projectVersion) < version;
    const outdated = [...this.#movedEnds, ...(isOutdated ? [this.#atClaim.end] : [])];
    const known = [this.#end, ...outdated].filter((end) => end !== null);
    const ends = known.filter((end) => id === `${end.operation}-${end.at}-${end.attempts}`);
    const [end] = ends;
    if (end === undefined) {
      if (!isOutdated) this.#report(`the timer requested ${id} for the end ${JSON.stringify(this.#end)}`);
      return;
    }
    const problems = [
      isOutdated || state === 'paused' ? '' : `while ${state}`,
      action === 'restore' && origin === timer ? '' : `as ${action} from ${origin}`,
      at >= end.at ? '' : `before the end ${end.at}`,
      Number(projectVersion) === end.version || (isOutdated && Number(projectVersion) < end.version)
        ? ''
        : `at version ${projectVersion} of ${end.version}`,
      end.isStopped ? 'after the timer has stopped' : '',
    ].filter((text) => text !== '');
    for (const each of ends) each.attempts += 1;
    if (problems.length > 0) this.#report(`the timer requested ${id} ${problems.join(', ')}`);
  }

  #onStarted(id: string, { version }: ProjectVersion): void {
    this.#atClaim = { end: this.#end === null ? null : { ...this.#end }, version: version - 1 };
    if (this.#operation(id)['by'] === timer && this.isMovedFor(id))
      this.#report(`${id} started after its end was moved`);
    if (transitions[this.#operation(id)['action'] ?? '']?.through !== null) this.#end = null;
  }

  #onCompleted(id: string, event: string, { version, state, at }: ProjectVersion): void {
    const { action = '', by = '' } = this.#operation(id);
    const setsState = transitions[action]?.to !== 'same';
    const { end, version: versionBefore } = this.#atClaim;
    const isRolledBack = event === 'refused' || (event === 'failed' && setsState && state !== 'failed');
    if (event === 'done' && setsState) {
      const limit = state === 'paused' ? this.limitOf(id) : null;
      this.#end = limit === null ? null : { operation: id, at: limit, by, version, attempts: 0, isStopped: false };
      if (limit !== null && limit < at - maxTransitionMs) this.#report(`${id} was done after its end ${limit}`);
    } else if (isRolledBack) this.#end = end;
    else if (event === 'failed' && setsState) this.#end = null;
    const keepsVersion = isRolledBack || action === 'retry' || action === 'reapply';
    if (keepsVersion && this.#end?.version === versionBefore) this.#end.version = version;
  }

  #onMoved(kind: 'extended' | 'kept', { at, fields }: AuditEntry): void {
    const end = this.#end;
    const { by = '', until: text = '' } = fields;
    const until = text === '' ? null : Number(text);
    if (end === null || end.isStopped) {
      this.#report(`${kind} by ${by}, without an end`);
      return;
    }
    if (kind === 'extended' && (until === null || until <= Math.max(end.at, at)))
      this.#report(`extended by ${by} from ${end.at} to ${until}`);
    this.#movedEnds.push(end);
    this.#changes.set(end.operation, { kind, by, until });
    this.#end = until === null ? null : { ...end, at: until, by, attempts: 0 };
  }

  /** Without `until` it answers the reminder of a pause without an end. */
  #onKept(entry: AuditEntry): void {
    if (entry.fields['until'] !== undefined) this.#onMoved('kept', entry);
    else if (this.#end !== null && !this.#end.isStopped) this.#report('a reminder was answered before the end');
  }

  #onStopped({ at, fields }: AuditEntry, { version }: ProjectVersion): void {
    const end = this.#end;
    if (end === null || end.isStopped) {
      this.#report('the timer stopped without an end');
      return;
    }
    if (end.version === version || at < end.at || Number(fields['until']) !== end.at)
      this.#report(`the timer stopped at ${at}, version ${version}, and the end is ${JSON.stringify(end)}`);
    end.isStopped = true;
  }
}

/** The events that complete an operation. */
const endEvents: ReadonlySet<string> = new Set(['done', 'failed', 'refused']);

/** How long an operation may take from its claim, which checks that its end has not passed. */
const maxTransitionMs = 150_000;

function parse<T>(schema: z.ZodType<T>, text: string | undefined): T | null {
  return text === undefined || text === '' ? null : schema.parse(JSON.parse(text));
}
