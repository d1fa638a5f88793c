import type { OutcomeFacts } from '../../messages/facts.ts';
import { outcomeText } from '../../messages/render.ts';
import { blockId } from '../contract.ts';
import { boldId } from './alert.ts';
import { actionsBlock, type Message, sectionBlock, showButton } from './blocks.ts';
import { sectionBudgetChars } from './limits.ts';
import { truncateMrkdwn } from './mrkdwn.ts';

export interface OutcomeView extends OutcomeFacts {
  /** Whether there is a project to show. */
  readonly projectExists: boolean;
}

/** The one message of an operation. It has a Show button when the operation was not done. */
export function buildOutcome({ projectExists, ...facts }: OutcomeView): Message {
  const { project: id, id: operation, seq, state } = facts.operation;
  const { headline, more } = outcomeText(facts);
  const hasShowButton = projectExists && (state === 'refused' || state === 'failed');
  return {
    text: truncateMrkdwn([headline, ...more].join('\n'), sectionBudgetChars),
    blocks: [
      sectionBlock(truncateMrkdwn([boldId(headline, id), ...more].join('\n'), sectionBudgetChars)),
      ...(hasShowButton ? [actionsBlock(blockId('outcome', operation, seq), [showButton(id)])] : []),
    ],
  };
}
