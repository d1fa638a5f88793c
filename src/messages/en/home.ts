import type { BatchItem } from '../../domain/batch.ts';
import type { Operation } from '../../domain/operation.ts';
import { type Formatter, joinDots } from '../format.ts';
import { formatNumber, nameAndMore, pluralize } from './format.ts';
import { actions } from './terms.ts';

/** Texts of the Home tab. It is updated only when something changes, so times are clock times. */
export const home = {
  /** Only if each project was read and was observed lately. `at`: when the last cycle completed, epoch ms. */
  allWell: (at: number, format: Formatter) => joinDots('Nothing needs attention', `observed ${format.at(at)}`),
  /** Their records are damaged, or have the format of a newer version. */
  unreadable: (projects: number) =>
    `${pluralize(projects, 'project')} could not be read, so this page cannot show whether ${projects === 1 ? 'it needs' : 'they need'} attention. The log of syncbot names ${projects === 1 ? 'it' : 'them'}.`,
  /** Above the sections. The count is that of all, shown or not. */
  titles: {
    dialogs: (count: number) => `Waiting for your OK: ${formatNumber(count)}`,
    attention: (count: number) => `Needs attention: ${formatNumber(count)}`,
    paused: (count: number) => `Paused: ${formatNumber(count)}`,
    /** The filter selects states. */
    filtered: (count: number) => pluralize(count, 'project'),
    operations: 'Last operations',
  },
  /** `orders · Restore · waits for your OK until 03:07`. */
  dialog: ({ action, expiresAt }: Pick<Operation, 'action' | 'expiresAt'>, project: string, format: Formatter) =>
    joinDots(project, actions[action].label, `waits for your OK until ${format.time(expiresAt)}`),
  /** The projects of a dialog. */
  projects: (items: readonly Pick<BatchItem, 'project'>[]) =>
    `${pluralize(items.length, 'project')}: ${nameAndMore(items.map(({ project }) => project))}`,
  noMatch: 'Nothing to show with this filter',
  updates: 'Updated when something changes, for a day after you opened it',
};
