import { allowedAction } from '../../domain/lifecycle.ts';
import { isWaitingToCatchUp, type Operation, refOf } from '../../domain/operation.ts';
import { messages } from '../../messages/catalog.ts';
import type { OutcomeFacts } from '../../messages/facts.ts';
import { joinDots } from '../../messages/format.ts';
import { outcomeText } from '../../messages/render.ts';
import { blockId, projectBlockId } from '../block-ids.ts';
import { suggestedList, suggestProjects, suggestSkipped } from '../commands/suggestions.ts';
import { boldId } from './alert.ts';
import {
  actionsBlock,
  askAgainButton,
  type Button,
  commandButton,
  type Message,
  projectSection,
  requestButton,
  sectionBlock,
  showButton,
  waitButtons,
} from './blocks.ts';
import { sectionBudgetChars } from './limits.ts';
import { truncateMrkdwn } from './mrkdwn.ts';

export interface OutcomeView extends OutcomeFacts {
  /** Whether there is a project to show. */
  readonly projectExists: boolean;
}

/**
 * The one message of an operation, with a button for what helps next. When the operation was not done, it has one for each
 * thing that it suggests.
 */
export function buildOutcome({ projectExists, ...facts }: OutcomeView): Message {
  const { project: id, id: operation, seq } = facts.operation;
  const { headline, attribution, more } = outcomeText(facts);
  const lines = [joinDots(headline, attribution), ...more];
  const buttons = buttonsFor(facts.operation, projectExists);
  return {
    text: truncateMrkdwn(lines.join('\n'), sectionBudgetChars),
    blocks: [
      projectSection(projectBlockId(id, seq), truncateMrkdwn(boldId(lines.join('\n'), id), sectionBudgetChars)),
      ...(buttons.length > 0 ? [actionsBlock(blockId('outcome', operation, seq), buttons)] : []),
    ],
  };
}

/** One line for the requester, in place of the dialog, when the message in `channel` has the whole outcome. */
export function buildOutcomeSummary({ channel, ...facts }: OutcomeFacts & { readonly channel: string }): Message {
  const text = joinDots(outcomeText(facts).headline, messages.seeOutcome(facts.format.channel(channel)));
  return { text, blocks: [sectionBlock(boldId(text, facts.operation.project))] };
}

/** A reply that mentions the requester: how an operation ended that waited until its project had caught up. */
export function buildWaitReply(facts: OutcomeFacts): Message {
  const { operation, format } = facts;
  const { headline, more } = outcomeText(facts);
  const lines = [joinDots(format.person(operation.by), headline), ...(operation.state === 'done' ? [] : more)];
  const text = truncateMrkdwn(lines.join('\n'), sectionBudgetChars);
  return { text, blocks: [sectionBlock(text)] };
}

function buttonsFor(operation: Operation, projectExists: boolean): Button[] {
  const { project, state, action, refusal, stateEndedAt } = operation;
  if (refusal?.code === 'removed') return [commandButton(suggestedList)];
  if (!projectExists) return [];
  if (isWaitingToCatchUp(operation)) return waitButtons(refOf(operation));
  if (state === 'expired') return [askAgainButton(action, project)];
  if (state === 'done' || (state === 'failed' && refusal === null)) return nextButtons(operation);
  if (state !== 'refused' && state !== 'failed') return [];
  if (refusal?.code === 'claim_timeout')
    return [...(stateEndedAt === null ? [askAgainButton(action, project)] : []), showButton(project)];
  if (refusal?.code === 'not_skipped') return [commandButton(suggestSkipped(project))];
  if (refusal?.code === 'precheck_failed')
    return [...suggestProjects('precheck', [project]).map(commandButton), showButton(project)];
  if (refusal?.code === 'adopt_mixed') return [showButton(project), requestButton('reapply', project)];
  return [showButton(project)];
}

/** What helps while the project has the state that the operation set, or is Failed after it. Re-apply and Retry set none. */
function nextButtons({ project, action, state: result, toState, laterFailure, stateEndedAt }: Operation): Button[] {
  if (stateEndedAt !== null) return [];
  const state = laterFailure === null ? toState : 'failed';
  const setsState = action !== 'reapply' && action !== 'retry';
  const next = setsState && state !== null ? allowedAction(state) : null;
  return [
    ...(next === null ? [] : [requestButton(next, project)]),
    ...(state === 'failed' || result === 'failed' ? [showButton(project)] : []),
  ];
}
