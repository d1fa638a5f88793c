import { lives, roads, type Standing } from './model.ts';
import type { Entry, Fields, ProjectRecords } from './records.ts';

export interface Replayed {
  readonly violations: readonly string[];
  /** What the project was at each version, in order. */
  readonly standings: readonly Standing[];
  /** How each operation stands at the end. */
  readonly states: ReadonlyMap<string, string>;
}

interface Replay {
  readonly records: ProjectRecords;
  readonly links: number;
  readonly standings: Standing[];
  readonly states: Map<string, string>;
  readonly say: (violation: string) => void;
}

/** Plays a project's audit through the model; `first` is the state that it was made with. */
export function replay(records: ProjectRecords, { first, links }: { first: string; links: number }): Replayed {
  const violations: string[] = [];
  const state: Replay = {
    records,
    links,
    standings: [],
    states: new Map(),
    say: (it) => violations.push(`${records.id}: ${it}`),
  };
  const [created, ...entries] = records.audit;
  if (created?.event !== 'created') return { violations: [`${records.id}: no beginning`], ...state };
  const { at, fields } = created;
  state.standings.push({ version: 1, state: first, since: at, by: fields['by'] ?? '', at, holder: null, ended: null });
  for (const entry of entries) {
    step(state, entry);
    const { version } = now(state);
    if (Number(entry.fields['version']) !== version) {
      state.say(`${entry.event} says version ${entry.fields['version']}, the model has ${version}`);
    }
  }
  compareEnd(state);
  return { violations, standings: state.standings, states: state.states };
}

type Handler = (replay: Replay, id: string, entry: Entry) => void;

const handlers: Readonly<Record<string, Handler>> = {
  requested,
  started,
  confirmed: settled,
  cancelled: settled,
  expired: settled,
  superseded: settled,
  done: ended,
  refused(replay, id, entry) {
    const isAtClaim = replay.states.get(id) === 'confirmed';
    return (id === '' ? refusedAtRequest : isAtClaim ? refusedAtClaim : ended)(replay, id, entry);
  },
  failed: (replay, id, entry) => (id === '' ? taskFailed : ended)(replay, id, entry),
  quiet(replay) {
    if (now(replay).state !== 'paused') replay.say(`quiet while ${now(replay).state}`);
  },
};

/** An event of another kind may tell whatever it likes, but moves no version. */
function step(replay: Replay, entry: Entry): void {
  handlers[entry.event]?.(replay, entry.fields['operation'] ?? '', entry);
}

function requested(replay: Replay, id: string): void {
  const { action, projectVersion } = operation(replay, id);
  if (replay.states.has(id)) replay.say(`${id} requested twice`);
  replay.states.set(id, 'requested');
  const decidedOn = replay.standings.find(({ version }) => version === Number(projectVersion));
  if (decidedOn === undefined) replay.say(`${id} was decided on version ${projectVersion}, which never was`);
  else if (!road(action).from.includes(decidedOn.state)) replay.say(`${action} was accepted while ${decidedOn.state}`);
}

function settled(replay: Replay, id: string, { event, at, fields }: Entry): void {
  const { by, expiresAt } = operation(replay, id);
  moveOperation(replay, id, event);
  if (event !== 'expired' && fields['by'] !== by) replay.say(`${id} ${event} by ${fields['by']}, asked by ${by}`);
  if (event === 'confirmed' && at > Number(expiresAt)) replay.say(`${id} confirmed after it had expired`);
  if (event === 'expired' && at <= Number(expiresAt)) replay.say(`${id} expired before its time`);
}

function started(replay: Replay, id: string, { at, fields }: Entry): void {
  const before = now(replay);
  const { action, by, projectVersion, executeBy } = operation(replay, id);
  moveOperation(replay, id, 'running');
  if (before.holder !== null) replay.say(`${id} started while ${before.holder} held the project`);
  if (!road(action).from.includes(before.state)) replay.say(`${action} started while ${before.state}`);
  if (before.version !== Number(projectVersion)) replay.say(`${id} started at another version than it was decided on`);
  if (at > Number(executeBy)) replay.say(`${id} started too late`);
  if (fields['state'] !== road(action).via) replay.say(`${action} led to ${fields['state']}`);
  move(replay, { state: road(action).via, at, since: at, by: by ?? '', holder: id, ended: null });
}

/** `done`, `failed` with links left behind, or taken back before anything was touched. */
function ended(replay: Replay, id: string, { event, at, fields }: Entry): void {
  const { action, by, outcome } = operation(replay, id);
  const { holder } = now(replay);
  moveOperation(replay, id, event);
  if (holder !== id) replay.say(`${id} ended while ${holder ?? 'nothing'} held the project`);
  const end = { at, holder: null, ended: { operation: id, as: event } };
  if (event === 'done') {
    move(replay, { ...end, state: road(action).to, since: at, by: by ?? '' });
    const { linksTotal, linksDone, unreachable, missing } = JSON.parse(outcome || '{}');
    const isWhole = linksTotal === replay.links && linksDone === linksTotal;
    if (!isWhole || unreachable.length + missing.length > 0) replay.say(`${id} done with ${outcome}`);
  } else {
    const before = replay.standings.at(-2);
    if (event === 'failed' && fields['code'] === '') move(replay, { ...end, state: 'failed', since: at, by: by ?? '' });
    else move(replay, { ...end, state: before?.state ?? '', since: before?.since ?? 0, by: before?.by ?? '' });
  }
  if (fields['state'] !== now(replay).state) replay.say(`${action} ${event} led to ${fields['state']}`);
}

/** Decided on what the project was when it was read, which may be a moment ago. */
function refusedAtRequest(replay: Replay, _id: string, { fields }: Entry): void {
  const { code, state, since } = JSON.parse(fields['refusal'] || '{}');
  if (code !== 'not_allowed') return;
  const action = fields['action'] ?? '';
  const wasSo = replay.standings.some((standing) => standing.state === state && standing.since === since);
  if (!wasSo || road(action).from.includes(state))
    replay.say(`${action} refused at the request with ${fields['refusal']}`);
}

function refusedAtClaim(replay: Replay, id: string, { at, fields }: Entry): void {
  const { state, since, by, holder, version } = now(replay);
  const { action, projectVersion, executeBy } = operation(replay, id);
  moveOperation(replay, id, 'refused');
  const refusal = JSON.parse(fields['refusal'] || '{}');
  const holding = holder === null ? undefined : replay.records.operations.get(holder);
  const isAllowed = road(action).from.includes(state);
  const isSame = version === Number(projectVersion);
  const isTrue: Readonly<Record<string, boolean>> = {
    held: holding !== undefined && refusal.by === holding['by'] && refusal.action === holding['action'],
    not_allowed: holder === null && !isAllowed && refusal.since === since && refusal.by === by,
    changed: holder === null && isAllowed && !isSame && refusal.since === since && refusal.by === by,
    too_late: holder === null && isAllowed && isSame && at > Number(executeBy),
  };
  if (isTrue[refusal.code] !== true || (refusal.state ?? state) !== state) {
    replay.say(`${id} refused with ${fields['refusal']} while ${state}, version ${version}, held by ${holder}`);
  }
}

function taskFailed(replay: Replay, _id: string, { at, fields }: Entry): void {
  const { state, holder } = now(replay);
  if (state !== 'running' || holder !== null) replay.say(`a task made it Failed while ${state}, held by ${holder}`);
  move(replay, { state: 'failed', at, since: at, by: fields['by'] ?? '', holder: null, ended: null });
}

function compareEnd(replay: Replay): void {
  const { records, states, say } = replay;
  const { state, version, since, by, holder } = now(replay);
  const model = { state, version: String(version), since: String(since), by, holder: holder ?? '' };
  for (const [field, wanted] of Object.entries(model)) {
    if (records.state[field] !== wanted) say(`${field} is ${records.state[field]}, the model has ${wanted}`);
  }
  for (const [id, kept] of records.operations) {
    const wanted = states.get(id);
    if (kept['state'] !== wanted) say(`${id} is ${kept['state']}, the model has ${wanted}`);
    if (wanted === 'confirmed' || wanted === 'running') say(`${id} is still ${wanted}`);
    if ((kept['finishedAt'] === '') !== (wanted === 'requested')) say(`${id} finished at ${kept['finishedAt']}`);
  }
}

function moveOperation(replay: Replay, id: string, to: string): void {
  const from = replay.states.get(id);
  if (from === undefined || lives[from]?.includes(to) !== true) replay.say(`${id} went from ${from} to ${to}`);
  replay.states.set(id, to);
}

function move(replay: Replay, next: Omit<Standing, 'version'>): void {
  replay.standings.push({ version: now(replay).version + 1, ...next });
}

function now(replay: Replay): Standing {
  return replay.standings.at(-1) as Standing;
}

function operation({ records }: Replay, id: string): Fields {
  return records.operations.get(id) ?? {};
}

const nowhere = { from: [] as readonly string[], via: '', to: '' };

function road(action: string | undefined) {
  return roads[action ?? ''] ?? nowhere;
}
