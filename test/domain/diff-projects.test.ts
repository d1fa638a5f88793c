import { describe, expect, it } from 'vitest';
import { definitionChanges, diffProjects, wasInterrupted } from '../../src/domain/diff-projects.ts';
import type { OtherSyncbot } from '../../src/domain/installation.ts';
import type { ConnectionInfo } from '../../src/domain/precheck.ts';
import type { ProjectDefinition } from '../../src/domain/project.ts';
import { projectStates } from '../../src/domain/project-state.ts';
import { findQueuesOfOthers, findSharedQueues } from '../../src/domain/shared-queues.ts';
import { exampleLink, exampleProject } from '../support/example-records.ts';
import { makeDefinition } from '../support/project-definition.ts';

const [a, b] = [exampleLink('a'), exampleLink('b')];

describe('the changes between two definitions', () => {
  const before = makeDefinition('orders', { source: { type: 'mysql', name: 'db' }, links: [a, b] });
  const changed: readonly [keyof ProjectDefinition, Partial<ProjectDefinition>][] = [
    ['description', { description: 'new' }],
    ['source', { source: { type: 'mysql', name: 'other' } }],
    ['target', { target: { type: 'kafka', name: 'topic' } }],
    ['labels', { labels: ['prod'] }],
    ['channel', { channel: 'C0SYNC' }],
    ['onFailure', { onFailure: 'continue' }],
    ['logRetention', { logRetention: 1 }],
    ['latencyAlert', { latencyAlert: 1 }],
    ['pausedReminder', { pausedReminder: 1 }],
  ];

  it.each(changed)('include the field %s', (field, change) => {
    expect(definitionChanges(before, { ...before, ...change })).toEqual([{ kind: 'field', field }]);
  });

  it('include added, removed and reordered links', () => {
    const withLinks = (...links: ProjectDefinition['links']) => definitionChanges(before, { ...before, links });
    const c = exampleLink('c');
    expect(withLinks(a, b, c)).toEqual([{ kind: 'link_added', link: c }]);
    expect(withLinks(b)).toEqual([{ kind: 'link_removed', link: a }]);
    expect(withLinks(c, b)).toEqual([
      { kind: 'link_added', link: c },
      { kind: 'link_removed', link: a },
    ]);
    expect(withLinks(b, a)).toEqual([{ kind: 'links_reordered' }]);
  });

  it('are none if only the order of the keys differs', () => {
    expect(definitionChanges(before, { ...before, source: { name: 'db', type: 'mysql' } })).toEqual([]);
    const labels = ['a', 'b'];
    expect(definitionChanges({ ...before, labels }, { ...before, labels: ['b', 'a'] })).toHaveLength(1);
  });
});

it('Projects are created, updated, removed or unchanged.', () => {
  const project = (id: string, links = [a]) => exampleProject({ id, definition: makeDefinition(id, { links }) });
  const desired = (id: string, links = [a]) => ({ definition: makeDefinition(id, { links }), adopt: false });
  const stored = { same: project('same'), old: project('old', [a, b]), gone: project('gone') };
  const newer = desired('old', [b, exampleLink('c')]);
  expect(diffProjects(Object.values(stored), [desired('same'), newer, desired('new')])).toEqual({
    created: [desired('new')],
    updated: [
      {
        project: stored.old,
        definition: newer.definition,
        changes: [
          { kind: 'link_added', link: exampleLink('c') },
          { kind: 'link_removed', link: a },
        ],
        added: [exampleLink('c')],
        removed: [a],
      },
    ],
    removed: [stored.gone],
    unchanged: [stored.same],
  });
});

it.each(projectStates)(
  'An apply may have been interrupted if the project desires paused links, for ever: %s',
  (state) => {
    const isAtRest = state === 'not_started' || state === 'paused';
    expect(wasInterrupted(exampleProject({ state, version: 4, reconciledVersion: 3 }))).toBe(isAtRest);
    expect(wasInterrupted(exampleProject({ state, version: 4, reconciledVersion: 4 }))).toBe(false);
  },
);

describe('two links share a queue', () => {
  const server = (name: string, runIds: string[], database = 0): ConnectionInfo => ({
    kind: 'read',
    name,
    evictionPolicy: null,
    redisVersion: null,
    persistence: null,
    runIds,
    database,
  });
  const link = { ...a, connection: 'one' };
  const other = { ...a, connection: 'two' };
  const shared = (otherLink: typeof a, connections: ConnectionInfo[]) =>
    findSharedQueues(
      [
        { definition: makeDefinition('orders', { links: [link] }), adopt: false },
        { definition: makeDefinition('users', { links: [otherLink] }), adopt: false },
      ],
      connections,
    );
  const refusal = { code: 'queue_shared', project: 'users', link: other, other: { project: 'orders', link } };
  const down = (name: string): ConnectionInfo => ({ kind: 'unreachable', name, fault: { kind: 'refused' } });

  it.each([
    ['if their connections lead to one server', [server('one', ['x']), server('two', ['x'])], [refusal]],
    ['if their clusters have a node in common', [server('one', ['x', 'y']), server('two', ['z', 'y'])], [refusal]],
    ['but not on two servers', [server('one', ['x']), server('two', ['y'])], []],
    ['but not in two databases', [server('one', ['x']), server('two', ['x'], 1)], []],
    ['but not if the servers are not known', [server('one', []), server('two', [])], []],
    ['but not if no server answers', [down('one'), down('two')], []],
    ['but not if the second server does not answer', [server('one', ['x']), down('two')], []],
    ['but not if the first server does not answer', [down('one'), server('two', ['x'])], []],
    ['but not without connections', [], []],
    ['but not if the first connection was not read', [server('two', ['x'])], []],
  ])('%s', (_name, connections, expected) => {
    expect(shared(other, connections)).toEqual(expected);
  });

  it('only with the same name and prefix', () => {
    const connections = [server('one', ['x']), server('two', ['x'])];
    expect(shared({ ...other, queue: 'b' }, connections)).toEqual([]);
    expect(shared({ ...other, prefix: 'b' }, connections)).toEqual([]);
  });

  it('also in one project, and on one connection without an answer', () => {
    const definition = makeDefinition('orders', { links: [link, link] });
    expect(findSharedQueues([{ definition, adopt: false }], [down('one')])).toEqual([
      { code: 'queue_shared', project: 'orders', link, other: { project: 'orders', link } },
    ]);
  });
});

describe('a link has the queue of another syncbot', () => {
  const link = exampleLink('a');
  const other: OtherSyncbot = {
    prefix: 'staging',
    projects: [makeDefinition('theirs', { links: [link] })],
    unreadableProjects: 0,
  };
  const server = (name: string, runId: string): ConnectionInfo => ({
    kind: 'read',
    name,
    evictionPolicy: null,
    redisVersion: null,
    persistence: null,
    runIds: [runId],
    database: 0,
  });
  const find = (
    links: ProjectDefinition['links'],
    others: readonly OtherSyncbot[],
    connections: ConnectionInfo[] = [],
  ) => findQueuesOfOthers([{ definition: makeDefinition('ours', { links }) }], others, connections);
  const refusal = (ownLink: typeof link) => ({
    code: 'queue_of_other_syncbot',
    project: 'ours',
    link: ownLink,
    other: { prefix: 'staging', project: 'theirs' },
  });

  it('with the same name and prefix on the connection `default`', () => {
    expect(find([exampleLink('b'), link], [other])).toEqual([refusal(link)]);
    expect(find([exampleLink('b'), { ...link, prefix: 'other' }], [other])).toEqual([]);
  });

  it('on another connection that leads to the same server', () => {
    const far = { ...link, connection: 'far' };
    expect(find([far], [other])).toEqual([]);
    expect(find([far], [other], [server('default', 'x'), server('far', 'y')])).toEqual([]);
    expect(find([far], [other], [server('default', 'x'), server('far', 'x')])).toEqual([refusal(far)]);
  });

  it('but not if it is not known where the other link is', () => {
    const far = { ...link, connection: 'far' };
    expect(find([far], [{ ...other, projects: [makeDefinition('theirs', { links: [far] })] }])).toEqual([]);
    expect(find([link], [{ ...other, projects: null }])).toEqual([]);
  });
});
