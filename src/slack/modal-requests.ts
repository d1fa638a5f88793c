import { z } from 'zod';
import { type Action, actions as projectActions } from '../domain/lifecycle.ts';
import type { ProjectId } from '../domain/project.ts';
import { readProjectId } from './button-values.ts';
import { readConfirmationMetadata, readModalMetadata } from './modal-metadata.ts';
import { idSchema, type SlackRequest } from './requests.ts';
import { readRunActionBlockId, runForm } from './run-form-ids.ts';

/** The form of `/sync` without a command, submitted. */
export interface RunSubmission extends SlackRequest, RunFormInputs {
  /** Null if the person chose none. */
  readonly project: ProjectId | null;
}

/** What a person chose and typed in the form. */
export interface RunFormInputs {
  /** Null if the person chose none. */
  readonly action: Action | null;
  /** `label:prod except orders`. Empty without one, as the other texts. */
  readonly selection: string;
  readonly reason: string;
  /** `for 2h`, `until 18:30`, `2h`. */
  readonly limit: string;
  /** Whether the pause waits until its projects have caught up. */
  readonly whenCaughtUp: boolean;
}

/** A press of OK or Cancel: a button of a message, or the submit or the close button of a modal. */
export interface ConfirmationPress extends SlackRequest {
  /** The operation, as `readOperationRef` reads it, or the batch, as `readBatchId` does. */
  readonly value: unknown;
}

const personSchema = z.object({
  user: z.object({ id: idSchema, team_id: idSchema.nullish() }),
  team: z.object({ id: idSchema }).nullish(),
});

/** The used part of a `view_submission` or a `view_closed` body. The latter has no `trigger_id`. */
const viewRequestSchema = personSchema.extend({
  trigger_id: idSchema.nullish(),
  view: z.object({ id: idSchema, private_metadata: z.string() }),
});

/** The values of the inputs are by block id and action id. */
const inputsSchema = z.object({
  view: z.object({
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

type Inputs = z.infer<typeof inputsSchema>['view']['state']['values'];

/** Decodes the submitted form. Returns null when it is not one, or an input is missing. */
export function readRunSubmission(body: unknown): RunSubmission | null {
  const submission = readRunInputs(body);
  return submission === null || missingInputOf(submission) !== null ? null : submission;
}

/** Returns which input of the submitted form is missing, or null. */
export function findMissingInput(body: unknown): 'project' | 'action' | null {
  const submission = readRunInputs(body);
  return submission === null ? null : missingInputOf(submission);
}

/** For one project, its state decides the action if the person has chosen none. */
function missingInputOf({ project, selection, action }: RunSubmission): 'project' | 'action' | null {
  if (selection !== '') return action === null ? 'action' : null;
  return project === null ? 'project' : null;
}

function readRunInputs(body: unknown): RunSubmission | null {
  const request = readViewRequest(body);
  const parsed = inputsSchema.safeParse(body);
  if (request === null || !parsed.success) return null;
  const inputs = parsed.data.view.state.values;
  const values = Object.values(inputs);
  const chosen = values.map((block) => block[runForm.actionInput]?.selected_option?.value);
  const textOf = (input: string) =>
    values
      .map((block) => block[input]?.value ?? '')
      .join('')
      .trim();
  return {
    ...request,
    project: readChosenProject(inputs),
    action: projectActions.find((each) => chosen.includes(each)) ?? null,
    selection: textOf(runForm.selectionInput),
    reason: textOf(runForm.reasonInput),
    limit: textOf(runForm.limitInput),
    whenCaughtUp: values.some((block) => block[runForm.whenInput]?.selected_option?.value === runForm.whenCaughtUp),
  };
}

/** The project in the menu. A form of an earlier version names the project in the block id of the action only. */
function readChosenProject(inputs: Inputs): ProjectId | null {
  const [menu] = Object.values(inputs[runForm.projectBlockId] ?? {});
  const [ofAction = null] = Object.entries(inputs).flatMap(([block, values]) =>
    runForm.actionInput in values ? [readRunActionBlockId(block)] : [],
  );
  return readProjectId(menu?.selected_option?.value) ?? ofAction;
}

/** Decodes the submit button of a confirmation in a modal, which is OK. Returns null when it is not one. */
export function readConfirmationSubmission(body: unknown): ConfirmationPress | null {
  const request = readViewRequest(body);
  return request === null ? null : { ...request, value: readConfirmation(body) };
}

/**
 * Decodes that a person has closed the modal of a confirmation, which is Cancel. Slack sends the same for the close button and
 * for ✕, because the modal holds one view. Returns null when it is not that.
 */
export function readConfirmationClosed(body: unknown): ConfirmationPress | null {
  const press = readConfirmationSubmission(body);
  if (press?.replyTo.kind !== 'view') return null;
  const { viewId } = press.replyTo;
  return { ...press, replyTo: { kind: 'closed', viewId }, deliveryId: `closed:${viewId}` };
}

function readConfirmation(body: unknown): string | null {
  const parsed = viewRequestSchema.safeParse(body);
  return parsed.success ? readConfirmationMetadata(parsed.data.view.private_metadata) : null;
}

/** The acknowledgement of a submission changes the hash of the view. */
function readViewRequest(body: unknown): SlackRequest | null {
  const parsed = viewRequestSchema.safeParse(body);
  if (!parsed.success) return null;
  const { user, team, trigger_id, view } = parsed.data;
  const openedFrom = readModalMetadata(view.private_metadata);
  if (openedFrom === null) return null;
  return {
    user: user.id,
    team: user.team_id ?? team?.id ?? null,
    ...openedFrom,
    replyTo: { kind: 'view', viewId: view.id, hash: null },
    modalTrigger: null,
    deliveryId: trigger_id ?? null,
  };
}

/** Text that a person types to find a project in a menu. */
export interface ProjectSearch {
  readonly user: string;
  readonly team: string | null;
  readonly text: string;
}

const blockSuggestionSchema = personSchema.extend({ value: z.string().default('') });

/** Decodes a `block_suggestion` body. Returns null when it is not one. */
export function readProjectSearch(body: unknown): ProjectSearch | null {
  const parsed = blockSuggestionSchema.safeParse(body);
  if (!parsed.success) return null;
  const { user, team, value } = parsed.data;
  return { user: user.id, team: user.team_id ?? team?.id ?? null, text: value };
}
