import type { KeyDocs } from '../facts.ts';

const redisUrlHint =
  'Write redis://host:6379, rediss://user:password@host:6380/0, redis+sentinel://host:26379,host:26379/<master> or redis+cluster://host:6379,host:6379; with TLS rediss instead of redis, and then ?ca=/path/ca.pem for a private CA.';

/** Kinds of values that several keys share. */
export const valueDocs = {
  text: (maxLength: number) => ({ expected: `text of at most ${maxLength} characters` }),
  duration: (from: string, to: string) => ({ expected: `a duration from ${from} to ${to}` }),
  durationOrOff: (from: string, to: string) => ({
    expected: `a duration from ${from} to ${to}, or off`,
    hint: `Write a duration from ${from} to ${to}, such as 24h, or off.`,
  }),
  integer: (from: number, to: number) => ({ expected: `a whole number from ${from} to ${to}` }),
  boolean: { expected: 'true or false' },
  redisUrl: { expected: 'a Redis URL', hint: redisUrlHint },
  operatorId: {
    expected: 'the id of a user (U0123ABCD) or of a user group (S0123ABCD)',
    hint: 'Write the id of a user (U0123ABCD) or of a user group (S0123ABCD), not a name.',
  },
  webUrl: {
    expected: 'a URL (https:// or http://)',
    hint: 'Write a URL such as https://wiki.example.com/orders, without a user name and password.',
  },
  channelId: {
    expected: 'the id of a channel (C0123ABCD)',
    hint: "Write the id of a channel (C0123ABCD), not its name. The id is at the end of the channel's link.",
  },
  inherited: (key: string) => ({ description: `\`projects.*.${key}\` of each project that does not set it.` }),
} satisfies Record<string, KeyDocs | ((...values: never[]) => KeyDocs)>;

/** The keys of syncbot.yml. */
export const keyDocs = {
  connections: {
    expected: 'names and Redis URLs',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the user writes this in the file
    hint: 'Write a name and a Redis URL for each connection, such as `warehouse: ${WAREHOUSE_REDIS_URL}`.',
    description: 'The Redis servers that hold links, by name. The name `default` is reserved for `REDIS_URL`.',
  },
  connection: {
    description: 'Its URL. Take it from a variable if it holds a password. The name follows the rules of a project id.',
  },
  policy: {
    expected: 'a section',
    hint: 'Write `operators`, `channels` and `onCall` below it.',
    description: 'Who may change projects, and where, and whom alerts mention.',
  },
  operators: {
    expected: 'a list of user ids and user group ids',
    example: '[U0123ABCD, S0123ABCD]',
    description: 'Who may change projects. If the list is empty, no user may.',
  },
  channels: {
    expected: 'a list of channel ids',
    example: '[C0123ABCD]',
    description:
      'Where syncbot accepts commands that change projects. If the list is empty: everywhere except in externally shared channels.',
  },
  onCall: {
    expected: 'a list of entries with `mention`',
    example: '[{ mention: [S0123ABCD], label: prod, severity: warning }]',
    description:
      'Whom alerts mention. An alert mentions all ids of every matching entry, and those of `onCall` of its project. If there is none, a critical alert mentions the person who last changed the project.',
  },
  onCallRule: {
    expected: 'an entry',
    hint: 'Write `{ mention: [S0123ABCD], label: prod, severity: critical }`.',
    description: 'Whom the alerts of some projects mention.',
  },
  onCallMention: {
    expected: 'a list of 1 to 10 user ids and user group ids',
    example: '[S0123ABCD, U0123ABCD]',
    description: 'Whom these alerts mention.',
  },
  onCallLabel: {
    expected: 'a label of a project',
    hint: 'Write a label of at least one project, or leave it out for all projects.',
    description: 'The label of the projects. Without it: all projects.',
  },
  onCallSeverity: {
    expected: 'critical, warning or info',
    description: 'The least severity of the alerts. The README lists the severity of each alert.',
  },
  digest: {
    expected: 'a list of entries with `at`, `timezone` and `channel`',
    example: '[{ at: "09:00", timezone: Europe/Berlin, channel: C0123ABCD }]',
    description:
      'Where syncbot posts the state of all projects once a day: which are Failed or Paused, which alerts fire, and what has happened since the last digest.',
  },
  digestEntry: {
    expected: 'an entry',
    hint: 'Write `{ at: "09:00", timezone: Europe/Berlin, channel: C0123ABCD }`.',
    description: 'One digest a day in one channel.',
  },
  digestAt: {
    expected: 'a time of day from 00:00 to 23:59',
    example: '"09:00"',
    description: 'When the digest is posted.',
  },
  digestTimezone: {
    expected: 'the name of a time zone, such as Europe/Berlin or UTC',
    hint: 'Write a name of the IANA time zone database, such as Europe/Berlin, America/New_York or UTC.',
    description: 'The time zone of `at`. The digest follows its daylight saving time.',
  },
  digestChannel: { description: 'The channel that gets the digest. The bot must be a member of it.' },
  settings: {
    expected: 'a section',
    hint: 'Write settings such as `confirmationTtl: 5m` below it.',
    description: 'How syncbot works.',
  },
  confirmationTtl: { example: '5m', description: 'How long a dialog can be answered.' },
  observeEvery: { example: '5s', description: 'How often the observer reads the links.' },
  operationRetention: { example: '90d', description: 'How long syncbot keeps the record of a finished operation.' },
  pausedReminder: {
    example: '24h',
    description:
      'After how long syncbot reminds people of a Paused project. **Keep Paused** in the reminder delays the next one for as long.',
  },
  pauseMax: {
    example: '8h',
    description:
      'The longest pause of every project, and the limit of a pause that has none. A project or its labels can have another one.',
  },
  defaults: {
    expected: 'a section',
    hint: 'Write keys of a project below it, such as `channel: C0123ABCD`.',
    description: 'What counts for each project that does not set it itself, and whose labels do not set it.',
  },
  defaultPauseMax: {
    example: '8h',
    description: '`projects.*.pauseMax` of each project that does not set it, instead of `settings.pauseMax`.',
  },
  linkDefaults: {
    expected: 'a connection and a prefix',
    hint: 'Write `{ connection: warehouse, prefix: bull }`, or one of them.',
    description: 'What counts for each link that does not set it itself.',
  },
  labelSection: {
    expected: 'labels and what counts for their projects',
    hint: 'Write the name of a label, and below it `pauseMax: 4h`.',
    description:
      'What counts for each project with a label that does not set it itself, instead of `defaults`. If labels of one project have different values of a key, that is an error, except for `pauseMax`.',
  },
  labelRules: {
    expected: 'a section',
    hint: 'Write `pauseMax: 4h` below the label.',
    description: 'A label of a project.',
  },
  labelPauseMax: {
    example: '4h',
    description:
      '`projects.*.pauseMax` of each project that does not set it, instead of `settings.pauseMax`. The shortest one counts if a project has several such labels.',
  },
  auditLength: { description: 'About how many history entries syncbot keeps for each project.' },
  showErrors: {
    description: 'Whether everybody sees the masked reasons of failed tasks. If false, only operators see them.',
  },
  alertGroupWait: {
    example: '10s',
    description:
      'How long syncbot waits for more alerts of one kind in one channel before it posts them as one message.',
  },
  alertGroupInterval: {
    example: '1m',
    description:
      'How long after its last alert such a message accepts another one. Then the next alert gets a new message.',
  },
  channelsWithoutButtons: {
    expected: 'a list of channel ids',
    example: '[C0123ABCD]',
    description:
      'Channels whose alerts and outcomes have no buttons, because many people read them. The messages name the commands instead.',
  },
  waves: {
    expected: 'a size and a wait',
    example: '{ size: 5, wait: caughtUp }',
    description:
      'How a restore of several projects goes on: so many at once, then the next ones. It stops at the first project that is not restored. Without it, all are restored at once.',
  },
  waveSize: { example: '5', description: 'How many projects a wave restores.' },
  waveWait: {
    expected: 'a duration from 1s to 1h, or caughtUp',
    example: 'caughtUp',
    hint: 'Write a duration from 1s to 1h, such as 30s, or caughtUp.',
    description:
      'When the next wave begins: when the projects of the wave have caught up, 30 minutes after its end at the latest, or so long after its end.',
  },
  projects: {
    expected: 'ids and projects',
    hint: 'Write an id and its settings for each project, or `projects: {}` for none.',
    description: 'The projects, by id.',
  },
  project: {
    expected: 'a project',
    hint: 'Write at least `links` below it.',
    description: 'One project. Its id matches `^[a-z0-9][a-z0-9_-]{0,62}$` and is not a reserved word of `/sync`.',
  },
  projectDescription: { description: 'A description, shown by `show`.' },
  source: { description: 'Where the data comes from. For information only.' },
  target: { description: 'Where the data goes. For information only.' },
  endpoint: { expected: 'a type and a name', hint: 'Write `{ type: mysql, name: orders-db }`.' },
  endpointType: { example: 'mysql', description: 'The kind of system. For information only.' },
  endpointName: { example: 'orders-db', description: 'The name of the system. For information only.' },
  labels: {
    expected: 'a list of at most 50 texts',
    example: '[prod, nightly]',
    description: 'Labels of your choice. `list` can filter by them.',
  },
  label: {
    hint: 'Write text of at most 63 characters. Put a number in quotes.',
    description: 'A label, such as `prod`.',
  },
  channel: {
    description:
      'Where syncbot posts outcomes and alerts. Without it: in the channel of the last command for the project.',
  },
  projectOnCall: {
    expected: 'a list of at most 10 user ids and user group ids',
    example: '[S0123ABCD]',
    description: 'Whom the critical alerts of this project mention, besides those whom `policy.onCall` names.',
  },
  runbook: {
    example: 'https://wiki.example.com/orders',
    description: 'A page that says what to do when something fails. Alerts and `show` have a button that opens it.',
  },
  adopt: {
    description:
      'Take the state from queues that are already in use. It has an effect only when syncbot adds the project.',
  },
  onFailure: {
    expected: 'pause or continue',
    description:
      'What happens when a task fails for good. `pause`: the project becomes Failed. `continue`: it stays Running, and syncbot sends an alert.',
  },
  logRetention: {
    example: '48h',
    description:
      'How long the source keeps its log. A pause must end within this time. Dialogs and alerts show the deadline.',
  },
  projectPausedReminder: {
    example: 'off',
    description:
      'After how long syncbot reminds people of a pause of this project. Without it: `settings.pausedReminder`.',
  },
  projectPauseMax: {
    example: '2h',
    description:
      'The longest pause of this project, and the limit of a pause that has none. Without it: that of its labels, then `defaults.pauseMax`, then `settings.pauseMax`.',
  },
  latencyAlert: { example: '5m', description: 'The latency above which syncbot sends an alert.' },
  links: {
    expected: 'a list of queues',
    hint: 'Write a list of queues, such as `- queue: orders-full`.',
    description: 'The links of the project, at least one.',
  },
  link: {
    expected: 'a link',
    hint: 'Write `queue: orders-full` or `{ queue: orders-full, connection: warehouse, prefix: bull }`.',
    description: 'One queue. It belongs to one project only.',
  },
  queue: {
    hint: 'Write the name of the BullMQ queue, as its owner creates it.',
    description: 'The name of the BullMQ queue, without `:`. syncbot never creates a queue.',
  },
  linkConnection: {
    expected: 'one of `connections`',
    hint: 'Name one of `connections`, or leave it out for REDIS_URL.',
    description: 'Where the queue is. `default` is `REDIS_URL`.',
  },
  prefix: {
    hint: 'Write the BullMQ prefix of the queue, or leave it out for bull.',
    description: 'The BullMQ prefix of the queue.',
  },
} satisfies Record<string, KeyDocs>;
