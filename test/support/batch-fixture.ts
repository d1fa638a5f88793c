import { emptyPolicy } from '../../src/domain/authorization.ts';
import type { Waves } from '../../src/domain/batch.ts';
import type { MessageView } from '../fake-slack/types.ts';
import { type SlackHarness, type SlackHarnessOptions, startSlackHarness } from './slack-harness.ts';
import { waitFor } from './wait-for.ts';

/** A harness with several projects, and what their tests have in common. */
export interface BatchHarness extends SlackHarness {
  stateOf(project: string): Promise<string | undefined>;
  states(): Promise<Record<string, string | undefined>>;
  waitForStates(expected: Readonly<Record<string, string>>): Promise<void>;
  /** Requests an action on several projects, and presses OK. Returns the dialog. */
  requestBatch(command: string, user?: string): Promise<MessageView>;
  /** Restores by `settings.waves` from now on. */
  setWaves(waves: Waves): Promise<void>;
}

/** By their id: the initial state. Default: running. */
export type ProjectStates = Readonly<Record<string, 'running' | 'paused'>>;

/** Each project has the label `prod` and one link. Workers run. */
export async function startBatchHarness(
  projects: ProjectStates,
  options: SlackHarnessOptions = {},
): Promise<BatchHarness> {
  const harness = await startSlackHarness(options);
  const { services } = harness;
  const names = Object.keys(projects);
  await Promise.all(
    names.map(async (name) => {
      const link = await services.createLink(`${name}-full`);
      await services.createProject(name, [link], { state: projects[name] ?? 'running', labels: ['prod'] });
    }),
  );
  await services.instance.startWorkers();
  const stateOf = async (id: string) => (await services.context.projects.read(id))?.state;
  const states = async () => Object.fromEntries(await Promise.all(names.map(async (id) => [id, await stateOf(id)])));
  return Object.assign(harness, {
    stateOf,
    states,
    async waitForStates(expected: Readonly<Record<string, string>>) {
      const isReached = async ([id, state]: [string, string]) => (await stateOf(id)) === state;
      const description = JSON.stringify(expected);
      await waitFor(async () => (await Promise.all(Object.entries(expected).map(isReached))).every(Boolean), {
        description,
      });
    },
    async requestBatch(command: string, user = 'U0ALICE') {
      const dialog = await harness.runCommand(command, { user });
      harness.press('OK', dialog, user);
      return dialog;
    },
    setWaves: (waves: Waves) => saveWaves(harness, waves),
  });
}

async function saveWaves({ services }: SlackHarness, waves: Waves): Promise<void> {
  const { configurations } = services.context;
  const stored = await configurations.read();
  if (stored.kind === 'unreadable') throw new Error('the configuration is unreadable');
  const { settings } = services.instance.configuration;
  const configuration = {
    policy: emptyPolicy,
    onCall: [],
    digests: [],
    connections: {},
    settings: { ...settings, waves },
  };
  await configurations.save(configuration, stored.kind === 'none' ? 0 : stored.version, 'test');
  await services.instance.refreshConfiguration();
}
