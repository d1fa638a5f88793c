import type { UseCaseContext } from '../application/context.ts';
import type { ProcessStatus } from '../application/stores.ts';
import { messages } from '../messages/catalog.ts';

const texts = messages.configuration;

/** Longer than the record of a process that was killed is valid. */
const followTimeoutMs = 10_000;
const pollIntervalMs = 200;

interface ProcessWaitContext {
  readonly configurations: Pick<UseCaseContext['configurations'], 'listProcesses'>;
  readonly clock: UseCaseContext['clock'];
}

/**
 * Waits until every running process uses this version of the configuration or a newer one, at most 10 s. Returns what is left
 * to do, one clause for each role and reason.
 */
export async function waitForProcesses(
  { configurations, clock }: ProcessWaitContext,
  version: number,
): Promise<string[]> {
  const deadline = clock.monotonicNow() + followTimeoutMs;
  for (;;) {
    const processes = await configurations.listProcesses();
    if (!processes.some((process) => isOutdated(process, version)) || clock.monotonicNow() >= deadline)
      return processProblems(processes, version);
    await clock.sleep(pollIntervalMs);
  }
}

/** Which processes use an older version of the configuration, or only a part of it. */
export function processProblems(processes: readonly ProcessStatus[], version: number): string[] {
  const outdated = processes.filter((process) => isOutdated(process, version));
  const unusable = processes.flatMap(({ role, unusable }) => unusable.map((connection) => ({ role, connection })));
  return [
    ...countEqual(outdated.map(({ role }) => role)).map(({ item: role, count }) => texts.outdated(count, role)),
    ...countEqual(unusable).map(({ item: { role, connection }, count }) => texts.unusableIn(count, role, connection)),
  ];
}

/** Another apply may have stored a newer version since. */
function isOutdated({ configurationVersion }: ProcessStatus, version: number): boolean {
  return configurationVersion === null || configurationVersion < version;
}

/** Equal by their JSON, in the order of their first appearance. */
function countEqual<T>(items: readonly T[]): { readonly item: T; readonly count: number }[] {
  const groups = new Map<string, { readonly item: T; count: number }>();
  for (const item of items) {
    const key = JSON.stringify(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { item, count: 1 });
    else group.count += 1;
  }
  return [...groups.values()];
}
