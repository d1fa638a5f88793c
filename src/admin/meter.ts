import { Registry } from 'prom-client';
import type { Log } from '../application/deps.ts';
import type { ProjectStore } from '../application/store.ts';
import { createOperationFigures } from './operation-figures.ts';
import {
  type Build,
  beginProcessFigures,
  createBuildFigure,
  createCountedLog,
  processText,
} from './process-figures.ts';
import { createRoundFigures, type Round } from './round-figures.ts';
import { createSlackFigures, type SlackFigures } from './slack-figures.ts';
import type { Standing } from './standing.ts';
import { createStandingFigures } from './standing-figures.ts';

/** Counts what an app does. Each app has its own; nothing is shared but what the process itself tells. */
export interface Meter {
  /** The same store, whose operations are counted. */
  readonly measured: (store: ProjectStore) => ProjectStore;
  /** Does a round of the observer and keeps the figures that it saw. */
  readonly round: (observe: Round) => Promise<void>;
  readonly slack: SlackFigures;
  /** The same log, whose warnings and errors are counted. */
  readonly counted: (log: Log) => Log;
  /** Says what runs here, and from now on how it stands. Once. */
  readonly watch: (build: Build, standing: Standing) => void;
  readonly type: string;
  /** Everything in Prometheus' text format. Those who ask at the same time get the same text. */
  readonly text: () => Promise<string>;
}

export function createMeter({ observeEveryMs }: { readonly observeEveryMs: number }): Meter {
  const registry = new Registry();
  let asked: Promise<string> | null = null;
  const rounds = createRoundFigures(registry, observeEveryMs);
  const read = async () => {
    const [own, process] = await Promise.all([registry.metrics(), processText()]);
    return [own, rounds.text(), process].join('\n');
  };
  return {
    measured: createOperationFigures(registry),
    round: rounds.round,
    slack: createSlackFigures(registry),
    type: Registry.PROMETHEUS_CONTENT_TYPE,
    counted: createCountedLog(registry),
    watch(build, standing) {
      beginProcessFigures();
      createBuildFigure(registry, build);
      createStandingFigures(registry, standing);
    },
    text() {
      asked ??= read().finally(() => {
        asked = null;
      });
      return asked;
    },
  };
}
