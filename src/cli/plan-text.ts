import { type Change, type Creation, nothingToDo, type Plan } from '../application/plan.ts';
import { type Link, stateTitles } from '../domain/project.ts';
import { count } from '../domain/words.ts';
import { plain } from './text.ts';

/** What an apply would do, a line for each thing, each queue that will be paused by name. */
export function planText(plan: Plan): string {
  const unchanged = plan.unchanged.length === 0 ? '' : ` ${count(plan.unchanged.length, 'project')} unchanged.`;
  if (nothingToDo(plan)) return `Nothing to do.${unchanged}`;
  const lines = [
    ...plan.create.flatMap(creationLines),
    ...plan.change.flatMap(changeLines),
    ...plan.remove.flatMap(({ project, leftPaused }) => [
      `- remove ${project.id}`,
      ...named('left paused', leftPaused),
    ]),
    ...plan.repause.flatMap(({ project, links }) => [`! ${project.id} as it is`, ...pauses(links)]),
    ...(unchanged === '' ? [] : [`=${unchanged}`]),
  ];
  return lines.join('\n');
}

function creationLines({ definition, adopt, first, pauses: paused, missing, precheck }: Creation): string[] {
  const links = count(definition.links.length, 'link');
  const isEmpty = missing.length === definition.links.length;
  const adopted = adopt ? (isEmpty ? ', as no queue of it exists yet' : ', as its queues are') : '';
  return [
    `+ create ${definition.id}: ${stateTitles[first.state]}${adopted}, ${links}`,
    ...pauses(paused),
    ...named('no such queue yet (it is not created)', missing),
    ...precheck
      .filter(({ result }) => result !== 'pass')
      .map(({ item, result, message }) => `    precheck ${result}: ${plain(item)}: ${plain(message)}`),
  ];
}

function changeLines({ project, what, pauses: paused, missing, leftPaused }: Change): string[] {
  return [
    `~ change ${project.id}: ${what.map(plain).join(', ')}`,
    ...pauses(paused),
    ...named('no such queue yet (it is not created)', missing),
    ...named('left paused', leftPaused),
  ];
}

function pauses(links: readonly Link[]): string[] {
  return links.map((link) => `    pauses ${name(link)}`);
}

function named(what: string, links: readonly Link[]): string[] {
  return links.length === 0 ? [] : [`    ${what}: ${links.map(name).join(', ')}`];
}

function name({ queue, connection, prefix }: Link): string {
  return plain(`${queue} (${connection}, ${prefix})`);
}
