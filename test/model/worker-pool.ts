import { type SyncbotProcess, type SyncbotProcessOptions, startSyncbotProcess } from '../support/syncbot-process.ts';
import type { WorkerFault } from './commands.ts';

/** Start and end of one worker process, epoch ms. `endedAt` is null while it runs. */
export interface WorkerLifetime {
  readonly startedAt: number;
  endedAt: number | null;
}

/** Workers of the compiled sources, one process each. */
export interface WorkerPool extends AsyncDisposable {
  readonly kills: number;
  readonly suspensions: number;
  /** The killed workers. */
  readonly killed: readonly WorkerLifetime[];
  /** The output of workers that ended without being killed. There must be none. */
  unexpectedExits(): string[];
  kill(slot: number): Promise<void>;
  /** Sends SIGSTOP now, and SIGCONT after `durationMs`. */
  suspend(slot: number, durationMs: number): void;
  start(slot: number): Promise<void>;
  /** Replaces a worker by a broken one. At most one has a broken connection: a former one is replaced by a healthy one. */
  break(slot: number, fault: WorkerFault): Promise<void>;
  /** Resumes every suspended worker, and starts a worker in every empty slot. */
  resumeAndStartAll(): Promise<void>;
}

interface Slot {
  child: SyncbotProcess | null;
  lifetime: WorkerLifetime | null;
  fault: WorkerFault | null;
  timer: NodeJS.Timeout | null;
  /** Runs the steps of a slot one after the other. */
  pending: Promise<unknown>;
}

export async function startWorkerPool(
  size: number,
  { folder, processOptions }: WorkerPoolOptions,
): Promise<WorkerPool> {
  const slots: Slot[] = Array.from({ length: size }, () => ({
    child: null,
    lifetime: null,
    fault: null,
    timer: null,
    pending: Promise.resolve(),
  }));
  const killed: WorkerLifetime[] = [];
  const children: SyncbotProcess[] = [];
  let suspensions = 0;
  const slotAt = (index: number): Slot => slots[index % size] as Slot;
  const enqueue = (slot: Slot, action: () => Promise<void>): Promise<void> => {
    const done = slot.pending.then(action);
    slot.pending = done.catch(() => {});
    return done;
  };
  const resume = (slot: Slot) => {
    if (slot.timer !== null) clearTimeout(slot.timer);
    slot.timer = null;
    slot.child?.kill('SIGCONT');
  };
  const startSlot = (slot: Slot, fault: WorkerFault | null = null) =>
    enqueue(slot, async () => {
      if (slot.child !== null) return;
      slot.fault = fault;
      slot.lifetime = { startedAt: Date.now(), endedAt: null };
      slot.child = await startSyncbotProcess(folder, 'worker', withFault(processOptions, fault));
      children.push(slot.child);
    });
  const killSlot = (slot: Slot) =>
    enqueue(slot, async () => {
      const { child, lifetime } = slot;
      if (child === null || lifetime === null) return;
      if (slot.timer !== null) clearTimeout(slot.timer);
      slot.timer = null;
      child.kill('SIGKILL');
      await child.exited;
      slot.child = null;
      lifetime.endedAt = Date.now();
      killed.push(lifetime);
    });
  const pool: WorkerPool = {
    killed,
    get kills() {
      return killed.length;
    },
    get suspensions() {
      return suspensions;
    },
    unexpectedExits: () => children.map((child) => child.failureOutput()).filter((output) => output !== null),
    kill: (index) => killSlot(slotAt(index)),
    suspend(index, durationMs) {
      const slot = slotAt(index);
      if (slot.child === null || slot.timer !== null) return;
      suspensions += 1;
      slot.child.kill('SIGSTOP');
      slot.timer = setTimeout(() => resume(slot), durationMs);
    },
    start: (index) => startSlot(slotAt(index)),
    async break(index, fault) {
      const slot = slotAt(index);
      const former = slots.filter((other) => other !== slot && isConnectionFault(other.fault));
      for (const other of isConnectionFault(fault) ? former : []) {
        await killSlot(other);
        await startSlot(other);
      }
      await killSlot(slot);
      await startSlot(slot, fault);
    },
    async resumeAndStartAll() {
      slots.forEach(resume);
      await Promise.all(slots.map((slot) => startSlot(slot)));
    },
    async [Symbol.asyncDispose]() {
      for (const slot of slots) {
        if (slot.timer !== null) clearTimeout(slot.timer);
        await slot.pending;
        await slot.child?.[Symbol.asyncDispose]();
      }
    },
  };
  await pool.resumeAndStartAll();
  return pool;
}

function isConnectionFault(fault: WorkerFault | null): boolean {
  return fault === 'lacks_connection' || fault === 'no_route';
}

const dayMs = 86_400_000;
/** No server listens there. */
const unreachableEndpoint = { kind: 'standalone', url: 'redis://127.0.0.1:1' } as const;

function withFault(options: SyncbotProcessOptions, fault: WorkerFault | null): SyncbotProcessOptions {
  switch (fault) {
    case 'lacks_connection':
      return { ...options, config: { ...options.config, connections: {} } };
    case 'no_route':
      return { ...options, config: { ...options.config, connections: { far: unreachableEndpoint } } };
    case 'clock_ahead':
      return { ...options, clockOffsetMs: dayMs };
    case 'clock_behind':
      return { ...options, clockOffsetMs: -dayMs };
    case null:
      return options;
    default:
      return fault satisfies never;
  }
}

interface WorkerPoolOptions {
  /** The folder of the build. */
  readonly folder: string;
  readonly processOptions: SyncbotProcessOptions;
}
