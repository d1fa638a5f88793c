import { type ProjectDetails, possibleAction } from '../../application/look.ts';
import { openFindings } from '../../domain/alert.ts';
import { alertWords } from '../../domain/alert-words.ts';
import { backlogPhrase, inFlightPhrase, latencyPhrase } from '../../domain/figures-words.ts';
import { maskReason } from '../../domain/mask.ts';
import { oldestFailure } from '../../domain/observation.ts';
import type { Operation } from '../../domain/operation.ts';
import { type Endpoint, isAction, type Project } from '../../domain/project.ts';
import { actionWords, count, dotted, duration, reasonPhrase } from '../../domain/words.ts';
import { actionsRow, askButton, type Block, context, type Message, section } from '../blocks.ts';
import { blockId } from '../contract.ts';
import { maxBlocksJson, sectionRoom } from '../limits.ts';
import { safeText, shorten } from '../mrkdwn.ts';
import { answersTo } from './alert.ts';
import { linkSections } from './links.ts';
import { linksPhrase, type Scene, sincePhrase, title } from './phrases.ts';
import { precheckLines } from './precheck.ts';

export interface ShowView extends Scene {
  readonly details: ProjectDetails;
  /** Whether failed tasks' reasons may be shown, masked: to operators, or with `showErrors`. */
  readonly revealReasons: boolean;
}

/** The console's details page: everything about one project, the action that is allowed now near the top. */
export function buildShow(view: ShowView): Message {
  const { details, voice } = view;
  const { project, figures } = details;
  const summary = dotted(linksPhrase(project), backlogPhrase(figures), latencyPhrase(figures), inFlightPhrase(figures));
  const above = [headSection(view), section(summary), ...failureSection(view), ...alertSections(view)];
  const below = [
    section(['*Precheck*', ...precheckLines(details.precheck, 12)]),
    section(['*Last operations*', ...operationLines(view)]),
    context(`Only you can see this · ${voice.command(`precheck ${project.id}`)} checks again`),
  ];
  const budget = maxBlocksJson - JSON.stringify([...above, ...below]).length;
  return {
    text: `${project.id} is ${title(project.state)} ${sincePhrase(project, view)} · ${summary}`,
    blocks: [...above, ...linkSections(figures.links, budget), ...below],
  };
}

function headSection(view: ShowView): Block {
  const { project } = view.details;
  const { definition } = project;
  const action = possibleAction(view.details);
  const lines = [
    `*${project.id}* · ${title(project.state)}`,
    definition.description === null ? '' : safeText(definition.description, 400),
    dotted(sincePhrase(project, view), reasonPhrase(project.reason, view.voice)),
    endpoints(project),
    definition.labels.length === 0 ? '' : `Labels: ${labels(definition.labels)}`,
  ];
  return section(
    lines.filter((line) => line !== ''),
    action === null ? undefined : askButton(action, project.id),
  );
}

function endpoints({ definition: { source, target } }: Project): string {
  if (source === null && target === null) return '';
  return `${endpoint(source)} → ${endpoint(target)}`;
}

function endpoint(end: Endpoint | null): string {
  return end === null ? 'not named' : `${safeText(end.type, 60)} ${safeText(end.name, 120)}`;
}

function labels(all: readonly string[]): string {
  const shown = all.slice(0, 8).map((label) => safeText(label, 40));
  const more = all.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

/** What failed first: the failure that the project stopped for, else one that was just read. */
function failureSection({ details: { project, figures }, revealReasons, voice, now }: ShowView): Block[] {
  const read = oldestFailure(figures.links);
  const failure =
    project.failure ??
    (read === null ? null : { link: read.link, reason: maskReason(read.task.reason), at: read.task.at });
  if (failure === null) return [];
  const reason = revealReasons ? safeText(failure.reason, 400) : 'its reason is shown to operators only';
  return [section(`A task failed on ${voice.link(failure.link)} ${duration(now - failure.at)} ago: ${reason}`)];
}

/** What its channel was told and is so still; the head has the action that is allowed. */
function alertSections({ details: { project }, voice, revealReasons }: ShowView): Block[] {
  return openFindings(project.alerts)
    .filter(({ kind }) => kind !== 'failed')
    .flatMap((finding, index) => {
      const { headline, advice } = alertWords(finding, { project, voice, revealReasons });
      const corrections = answersTo(finding, project).filter((deed) => !isAction(deed));
      const buttons = corrections.map((deed) => askButton(deed, project.id));
      return [
        section(shorten(`*Alert* · ${headline}. ${advice}`, sectionRoom)),
        ...(buttons.length === 0 ? [] : [actionsRow(blockId('show', index, project.id), buttons)]),
      ];
    });
}

function operationLines(view: ShowView): string[] {
  const { operations } = view.details;
  return operations.length === 0
    ? ['none yet']
    : operations.slice(0, 5).map((operation) => operationLine(operation, view));
}

const results: Readonly<Record<Operation['state'], string>> = {
  requested: 'waits for OK',
  confirmed: 'waits for a worker',
  running: 'under way',
  done: 'done',
  refused: 'not done',
  failed: 'failed',
  cancelled: 'cancelled',
  expired: 'expired',
  superseded: 'replaced by a newer request',
};

function operationLine(operation: Operation, { voice, now }: Scene): string {
  const { outcome } = operation;
  const partly =
    outcome !== null && outcome.linksDone < outcome.linksTotal
      ? ` (${outcome.linksDone} of ${count(outcome.linksTotal, 'link')})`
      : '';
  return dotted(
    `${actionWords[operation.action].imperative} by ${voice.person(operation.by)} ${duration(now - operation.requestedAt)} ago`,
    `${results[operation.state]}${partly}`,
    reasonPhrase(operation.reason, voice, 100),
  );
}
