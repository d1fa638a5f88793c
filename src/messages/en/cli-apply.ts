import type { ProjectState } from '../../domain/project-state.ts';
import type { CheckText } from '../facts.ts';
import { nameAndMore, nameUpTo, pluralize } from './format.ts';
import { nothingChanged, states } from './terms.ts';

const maxKeptNames = 20;

/** Texts of `syncbot apply`. */
export const cliApply = {
  refused: (reasons: readonly string[]) => `Not applied. ${nothingChanged}\n${toList(reasons)}`,
  question: 'Apply this?',
  cancelled: `Not applied. ${nothingChanged}`,
  conflict: (project: string, { isConfigurationStored, written }: WrittenParts) => {
    const parts = [...(isConfigurationStored ? ['policy, settings and connections'] : []), ...written];
    const result =
      parts.length === 0
        ? `The file was not applied. ${nothingChanged}`
        : `Only this was applied: ${parts.join(', ')}.`;
    return `${project} was changed at the same time, from Slack, by another command or by syncbot. ${result} Apply the file again.`;
  },
  configurationConflict: `Another apply stored a policy, settings or connections at the same time. ${nothingChanged} Apply the file again.`,
  configurationFirst: '~ store policy, settings and connections: until now each process uses those of its own file',
  configuration: (change: string) => `~ ${change}`,
  connectionUsers: (projects: readonly string[]) => `used by: ${projects.join(', ')}`,
  urlInFile: 'its URL is in the file, so running bots and workers need this file and a restart',
  processes: (problems: readonly string[]) => toList(problems),
  notPaused: (queues: readonly string[]) =>
    `Applied, but not paused yet: ${nameAndMore(queues)}. A syncbot worker tries again. If they stay unpaused, check the connection and apply again.`,
  applied: ({ configuration, created, changed, removed, pausedAgain }: AppliedCounts) => {
    const counts = [
      [created, 'created'],
      [changed, 'changed'],
      [removed, 'removed'],
      [pausedAgain, 'paused again'],
    ] as const;
    const parts = counts.flatMap(([count, verb]) => (count === 0 ? [] : [`${count} ${verb}`]));
    return `Applied: ${[...parts, ...(configuration ? ['policy, settings and connections stored'] : [])].join(', ')}.`;
  },
  unchanged: (projectCount: number) => `${pluralize(projectCount, 'project')} unchanged.`,
  nothingToDo: 'Nothing to do.',
  /** No process of syncbot runs. `program`: how the user starts syncbot. */
  next: (program: string) => `Next: run ${program} run. It starts a bot and a worker.`,
  create: ({ project, state, linkCount, stateFrom }: CreateFacts) =>
    `+ create ${project}: ${states[state]}${stateSources[stateFrom]}, ${pluralize(linkCount, 'link')}`,
  pausesOnFailure: (projects: readonly string[]) =>
    `When a task fails for good, syncbot pauses the links of its project until a restore: ${nameUpTo(projects, maxKeptNames)}. With onFailure: continue there is only an alert.`,
  change: (project: string, changes: readonly string[]) => `~ change ${project}: ${changes.join(', ')}`,
  remove: (project: string) => `- remove ${project}`,
  kept: (projects: readonly string[], program: string) =>
    `Not in the file, kept: ${nameUpTo(projects, maxKeptNames)}. To remove ${projects.length === 1 ? 'it' : 'them'}: ${program} apply --prune`,
  unreadable: (projects: readonly string[]) =>
    `Not in the file, kept, and this version of syncbot cannot read ${projects.length === 1 ? 'it' : 'them'}: ${nameUpTo(projects, maxKeptNames)}.`,
  pauseAgain: (project: string) => `! pause again ${project}`,
  pauses: (link: string) => `pauses ${link}`,
  leftPaused: (links: readonly string[]) => `stays paused: ${links.join(', ')}`,
  missing: (links: readonly string[]) => `queue does not exist yet (syncbot does not create it): ${links.join(', ')}`,
  precheck: ({ item, result, message }: CheckText) => `precheck ${result} · ${item} · ${message}`,
};

/** Texts of `syncbot export`. */
export const cliExport = {
  /** A comment at the head of the file. */
  head: 'Written by syncbot export: it has every setting, and each project has the values that defaults and labels gave it.',
  unreadable:
    'The stored policy, settings and connections cannot be read: a newer syncbot may have written them. Update syncbot.',
  unreadableProjects: (projects: readonly string[]) =>
    `The file does not have ${projects.join(', ')}: this version of syncbot cannot read ${projects.length === 1 ? 'it' : 'them'}.`,
  written: (file: string, projectCount: number) => `${file} was written, with ${pluralize(projectCount, 'project')}.`,
  notWritten: (file: string, code: string) => `${file} cannot be written (${code}).`,
  projectsOnly:
    'No policy, settings and connections are stored, so the file has only projects. Add them before you apply it.',
  urlNotStored: (name: string, variable: string) =>
    `The URL of connection ${name} is not stored, because it was written in the file. Set ${variable} to it.`,
};

/** Texts of `syncbot run`, which applies the file if there is no project. */
export const cliRun = {
  refused: (configPath: string, reasons: readonly string[]) =>
    `${configPath} cannot be applied. ${nothingChanged}\n${toList(reasons)}`,
  configurationConflict:
    'Another syncbot process stored other policy, settings or connections at the same time. Start syncbot again.',
  conflict: (project: string) => `Another syncbot process created ${project} at the same time. Start syncbot again.`,
};

interface WrittenParts {
  readonly isConfigurationStored: boolean;
  readonly written: readonly string[];
}

interface AppliedCounts {
  readonly configuration: boolean;
  readonly created: number;
  readonly changed: number;
  readonly removed: number;
  readonly pausedAgain: number;
}

interface CreateFacts {
  readonly project: string;
  readonly state: ProjectState;
  readonly linkCount: number;
  /** How the first state was found: always Not Started, from the queues, or from queues that do not exist yet. */
  readonly stateFrom: keyof typeof stateSources;
}

const stateSources = { default: '', queues: ', like its queues', noQueues: ', because none of its queues exists yet' };

function toList(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}
