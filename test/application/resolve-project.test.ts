import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveProject } from '../../src/application/resolve-project.ts';
import { linkName } from '../../src/domain/link.ts';
import type { Project } from '../../src/domain/project.ts';
import { matchProjects } from '../../src/domain/project-names.ts';
import { historyEntryArbitrary, hostileTextArbitrary, projectIdArbitrary } from '../slack/arbitraries.ts';
import { createFakeContext } from '../slack/fake-context.ts';
import { exampleLink, exampleProject } from '../support/example-records.ts';

function project(id: string, queues: readonly string[] = [], channel: string | null = null): Project {
  const { definition, ...rest } = exampleProject();
  return { ...rest, id, definition: { ...definition, id, channel, links: queues.map(exampleLink) } };
}

/** A context with these projects, and with a history of the removed ones. */
function contextOf(projects: readonly Project[], removed: readonly string[] = []) {
  return createFakeContext(projects, {
    projects: { readVersion: async (id) => (projects.some((each) => each.id === id) ? 1 : null) },
    auditLog: { read: async (id) => (removed.includes(id) ? fc.sample(historyEntryArbitrary, 1) : []) },
  }).context;
}

const projects = [
  project('orders', ['orders-full', 'orders-incr'], 'C0ORDERS'),
  project('orders-eu', ['eu-full'], 'C0EU'),
  project('invoices', ['billing'], 'C0EU'),
  project('users', ['crm'], 'C0USERS'),
];

describe('a typed name', () => {
  it.each<[string, string, boolean]>([
    ['orders', 'orders', true],
    ['Orders', 'orders', false],
    ['inv', 'invoices', false],
    ['oices', 'invoices', false],
    ['orders-incr', 'orders', false],
    ['BILLING', 'invoices', false],
    ['-eu', 'orders-eu', false],
  ])('%s means one project: %s', async (text, id, isExact) => {
    const found = await resolveProject(contextOf(projects), { text, channel: null });
    expect(found).toEqual({ kind: 'resolved', project: id, isExact });
  });

  it.each<[string, readonly string[]]>([
    ['order', ['orders', 'orders-eu']],
    ['full', ['orders', 'orders-eu']],
    ['ordres', ['orders']],
    ['zzz', []],
    ['', []],
  ])('%j means no project or several, and suggests %j', async (text, similar) => {
    expect(await resolveProject(contextOf(projects), { text, channel: null })).toEqual({ kind: 'unresolved', similar });
  });

  it('that is a channel means its project if it has only one, else what its text means', async () => {
    const resolve = (channel: string, text: string) => resolveProject(contextOf(projects), { text, channel });
    expect(await resolve('C0USERS', 'anything')).toMatchObject({ kind: 'resolved', project: 'users' });
    expect(await resolve('C0EU', 'users')).toEqual({ kind: 'unresolved', similar: ['orders-eu', 'invoices'] });
    expect(await resolve('C0OTHER', 'users')).toMatchObject({ kind: 'resolved', project: 'users' });
    expect(await resolve('C0OTHER', '')).toMatchObject({ kind: 'unresolved' });
  });

  it('that is the id of a removed project means that project, and no other', async () => {
    const found = await resolveProject(contextOf(projects.slice(1), ['orders']), { text: 'orders', channel: null });
    expect(found).toEqual({ kind: 'resolved', project: 'orders', isExact: true });
  });

  it('suggests at most five projects', async () => {
    const many = Array.from({ length: 9 }, (_, index) => project(`orders-${index}`));
    const found = await resolveProject(contextOf(many), { text: 'orders', channel: null });
    expect(found).toEqual({ kind: 'unresolved', similar: many.slice(0, 5).map(({ id }) => id) });
  });
});

describe('any projects and any name (property)', () => {
  const anyProjects = fc.uniqueArray(
    fc.tuple(projectIdArbitrary, fc.array(fc.oneof(projectIdArbitrary, hostileTextArbitrary), { maxLength: 3 })),
    { selector: ([id]) => id, minLength: 1, maxLength: 6, size: 'max' },
  );
  const shortId = fc.stringMatching(/^[a-c]{1,3}$/);
  const similarProjects = fc.uniqueArray(fc.tuple(shortId, fc.array(shortId, { maxLength: 2 })), {
    selector: ([id]) => id,
    minLength: 1,
    maxLength: 6,
  });
  const toProjects = (pairs: readonly (readonly [string, readonly string[]])[]) =>
    pairs.map(([id, queues]) => project(id, queues));

  it('an exact id always wins', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyProjects, similarProjects), async (pairs) => {
        const all = toProjects(pairs);
        for (const { id } of all) {
          const found = await resolveProject(contextOf(all), { text: id, channel: null });
          expect(found).toEqual({ kind: 'resolved', project: id, isExact: true });
        }
      }),
    );
  });

  it('a resolved name is contained in the id or a link of no other project', async () => {
    const name = fc.oneof(shortId, hostileTextArbitrary);
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyProjects, similarProjects), name, async (pairs, text) => {
        const all = toProjects(pairs);
        const found = await resolveProject(contextOf(all), { text, channel: null });
        const containing = all.filter(({ id, definition }) =>
          [id, ...definition.links.map(linkName)].some((each) => each.toLowerCase().includes(text.toLowerCase())),
        );
        const isId = all.some(({ id }) => id === text.toLowerCase());
        if (found.kind === 'resolved' && !isId) expect(containing.map(({ id }) => id)).toEqual([found.project]);
        if (found.kind === 'unresolved') expect(containing.length === 1 && text !== '').toBe(false);
      }),
    );
  });

  it('matches are ordered: links of that name, then ids that begin with it, then the others', () => {
    const all = [project('a-x'), project('x-b'), project('other', ['x']), project('c', ['1-x-2'])];
    const ids = matchProjects({ text: 'X', channel: null }, all).map(({ id }) => id);
    expect(ids).toEqual(['other', 'x-b', 'a-x', 'c']);
  });
});
