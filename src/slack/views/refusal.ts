import type { Refusal } from '../../domain/refusal.ts';
import { messages } from '../../messages/catalog.ts';
import type { TextContext } from '../../messages/format.ts';
import { refusalText } from '../../messages/render.ts';
import { blockId } from '../contract.ts';
import { actionsBlock, type Message, sectionBlock, showButton, textMessage } from './blocks.ts';
import { sectionBudgetChars } from './limits.ts';
import { truncateMrkdwn } from './mrkdwn.ts';

export interface RefusalView extends TextContext {
  readonly refusal: Refusal;
  /** The verb of the command, to suggest it with the right project. Null when there was none. */
  readonly verb: string | null;
}

/** A refusal, with a Show button when it is about a project. */
export function buildRefusal({ refusal, verb, format, now }: RefusalView): Message {
  if (refusal.code === 'unknown_project' && refusal.similar !== null && verb !== null)
    return textMessage(messages.commandErrors.unknownProject(refusal.project, `${verb} ${refusal.similar}`, format));
  const text = truncateMrkdwn(refusalText(refusal, { format, now }), sectionBudgetChars);
  const project = projectToShow(refusal);
  if (project === null) return textMessage(text);
  return { text, blocks: [sectionBlock(text), actionsBlock(blockId('refusal', project, now), [showButton(project)])] };
}

function projectToShow(refusal: Refusal): string | null {
  switch (refusal.code) {
    case 'not_allowed':
    case 'operation_active':
    case 'changed':
    case 'precheck_failed':
    case 'links_unreachable':
      return refusal.project;
    default:
      return null;
  }
}
