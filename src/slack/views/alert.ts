import { type Alert, type AlertKind, loudest } from '../../domain/alert.ts';
import { type AlertSaid, alertOverWords, alertWords } from '../../domain/alert-words.ts';
import { type Finding, isAdoptable } from '../../domain/finding.ts';
import type { Deed, Project } from '../../domain/project.ts';
import type { Voice } from '../../domain/words.ts';
import { actionsRow, askButton, type Message, section, showButton } from '../blocks.ts';
import { blockId } from '../contract.ts';
import { isSlackUser } from '../mrkdwn.ts';

export interface AlertView {
  readonly project: Project;
  readonly alert: Alert;
  readonly voice: Voice;
  readonly showErrors: boolean;
}

/** What its channel is to know of a project: what is so, what it means, and the buttons that lead on. */
export function buildAlert(view: AlertView, finding: Finding): Message {
  const { project, alert } = view;
  const { headline, advice } = alertWords(finding, saidIn(view));
  const call = loudest.has(finding.kind) ? callTo(view) : '';
  const buttons = [...answersTo(finding, project).map((deed) => askButton(deed, project.id)), showButton(project.id)];
  return {
    text: `${call}${headline}. ${advice}`,
    blocks: [
      section([`${call}${bold(headline, project.id)}`, advice]),
      actionsRow(blockId('alert', finding.kind, project.id, alert.seq), buttons),
    ],
  };
}

export interface AlertOverView extends Omit<AlertView, 'alert'> {
  readonly kind: AlertKind;
}

/** The same message when it is over; `lastedMs` null: for how long is not known. */
export function buildAlertOver({ project, kind, voice }: AlertOverView, lastedMs: number | null): Message {
  const text = alertOverWords(kind, { project, voice, lastedMs });
  return { text, blocks: [section(bold(text, project.id))] };
}

/** What can be done about a finding, the likeliest first. */
export function answersTo(finding: Finding, project: Project): Deed[] {
  switch (finding.kind) {
    case 'failed':
    case 'log_half':
    case 'log_most':
    case 'log_over':
      return ['restore'];
    case 'loose':
      return ['reapply', ...(isAdoptable(project, finding.links) ? ['adopt' as const] : [])];
    case 'drift':
      return ['reapply', ...(isAdoptable(project, finding.paused) ? ['adopt' as const] : [])];
    case 'failures':
      return ['pause'];
    default:
      return [];
  }
}

/** Whoever brought the project to its state; the bot and the command line cannot be called. */
function callTo({ project: { by }, voice }: AlertView): string {
  return isSlackUser(by) ? `Attention, ${voice.person(by)}: ` : 'Attention: ';
}

function saidIn({ project, voice, showErrors }: AlertView): AlertSaid {
  return { project, voice, revealReasons: showErrors };
}

/** The project's id stands out where a sentence begins with it. */
function bold(text: string, id: string): string {
  return text.startsWith(id) ? `*${id}*${text.slice(id.length)}` : text;
}
