import { explain } from '../../domain/explain.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { unchanged, type Voice } from '../../domain/words.ts';
import { actionsRow, type Message, section, showButton } from '../blocks.ts';
import { blockId } from '../contract.ts';
import { sectionRoom } from '../limits.ts';
import { shorten } from '../mrkdwn.ts';
import { didYouMean } from '../suggest.ts';
import type { Scene } from './phrases.ts';

export interface RefusalView extends Scene {
  readonly refusal: Refusal;
  /** The verb that was asked for, to repair an unknown project's name with; null when there was none. */
  readonly verb: string | null;
}

/** A refusal: what is so, that nothing was changed, what to do instead; with a look at the project where there is one. */
export function buildRefusal({ refusal, verb, voice, now }: RefusalView): Message {
  if (refusal.code === 'unknown_project' && refusal.similar !== null && verb !== null) {
    const meant = didYouMean(`${verb} ${refusal.similar}`, voice);
    return buildSentence(`There is no project called ${voice.text(refusal.project)}. ${unchanged} ${meant}`);
  }
  const text = shorten(explain(refusal, voice, now), sectionRoom);
  const project = shownProject(refusal);
  if (project === null) return buildSentence(text);
  return { text, blocks: [section(text), actionsRow(blockId('refusal', project, now), [showButton(project)])] };
}

/** One sentence, and nothing to press. */
export function buildSentence(text: string): Message {
  return { text, blocks: [section(text)] };
}

/** What is said when the bot's Redis does not answer and surely nothing was changed. */
export function buildNotDone(): Message {
  return buildSentence(`Not done: the bot's Redis does not answer. ${unchanged} Try again in a minute.`);
}

/** What is said when nobody knows whether a press got through. */
export function buildNotKnown(project: string, voice: Voice): Message {
  return buildSentence(
    `It is not known whether this got through: the bot's Redis does not answer. Look with ${voice.command(`show ${project}`)}.`,
  );
}

/** What is said after a fault of ours: never the fault itself, but the id that finds its log line. */
export function buildFault(logId: string): Message {
  return buildSentence(
    `Something went wrong on my side, and this was not answered. Tasks are not lost by that. Try again in a minute; whoever runs syncbot finds the cause in its log under ${logId}.`,
  );
}

function shownProject(refusal: Refusal): string | null {
  switch (refusal.code) {
    case 'not_allowed':
    case 'held':
    case 'changed':
    case 'precheck_failed':
    case 'links_unreachable':
      return refusal.project;
    default:
      return null;
  }
}
