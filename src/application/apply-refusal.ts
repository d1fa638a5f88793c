import type { UsageEvidence } from '../domain/observation.ts';
import { type Link, type ProjectId, type ProjectState, stateTitles } from '../domain/project.ts';

/** Why a file is not applied. A refusal is a value: nothing was changed. */
export type ApplyRefusal =
  | { readonly code: 'links_unreachable'; readonly project: ProjectId; readonly links: readonly Link[] }
  | {
      readonly code: 'adopt_mixed';
      readonly project: ProjectId;
      readonly running: readonly Link[];
      readonly paused: readonly Link[];
    }
  | { readonly code: 'queue_used'; readonly project: ProjectId; readonly links: readonly UsedLink[] }
  | { readonly code: 'added_queue_used'; readonly project: ProjectId; readonly links: readonly UsedLink[] }
  | { readonly code: 'not_removable'; readonly project: ProjectId; readonly state: ProjectState }
  | { readonly code: 'in_transition'; readonly project: ProjectId; readonly state: ProjectState }
  | { readonly code: 'links_in_use'; readonly project: ProjectId; readonly state: ProjectState };

export type ApplyRefusalCode = ApplyRefusal['code'];

export interface UsedLink {
  readonly link: Link;
  readonly evidence: UsageEvidence;
}

/** The one sentence for each refusal of a file: what is so, and what to do instead. */
export function applyRefusalText(refusal: ApplyRefusal): string {
  const sentence = sentences[refusal.code] as (refusal: ApplyRefusal) => string;
  return sentence(refusal);
}

type Of<Code extends ApplyRefusalCode> = Extract<ApplyRefusal, { code: Code }>;

const sentences: { readonly [Code in ApplyRefusalCode]: (refusal: Of<Code>) => string } = {
  links_unreachable: ({ project, links }) =>
    `${project}: ${names(links)} did not answer, so its state cannot be seen. Check the connection, then apply again.`,
  adopt_mixed: ({ project, running, paused }) =>
    `${project} cannot be adopted: some of its links run (${names(running)}), others are paused (${names(paused)}). Pause or resume them all in their queues, then apply again.`,
  queue_used: ({ project, links }) =>
    `${project}: ${describeUsage(links)}. A new project is Not Started and its links are paused, which would stop work. Write \`adopt: true\` to take the state from the queues as they are.`,
  added_queue_used: ({ project, links }) =>
    `${project}: a new link would be paused while it is in use: ${describeUsage(links)}. Pause that queue first, then apply again.`,
  not_removable: ({ project, state }) =>
    `${project} is ${stateTitles[state]}: only a Not Started or Paused project can be removed. ${state === 'failed' ? 'Restore and pause' : 'Pause'} it first, then apply again.`,
  in_transition: ({ project, state }) =>
    `${project} is ${stateTitles[state]}: wait until that has ended, then apply again.`,
  links_in_use: ({ project, state }) =>
    `${project} is ${stateTitles[state]}: its links can be changed while it is Paused or Not Started. Pause it first, then apply again.`,
};

function names(links: readonly Link[]): string {
  return links.map((link) => link.queue).join(', ');
}

function describeUsage(links: readonly UsedLink[]): string {
  return links.map(({ link, evidence }) => `${link.queue} has been worked on (${evidenceTexts[evidence]})`).join(', ');
}

const evidenceTexts: Readonly<Record<UsageEvidence, string>> = {
  active_tasks: 'a worker is processing a task',
  completed_tasks: 'it has completed tasks',
  failed_tasks: 'it has failed tasks',
  removed_tasks: 'tasks were added and are gone',
  work_events: 'its event stream shows work',
};
