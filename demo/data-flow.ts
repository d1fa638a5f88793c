import { Redis } from 'ioredis';
import { type LinkWorker, startLinkWorker } from './link-worker.ts';
import { brokenRow, type DemoLink, type DemoProject, demoProjects } from './projects.ts';
import { type Source, startSource } from './source.ts';
import { setColumnLimit } from './tables.ts';

/** What a team has without syncbot: source tables that change, and workers that carry the changes through the links' queues. */
export interface DataFlow extends AsyncDisposable {
  /** Workers take tasks from every link that is not paused. */
  startWorkers(): Promise<void>;
  /** Puts a value into the source that the target of one link refuses, and then changes that row again, and again. */
  breakRow(): Promise<void>;
}

export interface DataFlowOptions {
  readonly url: string;
  readonly onError: (error: Error) => void;
}

/** How long a task takes, so that there is something to see. */
const TASK_DURATION_MS = 60;

/** Makes the links' queues, with tasks that wait in them, and keeps changing the sources. */
export async function startDataFlow(options: DataFlowOptions): Promise<DataFlow> {
  await limitColumns(options.url);
  const sources = new Map<string, Source>();
  const workers: LinkWorker[] = [];
  const stop = async () => {
    await Promise.all([...sources.values()].map((source) => source.stop()));
    await Promise.all(workers.map((worker) => worker.stop()));
  };
  try {
    for (const { project, link } of demoLinks) {
      const { queue, backlog, changeIntervalMs } = link;
      const source = await startSource({ ...options, project: project.id, link: queue, changeIntervalMs });
      sources.set(queue, source);
      await source.burst(backlog);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    async startWorkers() {
      for (const { project, link } of demoLinks) {
        workers.push(
          await startLinkWorker({
            ...options,
            project: project.id,
            link: link.queue,
            taskDurationMs: TASK_DURATION_MS,
          }),
        );
      }
    },
    async breakRow() {
      const source = sources.get(brokenRow.queue);
      await source?.breakRow(brokenRow.row);
      for (const value of brokenRow.laterValues) await source?.change(brokenRow.row, value);
    },
    [Symbol.asyncDispose]: stop,
  };
}

interface ProjectLink {
  readonly project: DemoProject;
  readonly link: DemoLink;
}

const demoLinks: readonly ProjectLink[] = demoProjects.flatMap((project) =>
  project.links.map((link) => ({ project, link })),
);

async function limitColumns(url: string): Promise<void> {
  const redis = new Redis(url);
  try {
    for (const { project, link } of demoLinks) {
      if (link.columnLimit) await setColumnLimit(redis, { project: project.id, link: link.queue }, link.columnLimit);
    }
  } finally {
    redis.disconnect();
  }
}
