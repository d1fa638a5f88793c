import { formatNumber, nameUpTo, pluralize } from './format.ts';
import { nothingChanged } from './terms.ts';

const maxNames = 10;

interface ScanFacts {
  readonly examinedKeys: number;
  /** Null if it is not known. */
  readonly totalKeys: number | null;
}

/** The sentences of `syncbot discover`, and the comments in the file that it writes. */
export const discoverMessages = {
  connectionUrl: (problem: string) => `--connection ${problem}.`,
  unknownConnection: (names: readonly string[]) =>
    `--connection is not a connection of syncbot.yml, and not a Redis URL. The connections are: ${names.join(', ')}.`,
  unreachable: (connection: string, fault: string) =>
    `${connection === 'default' ? 'REDIS_URL' : `The connection ${connection}`} ${fault}. ${nothingChanged}`,

  found: (queues: number, { examinedKeys }: ScanFacts) =>
    `Found ${pluralize(queues, 'queue')} of BullMQ among ${formatNumber(examinedKeys)} keys.`,
  nothingFound: ({ examinedKeys }: ScanFacts) =>
    `Found no queue of BullMQ among ${formatNumber(examinedKeys)} keys. Check the address and the number of the database. A queue is found once a program has opened it with BullMQ.`,
  stoppedAtKeys: ({ examinedKeys, totalKeys }: ScanFacts) =>
    `NOT COMPLETE: stopped after about ${formatNumber(examinedKeys)} ${totalKeys === null ? 'keys' : `of ${formatNumber(totalKeys)} keys`}. There may be more queues. To examine more keys, use --max-keys.`,
  stoppedAtQueues: (maxQueues: number) =>
    `NOT COMPLETE: stopped after ${formatNumber(maxQueues)} queues. There are more. Use --prefix to find those of one prefix.`,
  unreadable: (keys: number) =>
    `NOT COMPLETE: this Redis user may not read ${pluralize(keys, 'key')} that may be ${keys === 1 ? 'a queue' : 'queues'}: compare its ACL with docs/security.md.`,
  /** The last column of the table. */
  proposedProject: (id: string) => `+ ${id}`,
  bullmq4: (queues: readonly string[]) =>
    `Workers of BullMQ 4 ignore a pause, so update them first: ${nameUpTo(queues, maxNames)}`,
  noWorker: (queues: readonly string[]) => `No worker is connected: ${nameUpTo(queues, maxNames)}`,

  written: (path: string, projects: number) =>
    `${path} was written, with ${pluralize(projects, 'project')}. Nothing else was changed.`,
  /** `program`: how the user starts syncbot. */
  afterWriting: ({ path, hasOperators, program }: AfterWritingFacts) =>
    `Next: check the projects in ${path}${hasOperators ? '' : ', write your Slack user id into policy.operators'}, then run: ${program} apply`,
  setVariable: (variable: string) => `Set ${variable} to the URL that you gave to --connection, for every command.`,
  notWritten: (path: string, code: string) =>
    `${path} cannot be written (${code}). ${nothingChanged} Use --output to choose another file.`,
  nothingNew: (path: string) => `Every queue that was found is in a project of ${path}. ${nothingChanged}`,
  nothingNewSoFar: (path: string) => `${path} has each queue that was found. ${nothingChanged}`,
  newQueues: (path: string, queues: readonly string[]) =>
    `New, in no project of ${path}: ${nameUpTo(queues, maxNames)}. The file was not changed. To add them:`,

  /** Comments of the file that `discover` writes. Each item is a line. */
  file: {
    head: {
      proposal:
        'Written by syncbot discover. The projects are a proposal: queues whose names begin with the same words.',
      regroup: '1. Rename and regroup the projects as you need them. A queue belongs to one project.',
      operators: '2. Write your Slack user id into operators: Profile, then ⋮, then Copy member ID.',
      apply: '3. Run syncbot apply. It shows what it would do, and asks first.',
    },
    setVariable: 'the URL of this Redis; set the variable for every command',
    operators: 'such as [U0123456]; until then no user can change a project from Slack',
    channel: 'channel: C0123456 # where outcomes and alerts go; invite the bot there',
    onFailure:
      'onFailure: continue # only an alert when a task fails for good; without it syncbot pauses the links of the project',
    adopt: 'the queues are in use: take the state from them, and pause nothing',
    mixedFlags:
      'Some of these queues are paused and some are not. syncbot apply refuses that: make them equal, or make two projects.',
    bullmq4: 'BullMQ 4: its workers ignore a pause',
  },
};

interface AfterWritingFacts {
  readonly path: string;
  readonly hasOperators: boolean;
  readonly program: string;
}
