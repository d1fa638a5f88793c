import { z } from 'zod';
import { type Action, actions as projectActions } from '../domain/lifecycle.ts';
import type { ProjectId } from '../domain/project.ts';
import { readModalMetadata, readRunActionBlockId, runForm } from './contract.ts';
import { idSchema, type SlackRequest } from './requests.ts';

/** The form of `/sync` without a command, submitted. */
export interface RunSubmission extends SlackRequest {
  readonly project: ProjectId;
  readonly action: Action;
  /** As the person typed it. */
  readonly reason: string;
}

/** The used part of a `view_submission` body. The values of the inputs are by block id and action id. */
const viewSubmissionSchema = z.object({
  user: z.object({ id: idSchema, team_id: idSchema.nullish() }),
  team: z.object({ id: idSchema }).nullish(),
  trigger_id: idSchema.nullish(),
  view: z.object({
    id: idSchema,
    private_metadata: z.string(),
    state: z.object({
      values: z.record(
        z.string(),
        z.record(
          z.string(),
          z.object({ value: z.string().nullish(), selected_option: z.object({ value: z.string() }).nullish() }),
        ),
      ),
    }),
  }),
});

/** Decodes the submitted form. Returns null when it is not one. Its acknowledgement changes the hash of the view. */
export function readRunSubmission(body: unknown): RunSubmission | null {
  const parsed = viewSubmissionSchema.safeParse(body);
  if (!parsed.success) return null;
  const { user, team, trigger_id, view } = parsed.data;
  const openedFrom = readModalMetadata(view.private_metadata);
  const inputs = Object.entries(view.state.values);
  const [chosen] = inputs.flatMap(([block, values]) => {
    const project = readRunActionBlockId(block);
    const value = values[runForm.actionInput]?.selected_option?.value;
    const action = projectActions.find((each) => each === value);
    return project === null || action === undefined ? [] : [{ project, action }];
  });
  if (openedFrom === null || chosen === undefined) return null;
  const reason = inputs.map(([, values]) => values[runForm.reasonInput]?.value ?? '').join('');
  return {
    user: user.id,
    team: user.team_id ?? team?.id ?? null,
    ...openedFrom,
    replyTo: { kind: 'view', viewId: view.id, hash: null },
    modalTrigger: null,
    deliveryId: trigger_id ?? null,
    ...chosen,
    reason,
  };
}

/** Text that a person types to find a project in a menu. */
export interface ProjectSearch {
  readonly user: string;
  readonly team: string | null;
  readonly text: string;
}

const blockSuggestionSchema = z.object({
  user: z.object({ id: idSchema, team_id: idSchema.nullish() }),
  team: z.object({ id: idSchema }).nullish(),
  value: z.string().default(''),
});

/** Decodes a `block_suggestion` body. Returns null when it is not one. */
export function readProjectSearch(body: unknown): ProjectSearch | null {
  const parsed = blockSuggestionSchema.safeParse(body);
  if (!parsed.success) return null;
  const { user, team, value } = parsed.data;
  return { user: user.id, team: user.team_id ?? team?.id ?? null, text: value };
}
