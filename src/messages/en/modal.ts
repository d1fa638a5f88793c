import { catchUpTimeoutMs, catchUpWithinMs } from '../../domain/catch-up.ts';
import { type Action, actions as allActions, transitions } from '../../domain/lifecycle.ts';
import type { Project } from '../../domain/project.ts';
import type { ProjectState } from '../../domain/project-state.ts';
import type { Formatter } from '../format.ts';
import { formatDuration, formatNumber, joinOr } from './format.ts';
import { notAllowedReasons } from './refusals.ts';
import { show } from './show.ts';
import { actions, states } from './terms.ts';

/** Modals, and the form of `/sync` without a command. Slack allows 24 characters each for title, close and submit. */
export const modal = {
  title: 'syncbot',
  close: 'Close',
  /** While the bot reads what the modal will show. */
  loading: 'Loading…',
  /** From OK until the modal shows the outcome. */
  confirmed: 'One moment… If this page does not change, press OK again. It counts once.',
  /** The first page of the form. */
  chooseProject: 'Choose a project. You confirm before anything changes.',
  /** The same for a person who may only look. */
  chooseToLook: 'Choose a project to see its details.',
  noProjects: 'No project is configured yet.',
  project: 'Project',
  placeholder: 'Choose a project',
  /** Below the menu, after Next without a project. */
  projectMissing: 'Choose a project.',
  /** Below the actions, after Next with several projects and no action. */
  actionMissing: 'Choose an action.',
  selection: 'Several projects',
  selectionPlaceholder: 'label:prod except orders',
  selectionHint: 'In place of one project. Names, or label:, source:, target:, state: and batch:, and then except.',
  moreProjects: (total: number) => `${formatNumber(total)} projects. Type a part of a name.`,
  option: (project: string, state: ProjectState) => `${project} · ${states[state]}`,
  since: (project: Project, format: Formatter) => show.since(project, format),
  action: 'Action',
  /** Below the actions while no project is chosen. */
  actionHint: (offered: readonly Action[]) => {
    const lines = offered.map(
      (action) => `${actions[action].label}: if ${joinOr(transitions[action].from.map((state) => states[state]))}.`,
    );
    return `${lines.join(' ')} If you choose none, the state of the project decides.`;
  },
  reason: 'Reason',
  reasonPlaceholder: 'It is shown in the channel.',
  when: 'Pause begins',
  atOnce: 'At once',
  whenCaughtUp: 'When caught up',
  whenHint: `syncbot waits until the latency is under ${formatDuration(catchUpWithinMs)}, at most ${formatDuration(catchUpTimeoutMs)}.`,
  limit: 'Pause ends',
  limitPlaceholder: '2h, 18:30 or tomorrow 06:00',
  next: 'Next',
  /** Why the other actions are not possible: `Start and Restore are not possible: it is Running already.` */
  notPossible: (state: ProjectState): string[] => {
    const reasons: Readonly<Partial<Record<Action, string | null>>> = notAllowedReasons[state];
    const notAllowed = allActions.filter((action) => action in reasons);
    const textOf = (action: Action) => reasons[action] ?? `it is ${states[state]} already`;
    const texts = [...new Set(notAllowed.map(textOf))];
    return texts.map((text) => {
      const labels = notAllowed.filter((action) => textOf(action) === text).map((action) => actions[action].label);
      return `${labels.join(' and ')} ${labels.length === 1 ? 'is' : 'are'} not possible: ${text}.`;
    });
  },
};
