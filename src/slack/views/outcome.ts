import { type OutcomeFacts, outcomeText } from '../../messages/outcomes.ts';
import { blockId } from '../contract.ts';
import { actionsBlock, type Message, sectionBlock, showButton } from './blocks.ts';
import { sectionBudgetChars } from './limits.ts';
import { truncateMrkdwn } from './mrkdwn.ts';

/** How an operation stands, in one message; what was not done offers a look at the project. */
export function buildOutcome(facts: OutcomeFacts): Message {
  const { project: id, id: operation, seq, state } = facts.operation;
  const { headline, more } = outcomeText(facts);
  const boldHeadline = headline.startsWith(`${id} `) ? `*${id}*${headline.slice(id.length)}` : headline;
  const hasShowButton = facts.project !== null && (state === 'refused' || state === 'failed');
  return {
    text: truncateMrkdwn([headline, ...more].join('\n'), sectionBudgetChars),
    blocks: [
      sectionBlock(truncateMrkdwn([boldHeadline, ...more].join('\n'), sectionBudgetChars)),
      ...(hasShowButton ? [actionsBlock(blockId('outcome', operation, seq), [showButton(id)])] : []),
    ],
  };
}
