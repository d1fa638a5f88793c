import type { Link } from '../domain/link.ts';
import type { UsageEvidence } from '../domain/observation.ts';
import type { ProjectId } from '../domain/project.ts';
import type { ProjectState } from '../domain/state.ts';

/** Why a file is not applied. After a refusal nothing was changed. */
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
export type ApplyRefusalOf<Code extends ApplyRefusalCode> = Extract<ApplyRefusal, { code: Code }>;

export interface UsedLink {
  readonly link: Link;
  readonly evidence: UsageEvidence;
}
