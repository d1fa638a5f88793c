import type { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Action } from '../../src/domain/lifecycle.ts';
import type { TestLink } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import type { CrashHarness } from './harness.ts';

/** A project with links on two Redis servers, and its link workers. */
export interface ProjectFixture extends AsyncDisposable {
  readonly project: string;
  readonly links: readonly FixtureLink[];
  /** The tasks of each link, in the order in which they must be completed. Their ids count up in the order of adding. */
  readonly tasks: readonly string[];
  /** How many failed tasks a Restore finds on all links. */
  readonly failedTaskCount: number;
  /** The tasks that the link's worker has completed, in order. */
  completedTasks(link: TestLink): readonly string[];
  /** Adds tasks to every link. */
  addTasks(): Promise<void>;
  /** Adds tasks of a minute ago to every link. The first one of a link is not completed before the returned function is called. */
  addHeldTasks(): Promise<() => void>;
}

export interface FixtureLink extends TestLink {
  /** The Redis of its queue. */
  readonly redis: Redis;
}

export interface ProjectFixtureOptions {
  readonly project: string;
  /** What the state of the project allows. */
  readonly action: Action;
  /** Default 10. A third of them is on the second server. */
  readonly linkCount?: number;
  readonly channel?: string;
}

/** `bad` tasks fail at first, so that Restore has tasks to retry. */
const taskNames = {
  bad: ['bad-0', 'bad-1'],
  waiting: ['new-0', 'new-1'],
  added: ['late-0'],
  held: ['held-0', 'held-1'],
} as const;

/** Creates a project in the state before `action`. Before a Restore its links have failed and waiting tasks. */
export async function createProjectFixture(
  { services, redisOf }: Pick<CrashHarness, 'services' | 'redisOf'>,
  { project, action, linkCount = 10, channel }: ProjectFixtureOptions,
): Promise<ProjectFixture> {
  const linksOnSecondServer = Math.ceil(linkCount * 0.3);
  const links = await Promise.all(
    Array.from({ length: linkCount }, async (_, index) => {
      const connection = index < linkCount - linksOnSecondServer ? 'default' : 'far';
      return { ...(await services.createLink(`${project}-l${index}`, connection)), redis: redisOf(connection) };
    }),
  );
  const completed = new Map<TestLink, string[]>(links.map((link) => [link, []]));
  let isRepaired = false;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const workers: Worker[] = await Promise.all(
    links.map((link) =>
      link.startWorker(async ({ name }) => {
        if (name.startsWith('bad') && !isRepaired) throw new Error('refused by the target');
        if (name.startsWith('held')) await released;
        completed.get(link)?.push(name);
      }),
    ),
  );
  await Promise.all(links.map((link) => prepare[action](link, () => completed.get(link)?.length ?? 0)));
  isRepaired = true;
  const state = initialStates[action];
  await services.createProject(project, links, channel === undefined ? { state } : { state, channel });
  await services.context.projects.markReconciled(project, 1, []);
  const tasks: string[] = [...(action === 'restore' ? taskNames.bad : []), ...taskNames.waiting];
  return {
    project,
    links,
    tasks,
    failedTaskCount: action === 'restore' ? linkCount * taskNames.bad.length : 0,
    async addTasks() {
      tasks.push(...taskNames.added);
      await Promise.all(links.map((link) => addJobs(link, taskNames.added)));
    },
    async addHeldTasks() {
      tasks.push(...taskNames.held);
      await Promise.all(links.map((link) => addJobs(link, taskNames.held, { timestamp: Date.now() - 60_000 })));
      return release;
    },
    completedTasks: (link) => completed.get(link) ?? [],
    async [Symbol.asyncDispose]() {
      release();
      await Promise.all(workers.map((worker) => worker.close(true)));
      await services.redis.srem('syncbot:projects', project);
      // Otherwise the next sweep removes it.
      await services.redis.zrem('syncbot:order', project);
    },
  };
}

const initialStates = { start: 'not_started', pause: 'running', restore: 'paused' } as const;

const prepare: Readonly<Record<Action, (link: TestLink, countCompleted: () => number) => Promise<void>>> = {
  async start({ queue }) {
    await queue.pause();
    await addJobs({ queue }, taskNames.waiting);
  },
  async pause({ queue }, countCompleted) {
    await addJobs({ queue }, taskNames.waiting);
    await waitFor(() => countCompleted() === taskNames.waiting.length, {
      description: 'completed tasks before the pause',
    });
  },
  async restore({ queue }) {
    await addJobs({ queue }, taskNames.bad);
    await waitFor(async () => (await queue.getFailedCount()) === taskNames.bad.length, { description: 'failed tasks' });
    await queue.pause();
    await addJobs({ queue }, taskNames.waiting);
  },
};

async function addJobs(
  { queue }: Pick<TestLink, 'queue'>,
  names: readonly string[],
  options: { readonly timestamp?: number } = {},
): Promise<void> {
  for (const name of names) await queue.add(name, {}, options);
}
