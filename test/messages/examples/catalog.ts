import type { Catalog } from '../../../src/messages/en/catalog.ts';
import { access, help } from './access.ts';
import { acknowledgements } from './acknowledgements.ts';
import { alertGroups } from './alert-groups.ts';
import { alerts, failures, observation } from './alerts.ts';
import { batch } from './batch.ts';
import { catchUp } from './catch-up.ts';
import { cli } from './command-line.ts';
import { config, configuration, connectionFault, definition } from './configuration.ts';
import { confirmation, modal } from './dialogs.ts';
import { discover } from './discover.ts';
import { doctor, health, startErrors } from './doctor.ts';
import type { ExamplesOf } from './example.ts';
import { history } from './history.ts';
import { home } from './home.ts';
import { init } from './init.ts';
import { outcomes, seeOutcome } from './outcomes.ts';
import { pauseLimits } from './pause-limits.ts';
import { digest, links, list, precheck, show, skipped } from './reading.ts';
import { applyRefusals, commandErrors, refusals, requestFailures, selection } from './refusals.ts';
import { wait } from './wait.ts';
import { buttons, words } from './words.ts';

/** Documented in docs/configuration.md, which is generated from them. */
export type DocumentedElsewhere = 'keyDocs' | 'valueDocs' | 'variableDocs';

/** Examples of every sentence. A function of the catalog without one does not compile. */
export const examples: ExamplesOf<Omit<Catalog, DocumentedElsewhere>> = {
  ...words,
  buttons,
  modal,
  confirmation,
  outcomes,
  seeOutcome,
  alerts,
  alertGroups,
  acknowledgements,
  failures,
  observation,
  refusals,
  commandErrors,
  selection,
  batch,
  requestFailures,
  list,
  digest,
  show,
  links,
  withoutButtons: {
    useCommands: [['an alert in a channel without buttons', ['/sync restore orders', '/sync show orders']]],
    runbookLink: [['the project has a runbook', 'https://wiki.example.com/orders']],
  },
  skipped,
  pauseLimits,
  catchUp,
  precheck,
  history,
  home,
  access,
  help,
  wait,
  cli,
  applyRefusals,
  config,
  configuration,
  definition,
  connectionFault,
  startErrors,
  discover,
  init,
  doctor,
  health,
};
