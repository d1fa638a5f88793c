import { flagsOf, goneOf } from '../../domain/correction.ts';
import { backlogPhrase, inFlightPhrase, latencyPhrase } from '../../domain/figures-words.ts';
import { linksWanted, stateOfLinks } from '../../domain/lifecycle.ts';
import { logKeptUntil, oldestChangeAt } from '../../domain/log-retention.ts';
import { maskReason } from '../../domain/mask.ts';
import type { Figures } from '../../domain/observation.ts';
import type { Operation } from '../../domain/operation.ts';
import type { Link, Project } from '../../domain/project.ts';
import {
  actionWords,
  count,
  dotted,
  duration,
  namedList,
  number,
  reasonPhrase,
  stateClause,
  timeLeft,
} from '../../domain/words.ts';
import { actionsRow, button, context, type Message, section } from '../blocks.ts';
import { actionIds, blockId, operationRefValue } from '../contract.ts';
import { safeText } from '../mrkdwn.ts';
import { failuresOf, linksPhrase, type Scene, title } from './phrases.ts';

export interface ConfirmationView extends Scene {
  readonly operation: Operation;
  readonly project: Project;
  readonly figures: Figures;
}

/**
 * The console's OK/Cancel dialog: what would happen, to how much, and what it means. Only the requester sees
 * it, who is an operator: so failed tasks' reasons are shown, masked.
 */
export function buildConfirmation(view: ConfirmationView): Message {
  const { operation, project, figures, voice, now } = view;
  const question = `${actionWords[operation.action].imperative} ${project.id}?`;
  const effect = effectOf(view);
  const expiry = timeLeft(operation.expiresAt - now);
  const value = operationRefValue({ project: project.id, operation: operation.id });
  const reason = reasonPhrase(operation.reason, voice);
  return {
    text: `${question} ${effect} Answer OK or Cancel within ${expiry}.`,
    blocks: [
      section([`*${question}*`, effect]),
      section(
        dotted(`${title(project.state)} now`, backlogPhrase(figures), latencyPhrase(figures), inFlightPhrase(figures)),
      ),
      ...(operation.action === 'restore' ? failedTasks(view) : []),
      ...(reason === null ? [] : [section(`Reason: ${reason}`)]),
      actionsRow(blockId('confirm', operation.id, operation.seq), [
        button({
          label: 'OK',
          actionId: actionIds.ok,
          value,
          primary: true,
          spoken: `OK: ${question.replace('?', '')}`,
        }),
        button({ label: 'Cancel', actionId: actionIds.cancel, value, spoken: 'Cancel: change nothing' }),
      ]),
      context(`Asked by ${voice.person(operation.by)} · only you can see this · expires in ${expiry}`),
    ],
  };
}

function effectOf(view: ConfirmationView): string {
  const { operation, project, figures } = view;
  const links = linksPhrase(project);
  const many = project.definition.links.length === 1 ? 's' : '';
  switch (operation.action) {
    case 'start':
      return `${links} begin${many} to take tasks.`;
    case 'pause':
      return `${links} stop${many} taking tasks; tasks in flight finish by themselves. Latency will grow until restored.${logPhrase(view)}`;
    case 'restore':
      return `${links} take${many} tasks again. ${putBackPhrase(failuresOf(figures.links))}`;
    case 'reapply':
      return reapplyPhrase(view);
    case 'adopt': {
      const state = stateOfLinks(linksWanted(project.state));
      return `All of its links are ${state} already. ${project.id} becomes ${title(state)}; no link is touched.${state === 'paused' ? logPhrase(view) : ''}`;
    }
  }
}

function reapplyPhrase({ project, figures, voice }: ConfirmationView): string {
  const { running, paused, missing, unreachable } = flagsOf(figures.links);
  const held = linksWanted(project.state) === 'paused';
  const names = (links: readonly Link[]) => namedList(links.map(voice.link), 'link');
  const told = (links: readonly Link[], one: string, many: string) =>
    links.length === 0 ? [] : [`${names(links)} ${links.length === 1 ? one : many}`];
  const gone = goneOf(project, missing);
  const parts = [
    ...(held
      ? told(running, 'stops taking tasks', 'stop taking tasks')
      : told(paused, 'takes tasks again', 'take tasks again')),
    ...told(gone, 'has no queue, and it goes on without it', 'have no queue, and it goes on without them'),
    ...told(
      unreachable,
      'does not answer now, and is tried for two minutes',
      'do not answer now, and are tried for two minutes',
    ),
  ];
  return `${parts.join('; ')}, since ${stateClause(project.id, project.state)}.`;
}

/** Until when a restore will still find everything. */
function logPhrase({ project, figures, voice, now }: ConfirmationView): string {
  const until = logKeptUntil(project.definition, oldestChangeAt({ now, latencyMs: figures.latencyMs }));
  return until === null ? '' : ` The source keeps its log until ${voice.moment(until)}: restore it before then.`;
}

function putBackPhrase(failed: number | null): string {
  if (failed === null)
    return 'Tasks that failed are put back before newer ones; how many is unknown, a link does not answer.';
  if (failed === 0) return 'No failed task has to be put back.';
  return `${count(failed, 'failed task')} will be put back before newer ones.`;
}

/** The failed tasks that will be put back, the oldest first: three by name, the rest counted. */
function failedTasks({ project, figures, voice, now }: ConfirmationView) {
  const failures = figures.links.flatMap((reading) =>
    reading.kind === 'read' ? reading.firstFailures.map((task) => ({ link: reading.link, ...task })) : [],
  );
  const oldest = failures.sort((a, b) => a.at - b.at).slice(0, 3);
  const { failure } = project;
  const shown =
    oldest.length > 0
      ? oldest.map(({ link, reason, at }) => ({ link, reason: maskReason(reason), at }))
      : failure === null
        ? []
        : [failure];
  if (shown.length === 0) return [];
  const all = failuresOf(figures.links);
  const more = all === null ? 0 : all - shown.length;
  return [
    section([
      `*Failed task${shown.length === 1 ? '' : 's'}*`,
      ...shown.map(({ link, reason, at }) => `${voice.link(link)} ${duration(now - at)} ago: ${safeText(reason, 300)}`),
      ...(more > 0 ? [`and ${number(more)} more`] : []),
    ]),
  ];
}
