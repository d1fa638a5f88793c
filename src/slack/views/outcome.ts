import type { Operation } from '../../domain/operation.ts';
import type { OutcomeFacts } from '../../messages/facts.ts';
import { outcomeText } from '../../messages/render.ts';
import { suggestedList, suggestProjects } from '../commands/suggestions.ts';
import { blockId } from '../contract.ts';
import { boldId } from './alert.ts';
import {
  actionsBlock,
  type Button,
  commandButton,
  type Message,
  requestButton,
  sectionBlock,
  showButton,
} from './blocks.ts';
import { sectionBudgetChars } from './limits.ts';
import { truncateMrkdwn } from './mrkdwn.ts';

export interface OutcomeView extends OutcomeFacts {
  /** Whether there is a project to show. */
  readonly projectExists: boolean;
}

/** The one message of an operation. When the operation was not done, it has a button for each thing that it suggests. */
export function buildOutcome({ projectExists, ...facts }: OutcomeView): Message {
  const { project: id, id: operation, seq } = facts.operation;
  const { headline, more } = outcomeText(facts);
  const buttons = buttonsFor(facts.operation, projectExists);
  return {
    text: truncateMrkdwn([headline, ...more].join('\n'), sectionBudgetChars),
    blocks: [
      sectionBlock(truncateMrkdwn([boldId(headline, id), ...more].join('\n'), sectionBudgetChars)),
      ...(buttons.length > 0 ? [actionsBlock(blockId('outcome', operation, seq), buttons)] : []),
    ],
  };
}

function buttonsFor({ project, state, action, refusal }: Operation, projectExists: boolean): Button[] {
  if (refusal?.code === 'removed') return [commandButton(suggestedList)];
  if (!projectExists) return [];
  if (state === 'expired') return [requestButton(action, project)];
  if (state !== 'refused' && state !== 'failed') return [];
  if (refusal?.code === 'claim_timeout') return [requestButton(action, project), showButton(project)];
  if (refusal?.code === 'precheck_failed')
    return [...suggestProjects('precheck', [project]).map(commandButton), showButton(project)];
  if (refusal?.code === 'adopt_mixed') return [requestButton('reapply', project), showButton(project)];
  return [showButton(project)];
}
