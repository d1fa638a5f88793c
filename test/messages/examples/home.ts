import type { messages } from '../../../src/messages/catalog.ts';
import type { ExamplesOf } from './example.ts';
import { at, format } from './facts.ts';

export const home: ExamplesOf<typeof messages.home> = {
  allWell: [['no project needs attention', at('02:59'), format]],
  unreadable: [
    ['a damaged record', 1],
    ['several', 2],
  ],
  titles: {
    dialogs: [['above the dialogs that the person has not answered', 1]],
    attention: [['above the projects that need attention', 3]],
    paused: [['above the other Paused projects', 12]],
    filtered: [['a state was chosen in the menu', 46]],
  },
  projects: [['in an open dialog of several projects', [{ project: 'carts' }, { project: 'orders' }]]],
  dialog: [['an open dialog', { action: 'restore', expiresAt: at('03:07') }, 'orders', format]],
};
