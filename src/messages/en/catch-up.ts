import { catchUpWithinMs } from '../../domain/catch-up.ts';
import { isWaitingToCatchUp, type Operation } from '../../domain/operation.ts';
import type { WaitingPause } from '../../domain/project.ts';
import type { Formatter } from '../format.ts';
import { formatDuration, format as formats } from './format.ts';
import { nothingChanged } from './terms.ts';

const threshold = `its latency is under ${formatDuration(catchUpWithinMs)} and its workers keep up`;

/** Texts about a pause that waits until its project has caught up. */
export const catchUp = {
  /** In the dialog, before what the pause does. */
  willWait: (project: string, timeoutMs: number) =>
    `syncbot waits until ${project} has caught up: until ${threshold}. It waits at most ${formatDuration(timeoutMs)}. If ${project} has not caught up by then, it is not paused, and syncbot says so.`,
  /** In the dialog of a batch. */
  eachWaits: (timeoutMs: number) =>
    `syncbot waits for each project until it has caught up: until ${threshold}. It waits at most ${formatDuration(timeoutMs)}. A project that has not caught up by then is not paused.`,
  /** After the name of an action. */
  when: 'when it has caught up',
  whenAll: 'when they have caught up',
  isToBePaused: (project: string) => `${project} is to be paused ${catchUp.when}`,
  /** `latency 42 s at 14:03`. Null before the first observation. */
  latency: ({ waitObservation }: Pick<Operation, 'waitObservation'>, format: Formatter): string | null => {
    if (waitObservation === null) return null;
    const { latencyMs, at } = waitObservation.shown;
    const latency = `${formats.latency({ latencyMs })} ${format.at(at)}`;
    return latencyMs === null ? `${latency}, because a link could not be read` : latency;
  },
  latest: (until: number, format: Formatter) => `until ${format.time(until)} at the latest`,
  /** In a list, after the state. */
  listed: ({ until }: WaitingPause, format: Formatter) =>
    `to be paused ${catchUp.when}, ${catchUp.latest(until, format)}`,
  /** In the details of a project. */
  waits: ({ by, until }: WaitingPause, format: Formatter) =>
    `It is to be paused ${catchUp.when}, as ${format.person(by)} asked. syncbot waits ${catchUp.latest(until, format)}.`,
  /** How the wait ended, in the outcome. */
  ended: ({ waitEndedAt, waitEndedBy }: Pick<Operation, 'waitEndedAt' | 'waitEndedBy'>, format: Formatter) => {
    if (waitEndedAt === null) return [];
    const at = format.at(waitEndedAt);
    return [waitEndedBy === null ? `It had caught up ${at}` : `${format.person(waitEndedBy)} pressed Pause Now ${at}`];
  },
  /** In the message of a batch. */
  catchingUp: ({ projects, until }: { readonly projects: number; readonly until: number }, format: Formatter) => {
    const waits = projects === 1 ? '1 project waits until it has' : `${projects} projects wait until they have`;
    const how = `To cancel one, or to pause it now, open it with ${format.command('show <project>')}.`;
    return `${waits} caught up, ${catchUp.latest(until, format)}. ${how}`;
  },
  /** The state of the operation in a list of operations. Null if it does not wait. */
  operationState: (operation: Pick<Operation, 'state' | 'waitsUntil' | 'waitEndedAt'>) =>
    isWaitingToCatchUp(operation) ? 'waits until it has caught up' : null,
  /** The command line stops before the wait ends. */
  goesOn:
    'It waits further without this command, and is paused when it has caught up. syncbot cancel ends the wait. In Slack, the details of the project have Cancel and Pause Now.',
  /** On the command line, after Cancel. */
  cancelled: (project: string) => `Cancelled: ${project} is not paused when it has caught up.`,
  noneWaits: (project: string) => `No pause of ${project} waits until it has caught up. ${nothingChanged}`,
};
