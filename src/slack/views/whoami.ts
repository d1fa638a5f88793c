import type { Access } from '../../domain/authorization.ts';
import { messages } from '../../messages/catalog.ts';
import type { AccessFacts } from '../../messages/facts.ts';
import type { Formatter } from '../../messages/format.ts';
import { contextBlock, type Message, sectionBlock } from './blocks.ts';

export interface WhoamiView extends Access, AccessFacts {
  readonly format: Formatter;
}

/** What a person may do from this channel, why, and who else may. */
export function buildWhoami(view: WhoamiView): Message {
  const { refusal, operators, channels, format } = view;
  const { access, onlyYouSeeThis } = messages;
  const verdict = refusal === null ? access.mayChange : access.restriction(refusal, operators, format);
  const details = [access.identity(view, format), access.channels(channels, format), access.others(view, format)];
  return {
    text: verdict,
    blocks: [
      sectionBlock(`*${verdict}*`),
      ...(refusal?.code === 'policy_unreadable' ? [] : [sectionBlock(details)]),
      contextBlock(onlyYouSeeThis),
    ],
  };
}
