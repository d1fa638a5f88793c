import type { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Action } from '../../src/domain/project.ts';
import { waitFor } from '../support/wait.ts';
import type { OwnedLink } from '../support/world.ts';
import type { Theatre } from './theatre.ts';

/** A project with ten links, on two Redis servers, and its link workers. */
export interface Stage extends AsyncDisposable {
  readonly project: string;
  readonly links: readonly StageLink[];
  /** The tasks of each link, in the order in which they are to be done; their ids count up in the order of adding. */
  readonly tasks: readonly string[];
  /** How many failed tasks a Restore finds on all links together. */
  readonly failed: number;
  /** What the link's worker has done, task by task. */
  done(link: OwnedLink): readonly string[];
  /** New tasks for every link. */
  addTasks(): Promise<void>;
}

export interface StageLink extends OwnedLink {
  /** The Redis that it lives on. */
  readonly redis: Redis;
}

const linkCount = 10;
const onSecondServer = 3;

/** `bad` tasks fail at first, so that Restore has something to put back. */
const names = { bad: ['bad-0', 'bad-1'], waiting: ['new-0', 'new-1'], added: ['late-0'] } as const;

/** Sets a project up as it is before `action`: its links wait, run, or are paused with failed and waiting tasks. */
export async function openStage(
  { world, redisOf }: Pick<Theatre, 'world' | 'redisOf'>,
  project: string,
  action: Action,
): Promise<Stage> {
  const links = await Promise.all(
    Array.from({ length: linkCount }, async (_, index) => {
      const connection = index < linkCount - onSecondServer ? 'default' : 'far';
      return { ...(await world.link(`${project}-l${index}`, connection)), redis: redisOf(connection) };
    }),
  );
  const done = new Map<OwnedLink, string[]>(links.map((link) => [link, []]));
  let isMended = false;
  const workers: Worker[] = await Promise.all(
    links.map((link) =>
      link.work(async ({ name }) => {
        if (name.startsWith('bad') && !isMended) throw new Error('the target refuses it');
        done.get(link)?.push(name);
      }),
    ),
  );
  await Promise.all(links.map((link) => prepare[action](link, () => done.get(link)?.length ?? 0)));
  isMended = true;
  await world.project(project, links, { state: before[action] });
  await world.deps.store.markConverged(project, 1, []);
  const tasks: string[] = [...(action === 'restore' ? names.bad : []), ...names.waiting];
  return {
    project,
    links,
    tasks,
    failed: action === 'restore' ? linkCount * names.bad.length : 0,
    async addTasks() {
      tasks.push(...names.added);
      await Promise.all(links.map((link) => add(link, names.added)));
    },
    done: (link) => done.get(link) ?? [],
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.close(true)));
      await world.redis.srem('syncbot:projects', project);
    },
  };
}

const before = { start: 'not_started', pause: 'running', restore: 'paused' } as const;

const prepare: Readonly<Record<Action, (link: OwnedLink, countDone: () => number) => Promise<void>>> = {
  async start({ queue }) {
    await queue.pause();
    await add({ queue }, names.waiting);
  },
  async pause({ queue }, countDone) {
    await add({ queue }, names.waiting);
    await waitFor(() => countDone() === names.waiting.length, { describe: 'work before the pause' });
  },
  async restore({ queue }) {
    await add({ queue }, names.bad);
    await waitFor(async () => (await queue.getFailedCount()) === names.bad.length, { describe: 'failed tasks' });
    await queue.pause();
    await add({ queue }, names.waiting);
  },
};

async function add({ queue }: Pick<OwnedLink, 'queue'>, added: readonly string[]): Promise<void> {
  for (const name of added) await queue.add(name, {});
}
