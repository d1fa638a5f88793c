import { linkName, type Project } from '../../domain/project.ts';
import { count, duration, type Voice } from '../../domain/words.ts';
import { actionsRow, askButton, type Message, section, showButton } from '../blocks.ts';
import { blockId } from '../contract.ts';
import { code, safeText } from '../mrkdwn.ts';

export interface AlertView {
  readonly project: Project;
  readonly voice: Voice;
  readonly showErrors: boolean;
}

/** A project has failed by itself: what happened, what syncbot does about it, and the button that leads on. */
export function buildAlert({ project, showErrors }: AlertView): Message {
  const { id, failure, definition } = project;
  const where = failure === null ? '' : ` on ${code(linkName(failure.link), 80)}`;
  const reason = failure === null || !showErrors ? '' : `: ${safeText(failure.reason, 400)}`;
  const headline = `${id} is Failed: a task failed${where}${reason}`;
  const links = count(definition.links.length, 'link');
  const effect = `syncbot pauses its ${links}, so that later tasks wait for it. Mend what failed, then restore it.`;
  return {
    text: `${headline}. ${effect}`,
    blocks: [
      section([headline.replace(id, `*${id}*`), effect]),
      actionsRow(blockId('alert', id, project.since), [askButton('restore', id), showButton(id)]),
    ],
  };
}

/** The same message when it is over. True for ever: it says what was, not what is. */
export function buildAlertOver({ project, since, voice }: Omit<AlertView, 'showErrors'> & { since: number }): Message {
  const { id, by } = project;
  const text =
    project.state === 'running'
      ? `${id} was Failed for ${duration(project.since - since)}, until it was restored by ${voice.person(by)}`
      : `${id} was Failed; it has been restored since`;
  return { text, blocks: [section(text.replace(id, `*${id}*`))] };
}
