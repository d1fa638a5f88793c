import { z } from 'zod';
import type {
  Claimed,
  Committed,
  Ending,
  NewOperation,
  OperationStore,
  Settled,
} from '../../application/operation-store.ts';
import { roads } from '../../domain/lifecycle.ts';
import { executeWithinMs, type Operation, type OperationRef } from '../../domain/operation.ts';
import type { ProjectId } from '../../domain/project.ts';
import { call } from './call.ts';
import type { RedisClient } from './connect.ts';
import { operationKey, projectKeys } from './keys.ts';
import {
  claimScript,
  commitScript,
  progressScript,
  quietScript,
  requestScript,
  settleScript,
  toldScript,
} from './operation-scripts.ts';
import type { ProjectOrder } from './project-order.ts';
import { flatHashSchema, type LeaveOut, readOperationHash, readProject } from './records.ts';
import type { StepRunner } from './step.ts';

/** How long an execution may be under way before it is given up. */
const runForMs = 15 * 60_000;
/** So many entries of the history are looked through at once for the newest operations. */
const historyLook = 200;

const operationReply = flatHashSchema.transform((hash, context): Operation => {
  const operation = readOperationHash(hash);
  if (operation !== null) return operation;
  context.addIssue({ code: 'custom', message: 'an operation that is not there' });
  return z.NEVER;
});
const answered = <Kind extends string>(...kinds: [Kind, ...Kind[]]) => z.tuple([z.enum(kinds), operationReply]);

const requestReply = z.union([z.tuple([z.literal('ok'), operationReply]), z.tuple([z.literal('removed')])]);
const settleReply = z.union([
  answered('settled', 'repeated'),
  z.tuple([z.literal('not_requester'), z.string()]),
  z.tuple([z.literal('unknown')]),
]);
const claimReply = z.union([
  z.tuple([z.literal('claimed'), operationReply, flatHashSchema, z.string(), z.number()]),
  answered('refused', 'over'),
  z.tuple([z.literal('unknown')]),
]);
const commitReply = z.union([answered('committed', 'repeated'), z.tuple([z.literal('conflict')])]);

export interface OperationStoreParts {
  readonly client: RedisClient;
  readonly step: StepRunner;
  readonly order: Pick<ProjectOrder, 'place'>;
  readonly orLeftOut: LeaveOut;
}

/** The operations of the projects: one hash each, and the atomic steps of their life. */
export function createOperationStore({ client, step, order, orLeftOut }: OperationStoreParts): OperationStore {
  const read = async ({ project, operation }: OperationRef) =>
    readOperationHash(await call(client, (redis) => redis.hgetall(operationKey(project, operation))));
  const readAll = async (project: ProjectId, ids: readonly string[]) => {
    const operations = await Promise.all(ids.map((operation) => orLeftOut(project, read({ project, operation }))));
    return operations.filter((operation) => operation !== null);
  };

  return {
    readOperation: read,
    async recentOperations(id, limit) {
      const found = new Set<string>();
      for (let end = '+'; found.size < limit; ) {
        const entries = await call(client, (redis) =>
          redis.xrevrange(projectKeys(id).audit, end, '-', 'COUNT', historyLook),
        );
        for (const [, fields] of entries) found.add(flatHashSchema.parse(fields)['operation'] ?? '');
        found.delete('');
        const last = entries.at(-1);
        if (last === undefined || entries.length < historyLook) break;
        end = `(${last[0]}`;
      }
      return readAll(id, [...found].slice(0, limit));
    },
    async openOperations(id) {
      const { open } = projectKeys(id);
      const ids = await call(client, (redis) => redis.zrange(open, 0, '-1'));
      const found = await Promise.all(
        ids.map((operation) =>
          orLeftOut(
            id,
            read({ project: id, operation }).then((known) => known ?? 'gone'),
          ),
        ),
      );
      // Its time of retention was over before anybody was told.
      const gone = ids.filter((_operation, index) => found[index] === 'gone');
      if (gone.length > 0) await call(client, (redis) => redis.zrem(open, ...gone));
      return found.filter((operation) => operation !== null && operation !== 'gone');
    },
    async request(operation) {
      const args = [operation.id, JSON.stringify(newFields(operation)), operation.ttlMs];
      const reply = requestReply.parse(await step(operation.project, requestScript, args));
      if (reply[0] === 'removed') return { kind: 'refused', refusal: { code: 'removed', project: operation.project } };
      return { kind: 'requested', operation: reply[1] };
    },
    async settle({ ref, settlement, by, dialog }) {
      const args = [ref.operation, settlement, by ?? '', jsonOrEmpty(dialog), executeWithinMs];
      return settled(settleReply.parse(await step(ref.project, settleScript, args)));
    },
    async claim(ref, run): Promise<Claimed> {
      const args = [ref.operation, run, runForMs, JSON.stringify(roads)];
      const reply = claimReply.parse(await step(ref.project, claimScript, args));
      if (reply[0] === 'unknown') return { kind: 'unknown' };
      if (reply[0] !== 'claimed') return { kind: reply[0], operation: reply[1] };
      const [kind, operation, state, definition, now] = reply;
      const project = readProject(ref.project, state, definition);
      if (project === null) throw new Error('a claimed project that is not there');
      void order.place(project.id, project.state);
      return { kind, operation, project, now };
    },
    async commit(ending): Promise<Committed> {
      const reply = commitReply.parse(await step(ending.ref.project, commitScript, commitArgs(ending)));
      if (reply[0] === 'conflict') return { kind: 'conflict' };
      const [kind, operation] = reply;
      if (kind === 'committed' && operation.toState !== null) void order.place(operation.project, operation.toState);
      return { kind, operation };
    },
    async progress(ref, progress) {
      await step(ref.project, progressScript, [ref.operation, JSON.stringify(progress)]);
    },
    async told(ref, { seq, message, dialogUses }) {
      await step(ref.project, toldScript, [ref.operation, seq, jsonOrEmpty(message), dialogUses]);
    },
    async quiet(ref, outcome) {
      return (await step(ref.project, quietScript, [ref.operation, JSON.stringify(outcome)])) === 1;
    },
  };
}

/** Every field of a fresh operation but its times, which the script takes from the server's clock. */
function newFields({ id, project, action, by, reason, origin, channel, projectVersion }: NewOperation) {
  const empty = ['dialog', 'settledAt', 'executeBy', 'startedAt', 'finishedAt', 'fromState', 'toState', 'progress'];
  const fields = {
    v: '1',
    id,
    project,
    action,
    state: 'requested',
    origin,
    by,
    projectVersion: String(projectVersion),
    channel: channel ?? '',
    reason: reason ?? '',
    seq: '1',
    toldSeq: '1',
  };
  return { ...Object.fromEntries([...empty, 'outcome', 'refusal', 'message'].map((name) => [name, ''])), ...fields };
}

function commitArgs(ending: Ending): (string | number)[] {
  const { ref, expectedVersion, operationState, projectState, converged, outcome, refusal, failure } = ending;
  const { awaited, logFrom } = ending;
  const draining = projectState === 'paused' && (outcome?.inFlight ?? 0) > 0;
  return [
    ref.operation,
    expectedVersion,
    operationState,
    projectState,
    converged ? '1' : '0',
    jsonOrEmpty(outcome),
    jsonOrEmpty(refusal),
    jsonOrEmpty(failure),
    draining ? '1' : '0',
    JSON.stringify(awaited),
    logFrom ?? '',
  ];
}

function settled(reply: z.infer<typeof settleReply>): Settled {
  switch (reply[0]) {
    case 'unknown':
      return { kind: 'refused', refusal: { code: 'unknown_operation' } };
    case 'not_requester':
      return { kind: 'refused', refusal: { code: 'not_requester', by: reply[1] } };
    default:
      return { kind: reply[0], operation: reply[1] };
  }
}

function jsonOrEmpty(value: object | null): string {
  return value === null ? '' : JSON.stringify(value);
}
