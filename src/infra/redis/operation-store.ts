import { z } from 'zod';
import type {
  ClaimResult,
  CommitResult,
  Completion,
  ConfirmationResult,
  NewOperation,
  OperationStore,
} from '../../application/stores.ts';
import { transitions } from '../../domain/lifecycle.ts';
import { claimTimeoutMs, type Operation, type OperationRef } from '../../domain/operation.ts';
import type { ProjectId } from '../../domain/project.ts';
import type { RedisClient } from './connection.ts';
import { operationKey, projectKeys } from './keys.ts';
import {
  claimScript,
  commitScript,
  markDrainedScript,
  markNotifiedScript,
  requestScript,
  resolveScript,
  setProgressScript,
} from './operation-scripts.ts';
import type { ProjectIndex } from './project-index.ts';
import { endExecutionScript } from './project-scripts.ts';
import { flatHashSchema, readOperationHash, readProject, type SkipUnreadable } from './records.ts';
import { execute, type StepRunner, toWriteResult } from './scripts.ts';

/** How long an execution may be under way before it is given up. */
const executionTimeoutMs = 15 * 60_000;
/** So many entries of the history are looked through at once for the newest operations. */
const historyPageSize = 200;

const operationReply = flatHashSchema.transform((hash, context): Operation => {
  const operation = readOperationHash(hash);
  if (operation !== null) return operation;
  context.addIssue({ code: 'custom', message: 'an operation that is not there' });
  return z.NEVER;
});
const replyWithOperation = <Kind extends string>(...kinds: [Kind, ...Kind[]]) =>
  z.tuple([z.enum(kinds), operationReply]);

const requestReply = z.union([z.tuple([z.literal('ok'), operationReply]), z.tuple([z.literal('removed')])]);
const resolveReply = z.union([
  replyWithOperation('resolved', 'repeated'),
  z.tuple([z.literal('not_requester'), z.string()]),
  z.tuple([z.literal('unknown')]),
]);
const claimReply = z.union([
  z.tuple([z.literal('claimed'), operationReply, flatHashSchema, z.string(), z.number()]),
  replyWithOperation('refused', 'finished'),
  z.tuple([z.literal('unknown')]),
]);
const commitReply = z.union([replyWithOperation('committed', 'repeated'), z.tuple([z.literal('conflict')])]);

export interface OperationStoreOptions {
  readonly client: RedisClient;
  readonly runStep: StepRunner;
  readonly index: Pick<ProjectIndex, 'update'>;
  readonly skipUnreadable: SkipUnreadable;
}

/** The operations of the projects: one hash each, and the atomic steps of their life. */
export function createOperationStore({
  client,
  runStep,
  index,
  skipUnreadable,
}: OperationStoreOptions): OperationStore {
  const read = async ({ project, operation }: OperationRef) =>
    readOperationHash(await execute(client, (redis) => redis.hgetall(operationKey(project, operation))));
  const readAll = async (project: ProjectId, ids: readonly string[]) => {
    const operations = await Promise.all(ids.map((operation) => skipUnreadable(project, read({ project, operation }))));
    return operations.filter((operation) => operation !== null);
  };

  return {
    read,
    async listRecent(id, limit) {
      const found = new Set<string>();
      for (let end = '+'; found.size < limit; ) {
        const entries = await execute(client, (redis) =>
          redis.xrevrange(projectKeys(id).audit, end, '-', 'COUNT', historyPageSize),
        );
        for (const [, fields] of entries) found.add(flatHashSchema.parse(fields)['operation'] ?? '');
        found.delete('');
        const last = entries.at(-1);
        if (last === undefined || entries.length < historyPageSize) break;
        end = `(${last[0]}`;
      }
      return readAll(id, [...found].slice(0, limit));
    },
    async listOpen(id) {
      const { open } = projectKeys(id);
      const ids = await execute(client, (redis) => redis.zrange(open, 0, '-1'));
      const found = await Promise.all(
        ids.map((operation) =>
          skipUnreadable(
            id,
            read({ project: id, operation }).then((known) => known ?? 'gone'),
          ),
        ),
      );
      // Its time of retention was over before anybody was told.
      const expired = ids.filter((_operation, index) => found[index] === 'gone');
      if (expired.length > 0) await execute(client, (redis) => redis.zrem(open, ...expired));
      return found.filter((operation) => operation !== null && operation !== 'gone');
    },
    async request(operation) {
      const args = [operation.id, JSON.stringify(newFields(operation)), operation.ttlMs];
      const reply = requestReply.parse(await runStep(operation.project, requestScript, args));
      if (reply[0] === 'removed') return { kind: 'refused', refusal: { code: 'removed', project: operation.project } };
      return { kind: 'requested', operation: reply[1] };
    },
    async resolve({ ref, decision, by, dialog }) {
      const args = [ref.operation, decision, by ?? '', toJsonOrEmpty(dialog), claimTimeoutMs];
      return toConfirmationResult(resolveReply.parse(await runStep(ref.project, resolveScript, args)));
    },
    async claim(ref, run): Promise<ClaimResult> {
      const args = [ref.operation, run, executionTimeoutMs, JSON.stringify(transitions)];
      const reply = claimReply.parse(await runStep(ref.project, claimScript, args));
      if (reply[0] === 'unknown') return { kind: 'unknown' };
      if (reply[0] !== 'claimed') return { kind: reply[0], operation: reply[1] };
      const [kind, operation, state, definition, now] = reply;
      const project = readProject(ref.project, state, definition);
      if (project === null) throw new Error('a claimed project that is not there');
      void index.update(project.id, project.state);
      return { kind, operation, project, now };
    },
    async commit(ending): Promise<CommitResult> {
      const reply = commitReply.parse(await runStep(ending.ref.project, commitScript, commitArgs(ending)));
      if (reply[0] === 'conflict') return { kind: 'conflict' };
      const [kind, operation] = reply;
      if (kind === 'committed' && operation.toState !== null) void index.update(operation.project, operation.toState);
      return { kind, operation };
    },
    async setProgress(ref, progress) {
      await runStep(ref.project, setProgressScript, [ref.operation, JSON.stringify(progress)]);
    },
    async markNotified(ref, { seq, message, dialogUses }) {
      await runStep(ref.project, markNotifiedScript, [ref.operation, seq, toJsonOrEmpty(message), dialogUses]);
    },
    async markDrained(ref, outcome) {
      return toWriteResult(await runStep(ref.project, markDrainedScript, [ref.operation, JSON.stringify(outcome)]));
    },
    async endExecution(id, executionId) {
      await runStep(id, endExecutionScript, [executionId]);
    },
  };
}

/** Every field of a fresh operation but its times, which the script takes from the server's clock. */
function newFields({ id, project, action, by, reason, origin, channel, projectVersion }: NewOperation) {
  const empty = ['dialog', 'resolvedAt', 'executeBy', 'startedAt', 'finishedAt', 'fromState', 'toState', 'progress'];
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
    notifiedSeq: '1',
  };
  return { ...Object.fromEntries([...empty, 'outcome', 'refusal', 'message'].map((name) => [name, ''])), ...fields };
}

function commitArgs(ending: Completion): (string | number)[] {
  const { ref, expectedVersion, operationState, projectState, linksSynced, outcome, refusal, failure } = ending;
  const { pendingLinks, oldestUnprocessedAt } = ending;
  const drainingOperation = projectState === 'paused' && (outcome?.inFlight ?? 0) > 0;
  return [
    ref.operation,
    expectedVersion,
    operationState,
    projectState,
    linksSynced ? '1' : '0',
    toJsonOrEmpty(outcome),
    toJsonOrEmpty(refusal),
    toJsonOrEmpty(failure),
    drainingOperation ? '1' : '0',
    JSON.stringify(pendingLinks),
    oldestUnprocessedAt ?? '',
  ];
}

function toConfirmationResult(reply: z.infer<typeof resolveReply>): ConfirmationResult {
  switch (reply[0]) {
    case 'unknown':
      return { kind: 'refused', refusal: { code: 'unknown_operation' } };
    case 'not_requester':
      return { kind: 'refused', refusal: { code: 'not_requester', by: reply[1] } };
    default:
      return { kind: reply[0], operation: reply[1] };
  }
}

function toJsonOrEmpty(value: object | null): string {
  return value === null ? '' : JSON.stringify(value);
}
