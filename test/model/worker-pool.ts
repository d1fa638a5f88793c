import { type Child, type ChildGiven, startChild } from '../support/child.ts';

/** The life of one worker process, epoch ms. `endedAt` null: it lives. */
export interface Life {
  readonly startedAt: number;
  endedAt: number | null;
}

/** Workers of the compiled sources, each in a process of its own. */
export interface WorkerPool extends AsyncDisposable {
  readonly kills: number;
  readonly stops: number;
  /** Those that were killed. */
  readonly killed: readonly Life[];
  /** What those said that ended without being killed: there should be none. */
  deaths(): string[];
  kill(slot: number): Promise<void>;
  /** SIGSTOP now, SIGCONT so much later. */
  stop(slot: number, forMs: number): void;
  start(slot: number): Promise<void>;
  /** Nothing is stopped any more, and every slot has its worker. */
  heal(): Promise<void>;
}

interface Slot {
  child: Child | null;
  life: Life | null;
  timer: NodeJS.Timeout | null;
  /** One step on a slot after the other. */
  last: Promise<unknown>;
}

export async function startWorkerPool(size: number, { folder, given }: Start): Promise<WorkerPool> {
  const slots: Slot[] = Array.from({ length: size }, () => ({
    child: null,
    life: null,
    timer: null,
    last: Promise.resolve(),
  }));
  const killed: Life[] = [];
  const children: Child[] = [];
  let stops = 0;
  const at = (index: number): Slot => slots[index % size] as Slot;
  const inTurn = (slot: Slot, act: () => Promise<void>): Promise<void> => {
    const done = slot.last.then(act);
    slot.last = done.catch(() => {});
    return done;
  };
  const resume = (slot: Slot) => {
    if (slot.timer !== null) clearTimeout(slot.timer);
    slot.timer = null;
    slot.child?.kill('SIGCONT');
  };
  const begin = (slot: Slot) =>
    inTurn(slot, async () => {
      if (slot.child !== null) return;
      slot.life = { startedAt: Date.now(), endedAt: null };
      slot.child = await startChild(folder, 'worker', given);
      children.push(slot.child);
    });
  const end = (slot: Slot) =>
    inTurn(slot, async () => {
      const { child, life } = slot;
      if (child === null || life === null) return;
      if (slot.timer !== null) clearTimeout(slot.timer);
      slot.timer = null;
      child.kill('SIGKILL');
      await child.exited;
      slot.child = null;
      life.endedAt = Date.now();
      killed.push(life);
    });
  const pool: WorkerPool = {
    killed,
    get kills() {
      return killed.length;
    },
    get stops() {
      return stops;
    },
    deaths: () => children.map((child) => child.lastWords()).filter((words) => words !== null),
    kill: (index) => end(at(index)),
    stop(index, forMs) {
      const slot = at(index);
      if (slot.child === null || slot.timer !== null) return;
      stops += 1;
      slot.child.kill('SIGSTOP');
      slot.timer = setTimeout(() => resume(slot), forMs);
    },
    start: (index) => begin(at(index)),
    async heal() {
      slots.forEach(resume);
      await Promise.all(slots.map(begin));
    },
    async [Symbol.asyncDispose]() {
      for (const slot of slots) {
        if (slot.timer !== null) clearTimeout(slot.timer);
        await slot.last;
        await slot.child?.[Symbol.asyncDispose]();
      }
    },
  };
  await pool.heal();
  return pool;
}

interface Start {
  /** Of the build. */
  readonly folder: string;
  readonly given: ChildGiven;
}
