import type { FollowGoal } from '../../domain/follow-up.ts';
import type { ProjectId } from '../../domain/project.ts';
import type { BusyLink, ChangedProject, RemainingProject } from '../../domain/project-goal.ts';
import { type Formatter, joinDots } from '../format.ts';
import { andMore, capitalize, formatDuration, nameUpTo, format as numbers, pluralize } from './format.ts';
import { nothingChanged, states } from './terms.ts';

/** How many projects a list has, and how many names a line. */
const maxLines = 20;
const maxNames = 5;

const options: Readonly<Record<FollowGoal, string>> = { quiet: '--wait-quiet', caught_up: '--wait-caught-up' };

/** What holds after the wait has ended without its goal. */
const stays: Readonly<Record<FollowGoal, string>> = {
  quiet: 'The projects stay Paused.',
  caught_up: 'The projects stay Running.',
};

const redisUnavailable = "The bot's Redis does not answer.";

/** `--wait-quiet` and `--wait-caught-up` of the command line. */
export const wait = {
  invalidDuration: 'Write a duration from 1s to 24h, such as 90s or 5m.',

  /** Projects of the command that need no operation. */
  already: (goal: FollowGoal, projects: readonly ProjectId[]) =>
    `The links of ${nameUpTo(projects, maxNames)} are ${goal === 'quiet' ? 'paused' : 'resumed'} already. The command waits for ${projects.length === 1 ? 'this project' : 'these projects'}.`,
  /** Projects of a selection that run and cannot be paused. */
  cannotPause: (projects: readonly ProjectId[]) =>
    `${nameUpTo(projects, maxNames)} cannot be paused, so ${options.quiet} could not succeed. ${nothingChanged}`,

  progress: {
    quiet: (remaining: readonly RemainingProject[]) => {
      const links = remaining.flatMap((each) => each.links);
      const active = links.reduce((sum, link) => sum + (link.active ?? 0), 0);
      const unread = links.filter((link) => link.active === null).length;
      return joinDots(
        `Waiting: ${pluralize(active, 'task')} in flight`,
        unread === 0 ? null : `${pluralize(unread, 'link')} could not be read`,
        namesOf(remaining),
      );
    },
    caught_up: (remaining: readonly RemainingProject[]) => {
      const known = remaining.reduce((sum, { backlog }) => sum + (backlog ?? 0), 0);
      const unknown = remaining.filter(({ backlog }) => backlog === null).length;
      return joinDots(
        `Waiting: ${pluralize(known, 'task')} left`,
        unknown === 0 ? null : `backlog of ${pluralize(unknown, 'project')} unknown`,
        namesOf(remaining),
      );
    },
  },
  redisUnavailable: `${redisUnavailable} The command still waits.`,
  redisRecovered: "The bot's Redis answers again.",

  reached: {
    quiet: (projects: readonly ProjectId[]) => `No task is in flight: ${nameUpTo(projects, maxNames)}.`,
    caught_up: (projects: readonly ProjectId[]) => `Caught up: ${nameUpTo(projects, maxNames)}.`,
  },
  timedOut: (goal: FollowGoal, ms: number) => `The ${formatDuration(ms)} of ${options[goal]} are over. ${stays[goal]}`,
  interrupted: (goal: FollowGoal) => `The command was stopped during ${options[goal]}. ${stays[goal]}`,
  /** After the sentence of the end, one line for each project. Null if the projects could not be read. */
  remaining: (goal: FollowGoal, remaining: readonly RemainingProject[] | null, format: Formatter) =>
    remaining === null
      ? 'It is not known what remains.'
      : toList(remaining, (each) => remainingLine[goal](each, format)),
  /** Above the list, if it is old. */
  lastKnown: `${redisUnavailable} Before that:`,
  restoreWith: (command: string) => `Restore with: ${command}`,
  changed: {
    quiet: (projects: readonly ChangedProject[], format: Formatter) =>
      `Tasks may be in flight, because not every project is Paused any more:\n${toList(projects, (each) => changedLine(each, format))}`,
    caught_up: (projects: readonly ChangedProject[], format: Formatter) =>
      `Not every project is Running any more:\n${toList(projects, (each) => changedLine(each, format))}`,
  },
};

function namesOf(projects: readonly { readonly project: ProjectId }[]): string {
  return nameUpTo(
    projects.map(({ project }) => project),
    maxNames,
  );
}

function toList<Item>(items: readonly Item[], toLine: (item: Item) => string): string {
  const others = items.length - maxLines;
  const lines = items.slice(0, maxLines).map(toLine);
  return [...lines, ...(others > 0 ? [capitalize(andMore(others))] : [])].map((line) => `- ${line}`).join('\n');
}

const remainingLine: Readonly<Record<FollowGoal, (each: RemainingProject, format: Formatter) => string>> = {
  quiet: ({ project, state, links }, format) => {
    const names = links.slice(0, maxNames).map((link) => busyLink(link, format));
    const others = links.length - names.length;
    const clause = [...names, ...(others > 0 ? [andMore(others)] : [])].join(', ');
    return joinDots(project, links.length === 0 ? states[state] : clause);
  },
  caught_up: ({ project, state, ...stats }) =>
    joinDots(project, state === 'running' ? null : states[state], numbers.backlog(stats), numbers.latency(stats)),
};

/** `2 tasks in flight on orders-full`. */
function busyLink({ link, active, paused }: BusyLink, format: Formatter): string {
  const name = format.link(link);
  if (active === null) return `${name} could not be read`;
  if (active === 0) return `${name} is not paused`;
  const tasks = `${pluralize(active, 'task')} in flight on ${name}`;
  return paused === false ? `${tasks}, which is not paused` : tasks;
}

function changedLine({ project, change }: ChangedProject, format: Formatter): string {
  if (change === null) return joinDots(project, 'removed');
  return joinDots(
    project,
    `${states[change.state]} since ${format.time(change.since)}`,
    `by ${format.person(change.by)}`,
  );
}
