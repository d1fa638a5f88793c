import fc from 'fast-check';
import { expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { actions, desiredLinkState } from '../../src/domain/lifecycle.ts';
import { startTestServices } from '../support/test-services.ts';
import { withShortWaits } from './context-overrides.ts';

const userArbitrary = fc.constantFrom('U0ALICE', 'U0BOB', 'U0CAROL', 'cli:dave');
const requestArbitrary = fc.record({
  by: userArbitrary,
  action: fc.constantFrom(...actions),
  /** The instances that execute the operation. A stalled job is executed twice. */
  workers: fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 3 }),
  /** Whether the request was decided on the project's first version instead of the current one. */
  stale: fc.boolean(),
});
const scenario = fc.record({
  initialState: fc.constantFrom('running', 'paused', 'not_started'),
  batches: fc.array(fc.array(requestArbitrary, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 }),
});

it('of concurrent operations one wins each version, no version is skipped, and the links are reconciled at the end', async () => {
  await using services = await startTestServices();
  const links = [await services.createLink('race-a'), await services.createLink('race-b')];
  for (const { startWorker } of links) await startWorker(async () => {});
  const apps = [services.instance, services.addInstance(), services.addInstance()];
  const { projects, operations } = services.context;
  let scenarioCount = 0;

  await fc.assert(
    fc.asyncProperty(scenario, async ({ initialState, batches }) => {
      const project = `race-${++scenarioCount}`;
      await services.createProject(project, links, { state: initialState });
      let requestCount = 0;
      for (const batch of batches) {
        const currentVersion = await projects.readVersion(project);
        await Promise.all(
          batch.map(async ({ by, action, workers, stale }) => {
            const ref = { project, operation: `op${++requestCount}` };
            await operations.request({
              id: ref.operation,
              project,
              action,
              by,
              reason: null,
              tasks: [],
              origin: 'slack',
              channel: null,
              projectVersion: (stale ? 1 : currentVersion) ?? 0,
              ttlMs: 60_000,
            });
            const resolved = await operations.resolve({ ref, decision: 'confirm', by, dialog: null });
            if (resolved.kind === 'refused') throw new Error(resolved.refusal.code);
            await Promise.all(
              workers.map((index) => execute(withShortWaits((apps[index] ?? services.instance).context), ref)),
            );
          }),
        );
      }

      const recent = await operations.listRecent(project, 100);
      const finalStates = recent.map(({ state }) => state);
      expect(finalStates.filter((state) => !['done', 'refused', 'superseded'].includes(state))).toEqual([]);
      const audit = await services.redis.xrange(`syncbot:{p:${project}}:audit`, '-', '+');
      const events = audit.map(([, fields]) => ({
        event: fields[fields.indexOf('event') + 1],
        version: Number(fields[fields.indexOf('version') + 1]),
      }));
      const transitions = events.filter(({ event }) => event === 'started' || event === 'done');
      expect(transitions.map(({ version }) => version)).toEqual(transitions.map((_change, index) => index + 2));
      expect(transitions.map(({ event }) => event)).toEqual(
        transitions.map((_change, index) => (index % 2 === 0 ? 'started' : 'done')),
      );
      expect(transitions.length).toBe(2 * finalStates.filter((state) => state === 'done').length);

      const after = await projects.read(project);
      expect(after).toMatchObject({ activeOperation: null, version: 1 + transitions.length });
      expect(await services.redis.exists(`syncbot:{p:${project}}:runs`)).toBe(0);
      if (after !== null && transitions.length > 0) {
        const desired = desiredLinkState(after.state);
        expect(
          await services.context.links.readStatuses(
            links.map(({ link }) => link),
            5_000,
          ),
        ).toEqual([desired, desired]);
      }
    }),
    { numRuns: 25 },
  );
});
