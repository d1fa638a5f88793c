import fc from 'fast-check';
import { expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import { linksWanted } from '../../src/domain/lifecycle.ts';
import { actions } from '../../src/domain/project.ts';
import { openWorld } from '../support/world.ts';

const person = fc.constantFrom('U0ALICE', 'U0BOB', 'U0CAROL', 'cli:dave');
const move = fc.record({
  by: person,
  action: fc.constantFrom(...actions),
  /** Which processes take the operation up: a job that stalled is taken up twice. */
  workers: fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 3 }),
  /** Whether it was decided on what the project is now, or on what it was at the beginning. */
  stale: fc.boolean(),
});
const story = fc.record({
  first: fc.constantFrom('running', 'paused', 'not_started'),
  rounds: fc.array(fc.array(move, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 }),
});

it('whoever asks for what at once: one wins per version, no version is left out, the links agree at the end', async () => {
  await using world = await openWorld();
  const links = [await world.link('race-a'), await world.link('race-b')];
  for (const { work } of links) await work(async () => {});
  const apps = [world.app, world.another(), world.another()];
  const { store } = world.deps;
  let stories = 0;

  await fc.assert(
    fc.asyncProperty(story, async ({ first, rounds }) => {
      const project = `race-${++stories}`;
      await world.project(project, links, { state: first });
      let asked = 0;
      for (const round of rounds) {
        const now = await store.version(project);
        await Promise.all(
          round.map(async ({ by, action, workers, stale }) => {
            const ref = { project, operation: `op${++asked}` };
            await store.request({
              id: ref.operation,
              project,
              action,
              by,
              reason: null,
              origin: 'slack',
              channel: null,
              projectVersion: (stale ? 1 : now) ?? 0,
              ttlMs: 60_000,
            });
            const settled = await store.settle({ ref, settlement: 'confirm', by, dialog: null });
            if (settled.kind === 'refused') throw new Error(settled.refusal.code);
            await Promise.all(workers.map((index) => execute((apps[index] ?? world.app).deps, ref)));
          }),
        );
      }

      const operations = await store.recentOperations(project, 100);
      const ended = operations.map(({ state }) => state);
      expect(ended.filter((state) => !['done', 'refused', 'superseded'].includes(state))).toEqual([]);
      const audit = await world.redis.xrange(`syncbot:{p:${project}}:audit`, '-', '+');
      const events = audit.map(([, fields]) => ({
        event: fields[fields.indexOf('event') + 1],
        version: Number(fields[fields.indexOf('version') + 1]),
      }));
      const changes = events.filter(({ event }) => event === 'started' || event === 'done');
      expect(changes.map(({ version }) => version)).toEqual(changes.map((_change, index) => index + 2));
      expect(changes.map(({ event }) => event)).toEqual(
        changes.map((_change, index) => (index % 2 === 0 ? 'started' : 'done')),
      );
      expect(changes.length).toBe(2 * ended.filter((state) => state === 'done').length);

      const after = await store.read(project);
      expect(after).toMatchObject({ holder: null, version: 1 + changes.length });
      expect(await world.redis.exists(`syncbot:{p:${project}}:runs`)).toBe(0);
      if (after !== null && changes.length > 0) {
        const wanted = linksWanted(after.state);
        expect(
          await world.deps.links.readFlags(
            links.map(({ link }) => link),
            5_000,
          ),
        ).toEqual([wanted, wanted]);
      }
    }),
    { numRuns: 25 },
  );
});
