import { access } from './access.ts';
import { acknowledgements } from './acknowledgements.ts';
import { alertGroups } from './alert-groups.ts';
import { alerts } from './alerts.ts';
import { applyRefusals } from './apply-refusals.ts';
import { batch } from './batch.ts';
import { catchUp } from './catch-up.ts';
import { cliMessages } from './cli.ts';
import { columnTitles, factLabels } from './cli-titles.ts';
import { commandErrors } from './commands.ts';
import { configMessages } from './config.ts';
import { configuration } from './configuration.ts';
import { confirmation } from './confirmation-dialog.ts';
import { connectionFault } from './connection-faults.ts';
import { definitionMessages } from './definition-changes.ts';
import { digest } from './digest.ts';
import { discoverMessages } from './discover.ts';
import { doctorMessages } from './doctor.ts';
import { failures } from './failures.ts';
import { format } from './format.ts';
import { healthMessages } from './health.ts';
import { help } from './help.ts';
import { history } from './history.ts';
import { home } from './home.ts';
import { initMessages } from './init.ts';
import { keyDocs, valueDocs } from './key-docs.ts';
import { list } from './list.ts';
import { modal } from './modal.ts';
import { observation } from './observation.ts';
import { outcomes, seeOutcome } from './outcomes.ts';
import { pauseLimits } from './pause-limits.ts';
import { precheck } from './precheck.ts';
import { notAllowedReasons, refusals } from './refusals.ts';
import { requestFailures } from './request-failures.ts';
import { selection } from './selection.ts';
import { links, show } from './show.ts';
import { skipped } from './skipped.ts';
import { startErrors } from './startup-errors.ts';
import { actions, buttons, nothingChanged, onlyYouSeeThis, operationStates, stateClause, states } from './terms.ts';
import { variableDocs } from './variable-docs.ts';
import { wait } from './wait.ts';
import { withoutButtons } from './without-buttons.ts';

/** Every sentence for people in English. */
export const en = {
  states,
  stateClause,
  actions,
  operationStates,
  buttons,
  nothingChanged,
  onlyYouSeeThis,
  format,
  refusals,
  notAllowedReasons,
  applyRefusals,
  definition: definitionMessages,
  pauseLimits,
  catchUp,
  precheck,
  connectionFault,
  confirmation,
  outcomes,
  seeOutcome,
  alerts,
  acknowledgements,
  alertGroups,
  failures,
  history,
  home,
  modal,
  list,
  digest,
  show,
  links,
  withoutButtons,
  skipped,
  observation,
  help,
  access,
  commandErrors,
  selection,
  batch,
  requestFailures,
  wait,
  cli: cliMessages,
  columnTitles,
  factLabels,
  discover: discoverMessages,
  init: initMessages,
  doctor: doctorMessages,
  health: healthMessages,
  startErrors,
  config: configMessages,
  configuration,
  keyDocs,
  valueDocs,
  variableDocs,
};

/** English is the reference: the catalog of another language has this type, and the compiler lists what it lacks. */
export type Catalog = typeof en;
