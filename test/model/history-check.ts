import { PauseEndReplay } from './pause-end-replay.ts';
import type { AuditEntry, Fields, ProjectRecords } from './records.ts';
import { operationTransitions, type ProjectVersion, stateWhenDone, transitions } from './state-model.ts';
import { isWaitOperation, WaitReplay } from './wait-replay.ts';

export interface ReplayResult {
  readonly violations: readonly string[];
  /** The project at each version, in order. */
  readonly versions: readonly ProjectVersion[];
  /** The last state of each operation. */
  readonly operationStates: ReadonlyMap<string, string>;
}

interface ReplayState {
  readonly records: ProjectRecords;
  readonly links: number;
  /** The link whose queue may be missing. */
  readonly optionalLink: string | null;
  readonly versions: ProjectVersion[];
  readonly operationStates: Map<string, string>;
  /** Who has each alert, by kind and occurrence. */
  readonly owners: Map<string, { readonly by: string; readonly until: number }>;
  readonly pauseEnd: PauseEndReplay;
  readonly wait: WaitReplay;
  readonly report: (violation: string) => void;
}

/** Replays a project's audit log through the model. `initialState` is the state at its creation. */
export function replay(
  records: ProjectRecords,
  { initialState, links, optionalLink }: { initialState: string; links: number; optionalLink: string | null },
): ReplayResult {
  const violations: string[] = [];
  const report = (violation: string) => void violations.push(`${records.id}: ${violation}`);
  const state: ReplayState = {
    records,
    links,
    optionalLink,
    versions: [],
    operationStates: new Map(),
    owners: new Map(),
    pauseEnd: new PauseEndReplay(records, report),
    wait: new WaitReplay(records, report),
    report,
  };
  const [created, ...entries] = records.audit;
  if (created?.event !== 'created')
    return { violations: [`${records.id}: the first audit entry is not created`], ...state };
  const { at, fields } = created;
  state.versions.push({
    version: 1,
    state: initialState,
    since: at,
    by: fields['by'] ?? '',
    at,
    activeOperation: null,
    completed: null,
  });
  for (const entry of entries) {
    const before = currentVersion(state);
    applyEvent(state, entry);
    state.pauseEnd.apply(entry, currentVersion(state));
    state.wait.apply(entry, before);
    const { version } = currentVersion(state);
    if (Number(entry.fields['version']) !== version) {
      state.report(`${entry.event} says version ${entry.fields['version']}, the model has ${version}`);
    }
  }
  compareFinalState(state);
  return { violations, versions: state.versions, operationStates: state.operationStates };
}

type Handler = (replay: ReplayState, id: string, entry: AuditEntry) => void;

const handlers: Readonly<Record<string, Handler>> = {
  requested: onRequested,
  started: onStarted,
  confirmed: onResolved,
  cancelled: onResolved,
  expired: onResolved,
  superseded: onResolved,
  done: onCompleted,
  refused(replay, id, entry) {
    const isAtClaim = replay.operationStates.get(id) === 'confirmed';
    return (id === '' ? onRefusedAtRequest : isAtClaim ? onRefusedAtClaim : onCompleted)(replay, id, entry);
  },
  failed: (replay, id, entry) => (id === '' ? onTaskFailed : onCompleted)(replay, id, entry),
  drained(replay) {
    if (currentVersion(replay).state !== 'paused') replay.report(`drained while ${currentVersion(replay).state}`);
  },
  kept_paused: onPausedOnly,
  pause_extended: onPausedOnly,
  timer_stopped: onPausedOnly,
  alert_owned: onAlertPress,
  alert_taken_over: onAlertPress,
  alert_given_back: onAlertPress,
  alert_snoozed: onAlertPress,
  caught_up(replay) {
    if (currentVersion(replay).state !== 'running') replay.report(`caught up while ${currentVersion(replay).state}`);
  },
};

function onPausedOnly(replay: ReplayState, _id: string, { event }: AuditEntry): void {
  const { state, activeOperation } = currentVersion(replay);
  if (state !== 'paused' || activeOperation !== null)
    replay.report(`${event} while ${state}, active operation ${activeOperation}`);
}

/** Events without a handler must not change the version. */
function applyEvent(replay: ReplayState, entry: AuditEntry): void {
  handlers[entry.event]?.(replay, entry.fields['operation'] ?? '', entry);
}

function onRequested(replay: ReplayState, id: string): void {
  const { action, projectVersion } = operationFields(replay, id);
  if (replay.operationStates.has(id)) replay.report(`${id} requested twice`);
  replay.operationStates.set(id, 'requested');
  const requestedVersion = replay.versions.find(({ version }) => version === Number(projectVersion));
  if (requestedVersion === undefined)
    replay.report(`${id} was decided on version ${projectVersion}, which does not exist`);
  else if (!transitionOf(action).from.includes(requestedVersion.state))
    replay.report(`${action} was accepted while ${requestedVersion.state}`);
}

function onResolved(replay: ReplayState, id: string, { event, at, fields }: AuditEntry): void {
  const { by, expiresAt } = operationFields(replay, id);
  const isDuringWait = replay.wait.isWaiting(id);
  if (event === 'cancelled' && replay.operationStates.get(id) === 'confirmed' && !isDuringWait)
    replay.report(`${id} was cancelled after OK, and does not wait`);
  transitionOperation(replay, id, event);
  if (event !== 'expired' && fields['by'] !== by && !isDuringWait)
    replay.report(`${id} ${event} by ${fields['by']}, requested by ${by}`);
  if (event === 'confirmed' && at > Number(expiresAt)) replay.report(`${id} confirmed after it had expired`);
  if (event === 'expired' && at <= Number(expiresAt)) replay.report(`${id} expired before its time`);
}

function onStarted(replay: ReplayState, id: string, { at, fields }: AuditEntry): void {
  const previous = currentVersion(replay);
  const { action, by, projectVersion, executeBy } = operationFields(replay, id);
  transitionOperation(replay, id, 'running');
  if (previous.activeOperation !== null) replay.report(`${id} started while ${previous.activeOperation} was active`);
  if (!transitionOf(action).from.includes(previous.state)) replay.report(`${action} started while ${previous.state}`);
  if (previous.version !== Number(projectVersion))
    replay.report(`${id} started at another version than it was decided on`);
  if (at > Number(executeBy)) replay.report(`${id} started too late`);
  const { through } = transitionOf(action);
  const state = through ?? previous.state;
  if (fields['state'] !== state) replay.report(`${action} led to ${fields['state']}`);
  // A correction keeps the state, so the person who has set it stays the same.
  const change = through === null ? { since: previous.since, by: previous.by } : { since: at, by: by ?? '' };
  appendVersion(replay, { state, at, ...change, activeOperation: id, completed: null });
}

/** `done`, `failed` with unreconciled links, or rolled back before a link was changed. */
function onCompleted(replay: ReplayState, id: string, { event, at, fields }: AuditEntry): void {
  const { action, by, outcome } = operationFields(replay, id);
  const { activeOperation } = currentVersion(replay);
  transitionOperation(replay, id, event);
  if (activeOperation !== id) replay.report(`${id} ended while ${activeOperation ?? 'no operation'} was active`);
  const completion = { at, activeOperation: null, completed: { operation: id, action: action ?? '', outcome: event } };
  if (event === 'done') {
    const { state, since, by: previousBy } = currentVersion(replay);
    const next = stateWhenDone(transitionOf(action), state);
    const keepsState = transitionOf(action).to === 'same';
    const change = keepsState ? { since, by: previousBy } : { since: at, by: by ?? '' };
    appendVersion(replay, { ...completion, state: next, ...change });
    const { linksTotal, linksDone, unreconciled, missing } = JSON.parse(outcome || '{}');
    const isComplete = linksTotal === replay.links && linksDone === linksTotal - missing.length;
    const mayBeMissing = missing.every(({ queue }: { readonly queue: string }) => queue === replay.optionalLink);
    if (!isComplete || !mayBeMissing || unreconciled.length > 0) replay.report(`${id} done with ${outcome}`);
  } else {
    const previous = replay.versions.at(-2);
    if (event === 'failed' && fields['code'] === '' && transitionOf(action).through !== null)
      appendVersion(replay, { ...completion, state: 'failed', since: at, by: by ?? '' });
    else
      appendVersion(replay, {
        ...completion,
        state: previous?.state ?? '',
        since: previous?.since ?? 0,
        by: previous?.by ?? '',
      });
  }
  if (fields['state'] !== currentVersion(replay).state) replay.report(`${action} ${event} led to ${fields['state']}`);
}

/** The request was decided on an earlier read of the project. */
function onRefusedAtRequest(replay: ReplayState, _id: string, { fields }: AuditEntry): void {
  const { code, state, since, by } = JSON.parse(fields['refusal'] || '{}');
  if (code === 'pause_waits') {
    const operations = [...replay.records.operations.values()];
    if (!operations.some((operation) => isWaitOperation(operation) && operation['by'] === by))
      replay.report(`a request was refused with ${fields['refusal']}, and this person has no pause that waited`);
  }
  if (code !== 'not_allowed') return;
  const action = fields['action'] ?? '';
  const existed = replay.versions.some((version) => version.state === state && version.since === since);
  if (!existed || transitionOf(action).from.includes(state))
    replay.report(`${action} refused at the request with ${fields['refusal']}`);
}

function onRefusedAtClaim(replay: ReplayState, id: string, { at, fields }: AuditEntry): void {
  const { state, since, by, activeOperation, version } = currentVersion(replay);
  const { action, projectVersion, executeBy } = operationFields(replay, id);
  transitionOperation(replay, id, 'refused');
  const refusal = JSON.parse(fields['refusal'] || '{}');
  const activeFields = activeOperation === null ? undefined : replay.records.operations.get(activeOperation);
  const isAllowed = transitionOf(action).from.includes(state);
  const isSameVersion = version === Number(projectVersion);
  const isCorrect: Readonly<Record<string, boolean>> = {
    operation_active:
      activeFields !== undefined && refusal.by === activeFields['by'] && refusal.action === activeFields['action'],
    not_allowed: activeOperation === null && !isAllowed && refusal.since === since && refusal.by === by,
    changed: activeOperation === null && isAllowed && !isSameVersion && refusal.since === since && refusal.by === by,
    deadline_moved: activeOperation === null && isAllowed && replay.pauseEnd.isMovedFor(id),
    limit_passed:
      activeOperation === null && isAllowed && at >= refusal.until && replay.pauseEnd.limitOf(id) === refusal.until,
    not_caught_up: replay.wait.isWaiting(id) && at > Number(operationFields(replay, id)['waitsUntil']),
    pause_waits: replay.wait.isOtherWaiting(id, refusal),
    // The sweep ends what no worker took in time, whatever the state is.
    claim_timeout: !replay.wait.isWaiting(id) && at > Number(executeBy),
  };
  if (isCorrect[refusal.code] !== true || (refusal.state ?? state) !== state) {
    replay.report(
      `${id} refused with ${fields['refusal']} while ${state}, version ${version}, active operation ${activeOperation}`,
    );
  }
}

function onTaskFailed(replay: ReplayState, _id: string, { at, fields }: AuditEntry): void {
  const { state, activeOperation } = currentVersion(replay);
  if (state !== 'running' || activeOperation !== null)
    replay.report(`a task made it Failed while ${state}, active operation ${activeOperation}`);
  appendVersion(replay, {
    state: 'failed',
    at,
    since: at,
    by: fields['by'] ?? '',
    activeOperation: null,
    completed: null,
  });
}

/** Of two persons who press at once, one has the alert. */
function onAlertPress({ owners, report }: ReplayState, _id: string, { event, at, fields }: AuditEntry): void {
  const { by = '', alertKind = '' } = fields;
  const { state, since, acknowledgement } = JSON.parse(fields['alert'] || '{}');
  const key = `${alertKind} ${since}`;
  const owner = owners.get(key);
  const isActive = owner !== undefined && owner.until > acknowledgement.at;
  if (state !== 'firing' || acknowledgement.by !== by) report(`${event} by ${by} of ${fields['alert']}`);
  if (event === 'alert_taken_over' ? owner?.by !== acknowledgement.from : isActive && owner.by !== by)
    report(`${event} by ${by} at ${at}, while ${owner?.by} had the alert ${key}`);
  if (acknowledgement.kind === 'owned') owners.set(key, acknowledgement);
  else owners.delete(key);
}

function compareFinalState(replay: ReplayState): void {
  const { records, operationStates, report } = replay;
  for (const [id, { followUp, followEnd }] of records.operations) {
    if (followUp && !followEnd && records.state['followedOperation'] !== id) report(`${id} is not followed to its end`);
  }
  replay.pauseEnd.compareFinalState();
  replay.wait.compareFinalState();
  const { state, version, since, by, activeOperation } = currentVersion(replay);
  const model = { state, version: String(version), since: String(since), by, activeOperation: activeOperation ?? '' };
  for (const [field, expected] of Object.entries(model)) {
    if (records.state[field] !== expected) report(`${field} is ${records.state[field]}, the model has ${expected}`);
  }
  for (const [id, stored] of records.operations) {
    const expected = operationStates.get(id);
    if (stored['state'] !== expected) report(`${id} is ${stored['state']}, the model has ${expected}`);
    if (expected === 'confirmed' || expected === 'running') report(`${id} is still ${expected}`);
    if ((stored['finishedAt'] === '') !== (expected === 'requested'))
      report(`${id} finished at ${stored['finishedAt']}`);
  }
}

function transitionOperation(replay: ReplayState, id: string, to: string): void {
  const from = replay.operationStates.get(id);
  if (from === undefined || operationTransitions[from]?.includes(to) !== true)
    replay.report(`${id} went from ${from} to ${to}`);
  replay.operationStates.set(id, to);
}

function appendVersion(replay: ReplayState, next: Omit<ProjectVersion, 'version'>): void {
  replay.versions.push({ version: currentVersion(replay).version + 1, ...next });
}

function currentVersion(replay: ReplayState): ProjectVersion {
  return replay.versions.at(-1) as ProjectVersion;
}

function operationFields({ records }: ReplayState, id: string): Fields {
  return records.operations.get(id) ?? {};
}

const noTransition = { from: [] as readonly string[], through: '', to: '' } as const;

function transitionOf(action: string | undefined) {
  return transitions[action ?? ''] ?? noTransition;
}
