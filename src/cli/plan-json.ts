import { isEmpty, type Plan } from '../application/plan.ts';
import type { DefinitionChange } from '../domain/diff-projects.ts';
import type { Link } from '../domain/link.ts';
import { messages } from '../messages/catalog.ts';
import { precheckText } from '../messages/render.ts';
import { cliFormatter } from './terminal-text.ts';

/**
 * What `apply --plan --json` prints. Programs read it, so keys are only added. A link is `{ queue, connection, prefix }`.
 * `configuration` has sentences about the policy, settings and connections, and is null if they stay.
 */
export function planJson(plan: Plan) {
  const { configuration, create, update, remove, pauseAgain, unchanged, kept, unreadable } = plan;
  return {
    changes: !isEmpty(plan),
    configuration: configuration === null ? null : configuration.changes.map(messages.configuration.change),
    create: create.map(({ definition: { id, links }, initialState, linksToPause, missing, precheck }) => ({
      project: id,
      state: initialState.state,
      links: links.map(toLink),
      pauses: linksToPause.map(toLink),
      missing: missing.map(toLink),
      precheck: precheck.map((item) => precheckText(item, cliFormatter)),
    })),
    update: update.map(({ project, changes, linksToPause, missing, leftPaused }) => ({
      project: project.id,
      ...changedParts(changes),
      pauses: linksToPause.map(toLink),
      missing: missing.map(toLink),
      leftPaused: leftPaused.map(toLink),
    })),
    remove: remove.map(({ project, leftPaused }) => ({ project: project.id, leftPaused: leftPaused.map(toLink) })),
    pauseAgain: pauseAgain.map(({ project, links }) => ({ project: project.id, pauses: links.map(toLink) })),
    unchanged,
    kept,
    unreadable,
  };
}

function changedParts(changes: readonly DefinitionChange[]) {
  const linksOf = (kind: 'link_added' | 'link_removed') =>
    changes.flatMap((change) => (change.kind === kind ? [toLink(change.link)] : []));
  return {
    keys: changes.flatMap((change) => (change.kind === 'field' ? [change.field] : [])),
    addedLinks: linksOf('link_added'),
    removedLinks: linksOf('link_removed'),
    reordersLinks: changes.some(({ kind }) => kind === 'links_reordered'),
  };
}

function toLink({ queue, connection, prefix }: Link): Link {
  return { queue, connection, prefix };
}
