import { isEmpty, type Plan, type PlannedCreate, type PlannedUpdate } from '../application/plan.ts';
import type { Link } from '../domain/link.ts';
import { messages } from '../messages/catalog.ts';
import { pluralize } from '../messages/en/format.ts';
import { precheckText } from '../messages/render.ts';
import { cliFormatter } from './formatter.ts';
import { sanitizeText } from './table.ts';

/** What an apply would do, a line for each thing, each queue that will be paused by name. */
export function planText(plan: Plan): string {
  const unchangedNote = plan.unchanged.length === 0 ? '' : ` ${pluralize(plan.unchanged.length, 'project')} unchanged.`;
  if (isEmpty(plan)) return `Nothing to do.${unchangedNote}`;
  const lines = [
    ...plan.create.flatMap(createLines),
    ...plan.update.flatMap(updateLines),
    ...plan.remove.flatMap(({ project, leftPaused }) => [
      `- remove ${project.id}`,
      ...linkListLines('left paused', leftPaused),
    ]),
    ...plan.pauseAgain.flatMap(({ project, links }) => [`! ${project.id} as it is`, ...pauseLines(links)]),
    ...(unchangedNote === '' ? [] : [`=${unchangedNote}`]),
  ];
  return lines.join('\n');
}

function createLines({ definition, adopt, initialState, linksToPause, missing, precheck }: PlannedCreate): string[] {
  const links = pluralize(definition.links.length, 'link');
  const allLinksMissing = missing.length === definition.links.length;
  const adoptionNote = adopt ? (allLinksMissing ? ', as no queue of it exists yet' : ', as its queues are') : '';
  return [
    `+ create ${definition.id}: ${messages.states[initialState.state]}${adoptionNote}, ${links}`,
    ...pauseLines(linksToPause),
    ...linkListLines('no such queue yet (it is not created)', missing),
    ...precheck
      .filter(({ result }) => result !== 'pass')
      .map((each) => precheckText(each, cliFormatter))
      .map(({ item, result, message }) => `    precheck ${result}: ${item}: ${message}`),
  ];
}

function updateLines({ project, changes, linksToPause, missing, leftPaused }: PlannedUpdate): string[] {
  return [
    `~ change ${project.id}: ${changes.map(sanitizeText).join(', ')}`,
    ...pauseLines(linksToPause),
    ...linkListLines('no such queue yet (it is not created)', missing),
    ...linkListLines('left paused', leftPaused),
  ];
}

function pauseLines(links: readonly Link[]): string[] {
  return links.map((link) => `    pauses ${linkText(link)}`);
}

function linkListLines(label: string, links: readonly Link[]): string[] {
  return links.length === 0 ? [] : [`    ${label}: ${links.map(linkText).join(', ')}`];
}

function linkText({ queue, connection, prefix }: Link): string {
  return sanitizeText(`${queue} (${connection}, ${prefix})`);
}
