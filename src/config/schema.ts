import { z } from 'zod';
import { defaultConnection } from '../domain/link.ts';
import { describe } from './key-docs.ts';
import {
  booleanFlag,
  channelId,
  duration,
  integer,
  operatorId,
  optional,
  optionalSection,
  printableText,
  redisUrl,
  text,
  uniqueItems,
  withDefault,
} from './key-types.ts';

/** One link as it is written; also used alone, to compare links across projects whatever else is wrong. */
export const linkSchema = describe(
  z.strictObject({
    queue: describe(
      printableText(255).refine((name) => !name.includes(':'), { error: 'must not contain ":", as BullMQ wants it' }),
      {
        hint: 'Write the name of the BullMQ queue, as its owner creates it.',
        description: 'The name of the BullMQ queue, without `:`. syncbot never creates one.',
      },
    ),
    connection: withDefault(z.string(), defaultConnection, {
      expected: 'one of `connections`',
      hint: 'Name one of `connections`, or leave it out for REDIS_URL.',
      description: 'Where the queue lives; `default` is `REDIS_URL`.',
    }),
    prefix: withDefault(
      printableText(255).refine((prefix) => prefix !== '{syncbot}', { error: 'is the prefix of the bot’s own queues' }),
      'bull',
      {
        hint: 'Write the BullMQ prefix of the queue, or leave it out for bull.',
        description: 'The BullMQ prefix of the queue.',
      },
    ),
  }),
  {
    expected: 'a link',
    hint: 'Write `queue: orders-full` or `{ queue: orders-full, connection: warehouse, prefix: bull }`.',
    description: 'One queue. It belongs to this project alone: a queue in two projects is refused.',
  },
);

const endpointSchema = (examples: { readonly type: string; readonly name: string }, description: string) =>
  optional(
    describe(
      z.strictObject({
        type: describe(text(63), { example: examples.type, description: 'Its kind, for people to read.' }),
        name: describe(text(255), { example: examples.name, description: 'Its name, for people to read.' }),
      }),
      { expected: 'a type and a name', hint: 'Write `{ type: mysql, name: orders-db }`.' },
    ),
    { description },
  );

const labelSchema = describe(text(63), {
  hint: 'Write a text of at most 63 characters; put a number in quotes.',
  description: 'A word of your own, such as `prod`.',
});

export const projectSchema = describe(
  z.strictObject({
    description: optional(text(1_000), { description: 'Shown by `show`.' }),
    source: endpointSchema({ type: 'mysql', name: 'orders-db' }, 'Where the data comes from, for people to read.'),
    target: endpointSchema({ type: 'kafka', name: 'warehouse' }, 'Where the data goes, for people to read.'),
    labels: withDefault(
      describe(uniqueItems(z.array(labelSchema).max(50, 'has more than 50 entries')), {
        expected: 'a list of at most 50 texts',
        example: '[prod, nightly]',
      }),
      [],
      { description: '`list` filters by them.' },
    ),
    channel: optional(channelId, {
      description: 'Where outcomes and alerts go. Without it, where the project was last dealt with.',
    }),
    adopt: withDefault(booleanFlag, false, {
      description: 'Take the state from queues already in use. Looked at only when the project has no record yet.',
    }),
    onFailure: withDefault(
      describe(z.enum(['pause', 'continue'], 'is neither pause nor continue'), { expected: 'pause or continue' }),
      'pause',
      {
        description:
          'What a task that fails for good does to the project: it is Failed, or goes on and failures are told.',
      },
    ),
    logRetention: optional(duration({ from: '1m', to: '3650d' }), {
      example: '48h',
      description: 'How long the source keeps its log: the deadline of a pause, told in dialogs and alerts.',
    }),
    latencyAlert: optional(duration({ from: '1s', to: '30d' }), {
      example: '5m',
      description: 'The latency above which the channel is told.',
    }),
    links: describe(z.array(linkSchema).min(1, 'has no entry: a project needs at least one link'), {
      expected: 'a list of queues',
      hint: 'Write a list of queues, such as `- queue: orders-full`.',
      description: 'The links of the project, at least one.',
    }),
  }),
  {
    expected: 'a project',
    hint: 'Write at least `links` below it.',
    description: 'One project. Its id matches `^[a-z0-9][a-z0-9_-]{0,62}$` and is no word of `/sync`.',
  },
);

export const settingsSchema = z.strictObject({
  confirmationTtl: withDefault(duration({ from: '1s', to: '24h' }), '5m', {
    example: '5m',
    description: 'How long a dialog may be answered.',
  }),
  observeEvery: withDefault(duration({ from: '250ms', to: '10m' }), '5s', {
    example: '5s',
    description: 'How often the links are looked at.',
  }),
  operationRetention: withDefault(duration({ from: '1h', to: '3650d' }), '90d', {
    example: '90d',
    description: 'How long the record of a finished operation is kept.',
  }),
  auditLength: withDefault(integer({ from: 100, to: 1_000_000 }), 10_000, {
    description: 'About how many entries of the history are kept for each project.',
  }),
  showErrors: withDefault(booleanFlag, false, {
    description: 'Whether masked reasons of failed tasks may be shown to everybody, not only to operators.',
  }),
});

export const policySchema = z.strictObject({
  operators: withDefault(
    describe(uniqueItems(z.array(operatorId)), {
      expected: 'a list of user ids and user group ids',
      example: '[U0123ABCD, S0123ABCD]',
    }),
    [],
    { description: 'Who may change projects. Nobody, unless somebody is named here.' },
  ),
  channels: withDefault(
    describe(uniqueItems(z.array(channelId)), { expected: 'a list of channel ids', example: '[C0123ABCD]' }),
    [],
    { description: 'Where changing commands are accepted. Empty: anywhere but in externally shared channels.' },
  ),
});

const connectionSchema = describe(redisUrl, {
  description: 'Its address, mostly from a variable: it may hold a password. The name is like the id of a project.',
});

/** The shape of syncbot.yml. What one key alone cannot tell stands in cross-checks.ts. */
export const fileSchema = z.strictObject({
  connections: optionalSection(z.record(z.string(), connectionSchema), {
    expected: 'names and addresses',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what people write in the file
    hint: 'Write a name and the address of its Redis for each connection, such as `warehouse: ${WAREHOUSE_REDIS_URL}`.',
    description: 'The Redis servers that hold links, by a name of your own. `default` is reserved: it is `REDIS_URL`.',
  }),
  policy: optionalSection(policySchema, {
    expected: 'a section',
    hint: 'Write `operators` and `channels` below it.',
    description: 'Who may change projects, and where.',
  }),
  settings: optionalSection(settingsSchema, {
    expected: 'a section',
    hint: 'Write `confirmationTtl: 5m` and the like below it.',
    description: 'How syncbot works.',
  }),
  projects: describe(z.record(z.string(), projectSchema), {
    expected: 'ids and projects',
    hint: 'Write an id and its settings for each project, or `projects: {}` for none.',
    description: 'The projects, by id.',
  }),
});
export type SyncbotFile = z.infer<typeof fileSchema>;
