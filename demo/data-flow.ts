import { Redis } from 'ioredis';
import { type LinkWorker, startLinkWorker } from './link-worker.ts';
import { brokenRow, type DemoLink, type DemoProject, demoProjects } from './projects.ts';
import { type Source, startSource } from './source.ts';
import { setColumnLimit } from './tables.ts';

/** The part that a team has without syncbot: source tables, the links' queues, and workers that write to the targets. */
export interface DataFlow extends AsyncDisposable {
  /** Starts a worker on every link. A worker takes no tasks while its link is paused. */
  startWorkers(): Promise<void>;
  /** Writes a value that the target of one link refuses, and then two more changes of the same row. */
  breakRow(): Promise<void>;
}

export interface DataFlowOptions {
  /** The URL of the links' Redis. */
  readonly url: string;
  /** Receives connection errors and errors of changes. All of them are retried. */
  readonly onError: (error: Error) => void;
}

/** Tasks take this long so that the user sees tasks in flight. */
const taskDurationMs = 60;

/** Creates the links' queues with waiting tasks, and starts to change the sources. */
export async function startDataFlow(options: DataFlowOptions): Promise<DataFlow> {
  await setColumnLimits(options.url);
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
        workers.push(await startLinkWorker({ ...options, project: project.id, link: link.queue, taskDurationMs }));
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

async function setColumnLimits(url: string): Promise<void> {
  const redis = new Redis(url);
  try {
    for (const { project, link } of demoLinks) {
      if (link.columnLimit) await setColumnLimit(redis, { project: project.id, link: link.queue }, link.columnLimit);
    }
  } finally {
    redis.disconnect();
  }
}
