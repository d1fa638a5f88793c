import { type OutcomeFacts, outcomeWords } from '../../domain/outcome-words.ts';
import { actionsRow, type Message, section, showButton } from '../blocks.ts';
import { blockId } from '../contract.ts';
import { sectionRoom } from '../limits.ts';
import { shorten } from '../mrkdwn.ts';

/** How an operation stands, in one message; what was not done offers a look at the project. */
export function buildOutcome(facts: OutcomeFacts): Message {
  const { project: id, id: operation, seq, state } = facts.operation;
  const { headline, more } = outcomeWords(facts);
  const bold = headline.startsWith(`${id} `) ? `*${id}*${headline.slice(id.length)}` : headline;
  const look = facts.project !== null && (state === 'refused' || state === 'failed');
  return {
    text: shorten([headline, ...more].join('\n'), sectionRoom),
    blocks: [
      section(shorten([bold, ...more].join('\n'), sectionRoom)),
      ...(look ? [actionsRow(blockId('outcome', operation, seq), [showButton(id)])] : []),
    ],
  };
}
