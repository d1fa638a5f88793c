import type { Refusal } from '../../domain/refusal.ts';
import { type Formatter, nothingChanged } from '../../messages/format.ts';
import { refusalText } from '../../messages/refusals.ts';
import { didYouMean } from '../commands/errors.ts';
import { blockId } from '../contract.ts';
import { actionsBlock, type Message, sectionBlock, showButton } from './blocks.ts';
import type { ViewContext } from './context.ts';
import { sectionBudgetChars } from './limits.ts';
import { truncateMrkdwn } from './mrkdwn.ts';

export interface RefusalView extends ViewContext {
  readonly refusal: Refusal;
  /** The verb that was asked for, to repair an unknown project's name with; null when there was none. */
  readonly verb: string | null;
}

/** A refusal: what is so, that nothing was changed, what to do instead; with a look at the project where there is one. */
export function buildRefusal({ refusal, verb, format, now }: RefusalView): Message {
  if (refusal.code === 'unknown_project' && refusal.similar !== null && verb !== null) {
    const suggestion = didYouMean(`${verb} ${refusal.similar}`, format);
    return buildText(`There is no project called ${format.text(refusal.project)}. ${nothingChanged} ${suggestion}`);
  }
  const text = truncateMrkdwn(refusalText(refusal, format, now), sectionBudgetChars);
  const project = projectToShow(refusal);
  if (project === null) return buildText(text);
  return { text, blocks: [sectionBlock(text), actionsBlock(blockId('refusal', project, now), [showButton(project)])] };
}

/** One sentence, and nothing to press. */
export function buildText(text: string): Message {
  return { text, blocks: [sectionBlock(text)] };
}

/** What is said when the bot's Redis does not answer and surely nothing was changed. */
export function buildStoreUnavailable(): Message {
  return buildText(`Not done: the bot's Redis does not answer. ${nothingChanged} Try again in a minute.`);
}

/** What is said when nobody knows whether a press got through. */
export function buildOutcomeUnknown(project: string, format: Formatter): Message {
  return buildText(
    `It is not known whether this got through: the bot's Redis does not answer. Look with ${format.command(`show ${project}`)}.`,
  );
}

/** What is said after a fault of ours: never the fault itself, but the id that finds its log line. */
export function buildInternalError(logId: string): Message {
  return buildText(
    `Something went wrong on my side, and this was not answered. Tasks are not lost by that. Try again in a minute; whoever runs syncbot finds the cause in its log under ${logId}.`,
  );
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
