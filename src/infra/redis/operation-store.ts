import type {
  ClaimResult,
  CommitRequest,
  CommitResult,
  NewOperation,
  OperationStore,
} from '../../application/operation-store.ts';
import { transitions } from '../../domain/lifecycle.ts';
import { claimNoticeMs, claimTimeoutMs, type Operation, type OperationRef } from '../../domain/operation.ts';
import type { Project, ProjectId } from '../../domain/project.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import type { OperationIndex } from './operation-index.ts';
import {
  beginExecutionStep,
  checkClaimStep,
  claimStep,
  commitStep,
  endExecutionStep,
  markNotifiedStep,
  passPreflightStep,
  requestStep,
  resolveStep,
  setProgressStep,
  updateFollowUpStep,
  updateWaitStep,
} from './operation-steps.ts';
import type { ProjectIndex } from './project-index.ts';
import {
  flatHashSchema,
  readOperationHash,
  readProject,
  type SkipUnreadable,
  skippedField,
  skippedFields,
} from './records.ts';
import { sendCommands } from './send-commands.ts';
import type { StepRunner } from './steps.ts';

/** An execution that never ends counts as under way for this long. */
const executionTimeoutMs = 15 * 60_000;
/** How many audit entries are read at once to find the newest operations, and how many pages at most. */
const historyPageSize = 200;
const maxHistoryPages = 10;

interface ProjectReply {
  readonly operation: Operation;
  readonly project: Record<string, string>;
  readonly definition: string;
}

export interface OperationStoreOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly runStep: StepRunner;
  readonly index: Pick<ProjectIndex, 'update'>;
  readonly newest: OperationIndex;
  readonly skipUnreadable: SkipUnreadable;
}

/** Each operation is a hash. Each change of it is one step. */
export function createOperationStore({
  client,
  keys,
  runStep,
  index,
  newest,
  skipUnreadable,
}: OperationStoreOptions): OperationStore {
  const read = async ({ project, operation }: OperationRef) =>
    readOperationHash(await sendCommands(client, (redis) => redis.hgetall(keys.operation(project, operation))));
  /** Returns the changed project of a reply, and updates its entry in the index. */
  const toProject = ({ operation: { project: id }, project: state, definition }: ProjectReply): Project => {
    const project = readProject(id, state, definition);
    if (project === null) throw new Error('the project of the reply does not exist');
    void index.update(project);
    return project;
  };
  const readAll = async (project: ProjectId, ids: readonly string[]) => {
    const operations = await Promise.all(ids.map((operation) => skipUnreadable(project, read({ project, operation }))));
    return operations.filter((operation) => operation !== null);
  };

  return {
    read,
    readMany: (refs) => Promise.all(refs.map((ref) => skipUnreadable(ref.project, read(ref)))),
    async listRecent(id, limit) {
      const found = new Set<string>();
      let end = '+';
      for (let page = 0; page < maxHistoryPages && found.size < limit; page++) {
        const entries = await sendCommands(client, (redis) =>
          redis.xrevrange(keys.project(id).audit, end, '-', 'COUNT', historyPageSize),
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
      const { open } = keys.project(id);
      const ids = await sendCommands(client, (redis) => redis.zrange(open, 0, '-1'));
      const reads = await Promise.all(
        ids.map((operation) =>
          skipUnreadable(
            id,
            read({ project: id, operation }).then((found) => ({ operation, found })),
          ),
        ),
      );
      const readable = reads.filter((each) => each !== null);
      // Redis deletes an operation after the retention time, but not its entry in the sorted set.
      const deleted = readable.filter(({ found }) => found === null).map(({ operation }) => operation);
      if (deleted.length > 0) await sendCommands(client, (redis) => redis.zrem(open, ...deleted));
      return readable.flatMap(({ found }) => found ?? []);
    },
    async listNewest() {
      const refs = await newest.listNewest();
      const operations = await Promise.all(refs.map((ref) => skipUnreadable(ref.project, read(ref))));
      return operations.filter((operation) => operation !== null);
    },
    async request(newOperation) {
      const { refusal = null, ...operation } = newOperation;
      const { id, project, ttlMs } = operation;
      const fields = initialFields(operation);
      const reply = await runStep(requestStep, { project, operationId: id, fields, ttlMs, refusal });
      if (reply.kind === 'removed') return { kind: 'refused', refusal: { code: 'removed', project } };
      await newest.add(reply.operation);
      return reply;
    },
    async resolve({ ref, decision, by, dialog }) {
      const reply = await runStep(resolveStep, { ...idsOf(ref), decision, by, dialog, claimTimeoutMs });
      switch (reply.kind) {
        case 'unknown':
          return { kind: 'refused', refusal: { code: 'unknown_operation' } };
        case 'not_requester':
          return { kind: 'refused', refusal: { code: 'not_requester', by: reply.by } };
        default:
          return reply;
      }
    },
    async claim(ref, executionId): Promise<ClaimResult> {
      const reply = await runStep(claimStep, { ...idsOf(ref), executionId, executionTimeoutMs, transitions });
      if (reply.kind !== 'claimed') return reply;
      const { operation, now, hasOtherExecutions } = reply;
      return { kind: 'claimed', operation, project: toProject(reply), now, hasOtherExecutions };
    },
    updateWait: (ref, change) =>
      runStep(updateWaitStep, {
        ...idsOf(ref),
        ...change,
        ...('observation' in change ? { observation: JSON.stringify(change.observation) } : {}),
        transitions,
        claimTimeoutMs,
      }),
    checkClaim: (ref) => runStep(checkClaimStep, { ...idsOf(ref), noticeAfterMs: claimNoticeMs }),
    async commit(request): Promise<CommitResult> {
      const reply = await runStep(commitStep, commitArgs(request));
      if (reply.kind !== 'committed') return reply;
      const { kind, operation, operationToNotify } = reply;
      return { kind, operation, project: toProject(reply), operationToNotify };
    },
    passPreflight: (ref, { progress, skipped, retriedTasks }) =>
      runStep(passPreflightStep, {
        ...idsOf(ref),
        progress: JSON.stringify(progress),
        skipped: skippedFields(skipped),
        retriedTasks: JSON.stringify(retriedTasks),
      }),
    async setProgress(ref, progress) {
      await runStep(setProgressStep, { ...idsOf(ref), progress: JSON.stringify(progress) });
    },
    async markNotified(ref, { seq, message, threadMessage = null, dialogUses, hasRepliedAfterWait = false }) {
      const messageRefs = { message: toJson(message), threadMessage: toJson(threadMessage) };
      await runStep(markNotifiedStep, { ...idsOf(ref), seq, ...messageRefs, dialogUses, hasRepliedAfterWait });
    },
    updateFollowUp: (ref, { followUp, followEnd, ...change }) =>
      runStep(updateFollowUpStep, {
        ...idsOf(ref),
        ...change,
        followUp: JSON.stringify(followUp),
        followEnd: toJson(followEnd),
      }),
    repairIndex: (operation) => newest.add(operation),
    async beginExecution(project, executionId) {
      await runStep(beginExecutionStep, { project, executionId, executionTimeoutMs });
    },
    async endExecution(project, executionId) {
      await runStep(endExecutionStep, { project, executionId });
    },
  };
}

function idsOf({ project, operation }: OperationRef) {
  return { project, operationId: operation };
}

/** All fields of a new operation except its times, which the script takes from the server's clock. */
function initialFields(newOperation: NewOperation): Record<string, string> {
  const { id, project, action, by, reason, tasks, origin, channel, threadTs, batch, projectVersion } = newOperation;
  const { pauseUntil = null, timer = null, catchUpMs = null, traceparent } = newOperation;
  return {
    v: '1',
    id,
    project,
    action,
    state: 'requested',
    origin,
    by,
    projectVersion: String(projectVersion),
    channel: channel ?? '',
    threadTs: threadTs ?? '',
    batch: batch ?? '',
    reason: reason ?? '',
    tasks: tasks.length === 0 ? '' : JSON.stringify(tasks),
    pauseUntil: toJson(pauseUntil) ?? '',
    timer: toJson(timer) ?? '',
    catchUpMs: catchUpMs === null ? '' : String(catchUpMs),
    seq: '1',
    notifiedSeq: '1',
    ...(traceparent === undefined ? {} : { traceparent }),
    ...Object.fromEntries(emptyFields.map((name) => [name, ''])),
  };
}

const emptyFields = [
  'dialog',
  'resolvedAt',
  'executeBy',
  'startedAt',
  'finishedAt',
  'fromState',
  'toState',
  'progress',
  'outcome',
  'refusal',
  'message',
];

function commitArgs({
  ref,
  pendingLinks,
  outcome,
  followUp,
  refusal,
  failure,
  retriedTasks,
  ...request
}: CommitRequest) {
  return {
    ...idsOf(ref),
    ...request,
    pendingLinks: JSON.stringify(pendingLinks),
    outcome: toJson(outcome),
    followUp: toJson(followUp),
    refusal: toJson(refusal),
    failure: toJson(failure),
    retriedFields: retriedTasks.map(skippedField),
  };
}

function toJson(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
