import type { Link } from '../../domain/link.ts';
import type { UsageEvidence } from '../../domain/observation.ts';
import type { ApplyRefusalCode, ApplyRefusalOf, UsedLink } from '../../domain/refusal.ts';
import type { Formatter } from '../format.ts';
import { nameAndMore } from './format.ts';
import { stateClause } from './terms.ts';

type Sentences = {
  readonly [Code in ApplyRefusalCode]: (refusal: ApplyRefusalOf<Code>, format: Formatter) => string;
};

/** Why a file is not applied, and what to do about it. */
export const applyRefusals: Sentences = {
  configuration_unreadable: () =>
    'The stored policy, settings and connections cannot be read: a newer syncbot may have written them. Apply the file with the newer version of syncbot.',
  project_unreadable: ({ project }) =>
    `${project} is stored in a format that this version of syncbot cannot read. Apply the file with the version that stored it, or set SYNCBOT_PREFIX to a new prefix and start anew with \`adopt: true\`.`,
  links_unreachable: ({ project, links }, format) =>
    `${project}: ${names(links, format)} cannot be reached, so syncbot cannot read the queues. Find the reason with syncbot doctor, then apply again.`,
  adopt_mixed: ({ project, running, paused }, format) =>
    `${project} cannot be adopted: some of its links run (${names(running, format)}), others are paused (${names(paused, format)}). Pause or resume all of their queues, then apply again.`,
  queue_used: ({ project, links }, format) =>
    `${project}: ${usageOf(links, format)}. A new project is Not Started and its links are paused, which would stop work. Write \`adopt: true\` to take the state from the queues.`,
  added_queue_used: ({ project, links }, format) =>
    `${project}: ${usageOf(links, format)}. A new link of this project is paused, which would stop work. Pause ${links.length === 1 ? 'this queue' : 'these queues'} first, then apply again.`,
  queue_shared: ({ project, link, other }, format) =>
    `${project}: ${format.link(link)} is already a link of ${other.project}, because the connections ${other.link.connection} and ${link.connection} lead to the same Redis database. A queue belongs to one link. Remove one of the two, then apply again.`,
  queue_of_kept: ({ project, link, other }, format) =>
    `${project}: ${format.link(link)} is already a link of ${other}, which is not in the file and stays. A queue belongs to one link. Remove it from ${project}, or remove ${other} with --prune.`,
  connection_of_kept: ({ project, connection }) =>
    `${project} is not in the file and stays, and its links need the connection ${connection}, which is not in the file either. Add the connection to the file, or remove ${project} with --prune.`,
  queue_of_other_syncbot: ({ project, link, other }, format) =>
    `${project}: ${format.link(link)} is already a link of ${other.project} in another syncbot (SYNCBOT_PREFIX ${other.prefix}) on the same Redis. A queue belongs to one link. Remove one of the two, then apply again.`,
  not_removable: ({ project, state }) =>
    `${stateClause(project, state)}: only a Not Started or Paused project can be removed. ${state === 'failed' ? 'Restore and pause' : 'Pause'} it first, then apply again.`,
  in_transition: ({ project, state }) => `${stateClause(project, state)}: wait until that is done, then apply again.`,
  links_in_use: ({ project, state }) =>
    `${stateClause(project, state)}: its links can be changed only while it is Not Started, Paused or Failed. Pause it first, then apply again.`,
};

/** What shows that tasks of a queue have been processed. */
const usageEvidence: Readonly<Record<UsageEvidence, string>> = {
  active_tasks: 'a worker is processing a task',
  completed_tasks: 'it has completed tasks',
  failed_tasks: 'it has failed tasks',
  removed_tasks: 'it had tasks that were removed',
  work_events: 'its event stream contains processed tasks',
};

function names(links: readonly Link[], format: Formatter): string {
  return nameAndMore(links.map(format.link));
}

function usageOf(links: readonly UsedLink[], format: Formatter): string {
  return nameAndMore(links.map(({ link, evidence }) => `${format.link(link)} is in use (${usageEvidence[evidence]})`));
}
