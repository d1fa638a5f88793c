import { z } from 'zod';
import { defaultConnection } from '../domain/project.ts';
import { know } from './key-facts.ts';
import {
  channel,
  defaulted,
  duration,
  operator,
  optional,
  printableText,
  redisUrl,
  section,
  text,
  toggle,
  wholeNumber,
  withoutDuplicates,
} from './key-kinds.ts';

/** One link as it is written; also used alone, to compare links across projects whatever else is wrong. */
export const linkSchema = know(
  z.strictObject({
    queue: know(
      printableText(255).refine((name) => !name.includes(':'), { error: 'must not contain ":", as BullMQ wants it' }),
      {
        hint: 'Write the name of the BullMQ queue, as its owner creates it.',
        means: 'The name of the BullMQ queue, without `:`. syncbot never creates one.',
      },
    ),
    connection: defaulted(z.string(), defaultConnection, {
      wants: 'one of `connections`',
      hint: 'Name one of `connections`, or leave it out for REDIS_URL.',
      means: 'Where the queue lives; `default` is `REDIS_URL`.',
    }),
    prefix: defaulted(
      printableText(255).refine((prefix) => prefix !== '{syncbot}', { error: 'is the prefix of the bot’s own queues' }),
      'bull',
      {
        hint: 'Write the BullMQ prefix of the queue, or leave it out for bull.',
        means: 'The BullMQ prefix of the queue.',
      },
    ),
  }),
  {
    wants: 'a link',
    hint: 'Write `queue: orders-full` or `{ queue: orders-full, connection: warehouse, prefix: bull }`.',
    means: 'One queue. It belongs to this project alone: a queue in two projects is refused.',
  },
);

const endpoint = (examples: { readonly type: string; readonly name: string }, means: string) =>
  optional(
    know(
      z.strictObject({
        type: know(text(63), { example: examples.type, means: 'Its kind, for people to read.' }),
        name: know(text(255), { example: examples.name, means: 'Its name, for people to read.' }),
      }),
      { wants: 'a type and a name', hint: 'Write `{ type: mysql, name: orders-db }`.' },
    ),
    { means },
  );

const label = know(text(63), {
  hint: 'Write a text of at most 63 characters; put a number in quotes.',
  means: 'A word of your own, such as `prod`.',
});

export const projectSchema = know(
  z.strictObject({
    description: optional(text(1_000), { means: 'Shown by `show`.' }),
    source: endpoint({ type: 'mysql', name: 'orders-db' }, 'Where the data comes from, for people to read.'),
    target: endpoint({ type: 'kafka', name: 'warehouse' }, 'Where the data goes, for people to read.'),
    labels: defaulted(
      know(withoutDuplicates(z.array(label).max(50, 'has more than 50 entries')), {
        wants: 'a list of at most 50 texts',
        example: '[prod, nightly]',
      }),
      [],
      { means: '`list` filters by them.' },
    ),
    channel: optional(channel, {
      means: 'Where outcomes and alerts go. Without it, where the project was last dealt with.',
    }),
    adopt: defaulted(toggle, false, {
      means: 'Take the state from queues already in use. Looked at only when the project has no record yet.',
    }),
    onFailure: defaulted(
      know(z.enum(['pause', 'continue'], 'is neither pause nor continue'), { wants: 'pause or continue' }),
      'pause',
      { means: 'What a task that fails for good does to the project: it is Failed, or goes on and failures are told.' },
    ),
    logRetention: optional(duration({ from: '1m', to: '3650d' }), {
      example: '48h',
      means: 'How long the source keeps its log: the deadline of a pause, told in dialogs and alerts.',
    }),
    latencyAlert: optional(duration({ from: '1s', to: '30d' }), {
      example: '5m',
      means: 'The latency above which the channel is told.',
    }),
    links: know(z.array(linkSchema).min(1, 'has no entry: a project needs at least one link'), {
      wants: 'a list of queues',
      hint: 'Write a list of queues, such as `- queue: orders-full`.',
      means: 'The links of the project, at least one.',
    }),
  }),
  {
    wants: 'a project',
    hint: 'Write at least `links` below it.',
    means: 'One project. Its id matches `^[a-z0-9][a-z0-9_-]{0,62}$` and is no word of `/sync`.',
  },
);

export const settingsSchema = z.strictObject({
  confirmationTtl: defaulted(duration({ from: '1s', to: '24h' }), '5m', {
    example: '5m',
    means: 'How long a dialog may be answered.',
  }),
  observeEvery: defaulted(duration({ from: '250ms', to: '10m' }), '5s', {
    example: '5s',
    means: 'How often the links are looked at.',
  }),
  operationRetention: defaulted(duration({ from: '1h', to: '3650d' }), '90d', {
    example: '90d',
    means: 'How long the record of a finished operation is kept.',
  }),
  auditLength: defaulted(wholeNumber({ from: 100, to: 1_000_000 }), 10_000, {
    means: 'About how many entries of the history are kept for each project.',
  }),
  showErrors: defaulted(toggle, false, {
    means: 'Whether masked reasons of failed tasks may be shown to everybody, not only to operators.',
  }),
});

export const policySchema = z.strictObject({
  operators: defaulted(
    know(withoutDuplicates(z.array(operator)), {
      wants: 'a list of user ids and user group ids',
      example: '[U0123ABCD, S0123ABCD]',
    }),
    [],
    { means: 'Who may change projects. Nobody, unless somebody is named here.' },
  ),
  channels: defaulted(
    know(withoutDuplicates(z.array(channel)), { wants: 'a list of channel ids', example: '[C0123ABCD]' }),
    [],
    { means: 'Where changing commands are accepted. Empty: anywhere but in externally shared channels.' },
  ),
});

const connection = know(redisUrl, {
  means: 'Its address, mostly from a variable: it may hold a password. The name is like the id of a project.',
});

/** The shape of syncbot.yml. What one key alone cannot tell stands in cross-checks.ts. */
export const fileSchema = z.strictObject({
  connections: section(z.record(z.string(), connection), {
    wants: 'names and addresses',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what people write in the file
    hint: 'Write a name and the address of its Redis for each connection, such as `warehouse: ${WAREHOUSE_REDIS_URL}`.',
    means: 'The Redis servers that hold links, by a name of your own. `default` is reserved: it is `REDIS_URL`.',
  }),
  policy: section(policySchema, {
    wants: 'a section',
    hint: 'Write `operators` and `channels` below it.',
    means: 'Who may change projects, and where.',
  }),
  settings: section(settingsSchema, {
    wants: 'a section',
    hint: 'Write `confirmationTtl: 5m` and the like below it.',
    means: 'How syncbot works.',
  }),
  projects: know(z.record(z.string(), projectSchema), {
    wants: 'ids and projects',
    hint: 'Write an id and its settings for each project, or `projects: {}` for none.',
    means: 'The projects, by id.',
  }),
});
export type SyncbotFile = z.infer<typeof fileSchema>;
