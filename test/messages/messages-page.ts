import { messages } from '../../src/messages/catalog.ts';
import type { Catalog } from '../../src/messages/en/catalog.ts';
import { catalogRows } from './catalog-rows.ts';
import { type DocumentedElsewhere, examples } from './examples/catalog.ts';

type Group = Exclude<keyof Catalog, DocumentedElsewhere>;

const sections = [
  'Words',
  'Dialogs',
  'Outcomes',
  'Alerts',
  'Refusals',
  'List',
  'Show and precheck',
  'History',
  'Home',
  'Access and help',
  'Command line',
  'Doctor, start and health',
] as const;
type Section = (typeof sections)[number];

/** Where the page shows a group of the catalog, and when people read its sentences. */
const groups: { readonly [Name in Group]: readonly [Section, when: string] } = {
  states: ['Words', 'The states of a project.'],
  stateClause: ['Words', 'A state in a sentence.'],
  actions: ['Words', 'An action: its button, its verb, in progress, done.'],
  operationStates: ['Words', 'The states of an operation, in `show`.'],
  buttons: ['Words', 'Buttons. An action has the label that is above.'],
  nothingChanged: ['Words', 'In every refusal.'],
  onlyYouSeeThis: ['Words', 'At the end of every private answer.'],
  format: ['Words', 'Parts of many messages.'],
  modal: ['Dialogs', 'Modals, and the form of `/sync` without a command.'],
  confirmation: [
    'Dialogs',
    'After `/sync start`, `pause` and `restore`, and after **Re-apply**, **Adopt** and **Retry**.',
  ],
  outcomes: ['Outcomes', 'The message of an operation in the channel. It is edited until it has ended.'],
  catchUp: ['Dialogs', '`/sync pause orders when caught up`.'],
  pauseLimits: ['Dialogs', 'The limit of a pause.'],
  seeOutcome: ['Outcomes', 'What the person who asked reads in place of the dialog.'],
  alerts: [
    'Alerts',
    'The message of an alert, and its line in `list` and `history`. The message begins with the project.',
  ],
  alertGroups: ['Alerts', 'One message about several projects, and replies in the thread of an alert.'],
  acknowledgements: [
    'Alerts',
    "Who is on an alert, after **I've Got It**, **Snooze 1 h** and **Take Over / Give Back**.",
  ],
  withoutButtons: ['Alerts', 'At the end of alerts and outcomes in a channel of `channelsWithoutButtons`.'],
  failures: ['Alerts', 'Parts of an alert about failed tasks.'],
  observation: ['Alerts', 'No syncbot worker observes the links.'],
  refusals: ['Refusals', 'A button or command that changes nothing. Only the person who asked reads it.'],
  notAllowedReasons: [
    'Refusals',
    'Why a state does not allow an action: after “orders is Paused, since 18:53, by @bob”.',
  ],
  commandErrors: ['Refusals', 'A command that cannot be run as it was typed.'],
  selection: ['Refusals', 'A command for several projects that cannot be run as it was typed.'],
  batch: ['Outcomes', 'The dialog and the message of an action on several projects.'],
  requestFailures: ['Refusals', 'A request that could not be processed.'],
  list: ['List', '`/sync list` and `syncbot list`.'],
  digest: ['List', 'The message of `digest` in `syncbot.yml`, once a day.'],
  show: ['Show and precheck', '`/sync show orders`.'],
  links: ['Show and precheck', 'One link, in `show` and in **All Links**.'],
  skipped: ['Show and precheck', '`/sync skipped orders`, and **Skipped** in `show`.'],
  precheck: ['Show and precheck', '`/sync precheck orders`, `show`, and Start if an item fails.'],
  home: ['Home', 'The Home tab. It also has the rows of the list and the operations of `show`.'],
  history: ['History', '`/sync history`. The events follow the time and the name of the person.'],
  access: ['Access and help', '`/sync whoami`. The restriction is also at the end of `list`, `show` and `help`.'],
  help: ['Access and help', '`/sync help`.'],
  cli: ['Command line', 'Every command of `syncbot`, except `doctor`.'],
  init: ['Command line', '`syncbot init`.'],
  discover: ['Command line', '`syncbot discover`, and comments in the file that it writes.'],
  wait: ['Command line', '`--wait-quiet` and `--wait-caught-up`.'],
  columnTitles: ['Command line', 'The titles of columns.'],
  factLabels: ['Command line', 'The labels in `syncbot show orders`.'],
  applyRefusals: ['Command line', 'Why `syncbot apply` changes nothing.'],
  definition: ['Command line', 'What `syncbot apply` changes in a project.'],
  config: ['Command line', 'Mistakes in `syncbot.yml` and in variables. Most follow the name of the key.'],
  configuration: [
    'Command line',
    'Policy, settings and connections, in `syncbot apply`, `syncbot doctor` and the log.',
  ],
  connectionFault: ['Doctor, start and health', 'Why a Redis cannot be used: after its name.'],
  startErrors: ['Doctor, start and health', 'Why `syncbot run` ends.'],
  doctor: ['Doctor, start and health', '`syncbot doctor`. Each message follows its item.'],
  health: ['Doctor, start and health', 'The admin server: `/healthz` and `/readyz`.'],
};

/** Generates docs/messages.md: every sentence of the catalog with an example. */
export function messagesPage(): string {
  return `# Messages

Generated from \`src/messages/en\` and the examples in \`test/messages/examples\` by
\`npx vitest run test/messages/messages-page.test.ts -u\`. Do not edit it by hand.

Every sentence that syncbot writes for people, with example facts. Slack shows times in the time zone of the reader. The
texts of keys and variables are in [Configuration](configuration.md).

${sections.map(renderSection).join('\n\n')}
`;
}

function renderSection(section: Section): string {
  const names = groupNames().filter((name) => groups[name][0] === section);
  return `## ${section}\n\n${names.map(renderGroup).join('\n\n')}`;
}

function groupNames(): Group[] {
  const isGroup = (name: string): name is Group => Object.hasOwn(groups, name);
  return Object.keys(groups).filter(isGroup);
}

function renderGroup(name: Group): string {
  const rows = catalogRows(messages[name], Object.entries(examples).find(([group]) => group === name)?.[1], name);
  return `### ${name}

${groups[name][1]}

| sentence | when | text |
| --- | --- | --- |
${rows.map(({ path, when, text }) => `| \`${path}\` | ${escapeCell(when)} | ${escapeCell(text)} |`).join('\n')}`;
}

/** Markdown would read some characters as markup, and GitHub reads `$` as the start of a formula. */
function escapeCell(text: string): string {
  const escaped = text.replaceAll(/`[^`]*`|[<$]/g, (found) => escapes[found] ?? found);
  return escaped.replaceAll('|', '\\|').replaceAll('\n', '<br>').trim();
}

const escapes: Readonly<Record<string, string>> = { '<': '\\<', $: '&#36;' };
