import { environmentVariables } from '../../src/config/environment.ts';
import { type ConfigKey, configKeys } from '../../src/config/key-docs.ts';

/** docs/configuration.md as the schemas of src/config tell it. */
export function configurationPage(): string {
  return `# Configuration

Made from the schemas in \`src/config\` by \`npx vitest run test/docs/configuration.test.ts -u\`; a test fails when it is not current.

Everything is read once, at the start. Each command names every fault at once, with its line and what to write instead, and ends with exit code 2.

## The environment

A variable that is set to nothing counts as not set.

| variable | default | meaning |
| --- | --- | --- |
${environmentVariables.map(({ name, defaultValue: unless, description: means }) => tableRow(inlineCode(name), inlineCode(unless), means)).join('\n')}

What to write:

${environmentVariables.map(({ name, hint }) => `- \`${name}\`: ${escapeMarkdown(hint)}`).join('\n')}

## syncbot.yml

${sections.map(renderSection).join('\n\n')}

## How it is read

- A key that is not known here is refused, and so are duplicates and a queue in two projects. A key left empty counts as left out.
- A duration is a whole number with a unit: \`250ms\`, \`30s\`, \`5m\`, \`48h\`, \`90d\`.
- \`\${NAME}\` in a text is replaced from the environment, and must be set; \`$\${\` stands for \`\${\` itself. Inside of \`{ }\` or \`[ ]\` YAML wants it in quotes.
- \`syncbot apply\` brings what is stored in line with the file. \`run\` reads \`connections\`, \`policy\` and \`settings\` from the file at each start,
  but the file's \`projects\` only when none is stored yet.
`;
}

interface Section {
  readonly title: string;
  readonly example: string;
  /** Of the keys in its table. */
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
    example: 'policy:\n  operators: [U0123ABCD, S0123ABCD]\n  channels: [C0123ABCD]\nprojects: {}',
    pattern: /^policy/,
  },
  {
    title: 'settings',
    example: `settings:\n${settingsExample()}\nprojects: {}`,
    pattern: /^settings/,
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
    adopt: true
    onFailure: pause
    logRetention: 48h
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

function renderSection({ title, example, pattern: keyPattern }: Section): string {
  const keyDocs = configKeys.filter(({ pathPattern: pattern }) => keyPattern.test(pattern));
  return `### ${title}

\`\`\`yaml
${example}
\`\`\`

| key | default | what is written | meaning |
| --- | --- | --- | --- |
${keyDocs.map(keyRow).join('\n')}`;
}

function keyRow({
  pathPattern: pattern,
  defaultValue: unless,
  expected: wants,
  description: means,
}: ConfigKey): string {
  const requiredText = pattern.endsWith('*') ? '' : 'must be there';
  return tableRow(
    inlineCode(pattern),
    unless === undefined ? requiredText : inlineCode(unless),
    wants ?? '',
    means ?? '',
  );
}

/** What Markdown would take for a tag. */
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
  const settings = configKeys.filter(({ pathPattern: pattern }) => pattern.startsWith('settings.'));
  return settings
    .map(({ pathPattern: pattern, defaultValue: unless }) => `  ${pattern.slice('settings.'.length)}: ${unless}`)
    .join('\n');
}
