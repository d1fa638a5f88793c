import type { DefinitionChange, ProjectDiff } from '../../domain/diff-projects.ts';
import { pluralize } from './format.ts';

const maxLinkChanges = 6;

/** Such as `description`, `link orders-incr added`. At most six links are named. */
function describeChanges(changes: readonly DefinitionChange[]): string[] {
  const links = changes.flatMap((change) => {
    if (change.kind === 'link_added') return [`link ${change.link.queue} added`];
    return change.kind === 'link_removed' ? [`link ${change.link.queue} removed`] : [];
  });
  const others = links.length - maxLinkChanges;
  const isShortened = others > 1;
  return [
    ...changes.flatMap((change) => (change.kind === 'field' ? [change.field] : [])),
    ...(isShortened ? [...links.slice(0, maxLinkChanges), pluralize(others, 'more link')] : links),
    ...(changes.some(({ kind }) => kind === 'links_reordered') ? ['order of the links'] : []),
  ];
}

/** How the stored projects differ from the file, one clause for each project. Empty if the file is applied. */
function describeDiff({ created, updated, removed }: ProjectDiff): string[] {
  return [
    ...created.map(({ definition }) => `${definition.id} is in the file and not applied`),
    ...updated.map(
      ({ project, changes }) => `${project.id} differs from the file: ${describeChanges(changes).join(', ')}`,
    ),
    ...removed.map(({ id }) => `${id} is no longer in the file`),
  ];
}

export const definitionMessages = { changes: describeChanges, diff: describeDiff };
