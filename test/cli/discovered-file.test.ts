import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderAddition, renderFile, writeDiscoveredFile } from '../../src/cli/discovered-file.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { proposeProjects } from '../../src/domain/propose-projects.ts';

const name = fc
  .oneof(
    fc.constantFrom(
      'true',
      'null',
      '1',
      '1e3',
      '-',
      '#',
      '$'.concat('{HOME}'),
      '$${x}',
      '{a}',
      "a'b",
      'a"b',
      '\\',
      '&x',
      '\u2028',
    ),
    fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }),
  )
  .filter((text) => !/[\p{Cc}\p{Cs}:\ufffd]/u.test(text));
const foundLinks = fc.array(
  fc.record({
    queue: name,
    prefix: fc.oneof(fc.constant('bull'), name),
    connection: fc.constantFrom('default', 'queues'),
  }),
  { minLength: 1, maxLength: 10 },
);

/** An object has the id `1` before the others. */
const byId = (projects: readonly { readonly id: string }[]) => projects.toSorted((a, b) => (a.id < b.id ? -1 : 1));

test('syncbot reads the queues of any names from the file that discover writes', () => {
  fc.assert(
    fc.property(foundLinks, (links) => {
      const projects = proposeProjects(links);
      const file = {
        projects,
        newConnection: { name: 'queues', variable: 'QUEUES_REDIS_URL' },
        warnings: [],
        hasMixedFlags: () => true,
        hasOldBullmq: () => true,
      };
      for (const text of [renderFile(file), renderAddition(file)]) {
        const parsed = parseConfig(text, { QUEUES_REDIS_URL: 'redis://warehouse' });
        const read = parsed.kind === 'read' ? parsed.config.projects.map(({ definition }) => definition) : [];
        expect(byId(read)).toMatchObject(byId(projects));
      }
    }),
  );
});

test('a file without projects is replaced as a whole, so that a crash cannot leave a part of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-discovered-'));
  const path = join(folder, 'syncbot.yml');
  await writeFile(path, 'policy: { operators: [U0ALICE] }\n');
  const before = await stat(path);
  const projects = proposeProjects([{ queue: 'orders', prefix: 'bull', connection: 'default' }]);
  const file = { projects, newConnection: null, warnings: [], hasMixedFlags: () => false, hasOldBullmq: () => false };
  expect(await writeDiscoveredFile(path, file)).toEqual({ kind: 'written' });
  expect(await readFile(path, 'utf8')).toMatch(/^policy: .*\nprojects:\n {2}orders:\n/);
  expect((await stat(path)).ino).not.toBe(before.ino);
  await rm(folder, { recursive: true });
});
