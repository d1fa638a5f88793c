import { environmentVariables } from '../../src/config/environment.ts';
import { schemaComment } from '../../src/config/json-schema.ts';
import { type ConfigKey, configKeys } from '../../src/config/key-docs.ts';

/** Generates docs/configuration.md from the schemas of src/config. */
export function configurationPage(): string {
  return `# Configuration

Generated from the schemas in \`src/config\` by \`npx vitest run test/docs/configuration.test.ts -u\`. Do not edit it by hand.

- syncbot reads the environment, \`.env\` in the current folder and \`syncbot.yml\` once, at the start. A variable that is set
  wins over \`.env\`, also if it is empty.
- If something is wrong, the command names every error with its line and a hint, and ends with exit code 2.

## Environment

An empty variable counts as not set.

| variable | default | meaning |
| --- | --- | --- |
${environmentVariables.map(({ name, defaultValue, description }) => tableRow(inlineCode(name), inlineCode(defaultValue), description)).join('\n')}

What to write:

${environmentVariables.map(({ name, hint }) => `- \`${name}\`: ${escapeMarkdown(hint)}`).join('\n')}

## syncbot.yml

${sections.map(renderSection).join('\n\n')}

## Rules of the file

- With \`${schemaComment}\` as its first line, editors with a YAML language
  server complete and check the file. Without an installed package, write the path or the URL of \`syncbot.schema.json\`.
- The file can be several: \`SYNCBOT_CONFIG\` is a folder, or \`syncbot apply\` names files and folders. Of a folder it reads
  \`*.yml\` and \`*.yaml\`, in the order of their names, without subfolders. \`connections\`, \`labels\` and \`projects\` can be in several files. The
  same name in two files is an error. Every other section is in one file.
- A project goes before its labels, these before \`defaults\`, and these before \`settings\`.
- Unknown keys, duplicate keys and a queue in two projects are errors. An empty key counts as not set.
- A duration is a whole number with a unit: \`250ms\`, \`30s\`, \`5m\`, \`48h\`, \`90d\`.
- \`\${NAME}\` in a text is replaced by that environment variable, which must be set. \`$\${\` is a literal \`\${\`.
  Inside \`{ }\` or \`[ ]\` put it in quotes.
- \`syncbot apply\` stores the file: projects, policy, settings and connections. Running processes follow it.
- \`run\` applies the file only when no project is stored. Otherwise it uses what is stored, and logs how the file differs.
- A variable is read from the environment of each process, so a new one needs a restart. A URL is stored only with its
  variables, such as \`\${WAREHOUSE_REDIS_URL}\` or \`rediss://:\${PASSWORD}@host:6380\`. A URL without a variable, or with a
  password in the text, is not stored: after a change, restart each process with the new file.
`;
}

interface Section {
  readonly title: string;
  readonly example: string;
  /** Matches the keys in its table. */
  readonly pattern: RegExp;
}

const sections: readonly Section[] = [
  {
    title: 'connections',
    example: `connections:\n  warehouse: $\{WAREHOUSE_REDIS_URL}\nprojects: {}`,
    pattern: /^connections/,
  },
  {
    title: 'policy',
    example:
      'policy:\n  operators: [U0123ABCD, S0123ABCD]\n  channels: [C0123ABCD]\n  onCall:\n    - { mention: [S0123ABCD] }\n    - { mention: [U0123ABCD], severity: warning }\nprojects: {}',
    pattern: /^policy/,
  },
  {
    title: 'digest',
    example: 'digest:\n  - { at: "09:00", timezone: Europe/Berlin, channel: C0123ABCD }\nprojects: {}',
    pattern: /^digest/,
  },
  {
    title: 'settings',
    example: `settings:\n${settingsExample()}\nprojects: {}`,
    pattern: /^settings/,
  },
  {
    title: 'defaults',
    example:
      'defaults:\n  channel: C0123ABCD\n  logRetention: 48h\n  link: { prefix: bull }\nprojects:\n  orders: { links: [{ queue: orders-full }] }',
    pattern: /^defaults/,
  },
  {
    title: 'labels',
    example:
      'labels:\n  prod: { pauseMax: 4h, onCall: [S0123ABCD] }\nprojects:\n  orders: { labels: [prod], links: [{ queue: orders-full }] }',
    pattern: /^labels/,
  },
  {
    title: 'projects',
    example: `projects:
  orders:
    description: Orders to the warehouse
    source: { type: mysql, name: orders-db }
    target: { type: kafka, name: warehouse }
    labels: [prod, nightly]
    channel: C0123ABCD
    onCall: [S0123ABCD]
    runbook: https://wiki.example.com/orders
    adopt: true
    onFailure: pause
    logRetention: 48h
    pausedReminder: 72h
    pauseMax: 2h
    latencyAlert: 5m
    links:
      - queue: orders-full
      - { queue: orders-incr, prefix: bull }`,
    pattern: /^projects(?!.*\.links\.)/,
  },
  {
    title: 'links of a project',
    example:
      'projects:\n  orders:\n    links:\n      - queue: orders-full\n      - { queue: orders-incr, connection: default, prefix: bull }',
    pattern: /^projects\..*\.links\./,
  },
];

function renderSection({ title, example, pattern }: Section): string {
  const keyDocs = configKeys.filter(({ pathPattern }) => pattern.test(pathPattern));
  return `### ${title}

\`\`\`yaml
${example}
\`\`\`

| key | default | value | meaning |
| --- | --- | --- | --- |
${keyDocs.map(keyRow).join('\n')}`;
}

function keyRow({ pathPattern, defaultValue, expected, description }: ConfigKey): string {
  const defaultText = pathPattern.endsWith('*') ? '' : 'required';
  return tableRow(
    inlineCode(pathPattern),
    defaultValue === undefined ? defaultText : inlineCode(defaultValue),
    expected ?? '',
    description ?? '',
  );
}

/** Markdown would read `<` as the start of a tag. */
function escapeMarkdown(text: string): string {
  return text.replaceAll('<', '\\<');
}

function tableRow(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function inlineCode(text: string | null): string {
  return text === null ? '' : `\`${text}\``;
}

function settingsExample(): string {
  return configKeys
    .filter(({ pathPattern }) => /^settings\.\w+$/.test(pathPattern))
    .map(
      ({ pathPattern, defaultValue, example }) =>
        `  ${pathPattern.slice('settings.'.length)}: ${defaultValue ?? example}`,
    )
    .join('\n');
}
