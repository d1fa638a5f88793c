import type { messages } from '../../../src/messages/catalog.ts';
import type { ExamplesOf } from './example.ts';

const scan = { examinedKeys: 3_400, totalKeys: 3_400 };
const partialScan = { examinedKeys: 5_000_000, totalKeys: 8_000_000 };

export const discover: ExamplesOf<typeof messages.discover> = {
  connectionUrl: [['a mistake in the URL', 'has no host']],
  unknownConnection: [['`--connection werehouse`', ['default', 'warehouse']]],
  unreachable: [
    ['REDIS_URL', 'default', 'refuses the connection: check host and port, and that Redis is running'],
    ['another connection', 'warehouse', 'needs a password: add it to the URL'],
  ],
  found: [['above the table', 12, scan]],
  nothingFound: [['the scan finds no queue', scan]],
  stoppedAtKeys: [
    ['a large Redis', partialScan],
    ['the size is not known', { ...partialScan, totalKeys: null }],
  ],
  stoppedAtQueues: [['very many queues', 5_000]],
  unreadable: [
    ['a Redis user with few permissions', 1],
    ['for several keys', 3],
  ],
  proposedProject: [['the column PROJECT', 'orders']],
  bullmq4: [['old workers', ['orders-full', 'orders-incr']]],
  noWorker: [['queues without a worker', ['invoices']]],
  written: [['there was no file', 'syncbot.yml', 4]],
  afterWriting: [
    ['the last line', { path: 'syncbot.yml', hasOperators: false, program: 'syncbot' }],
    ['the file has operators', { path: 'syncbot.yml', hasOperators: true, program: 'syncbot' }],
  ],
  setVariable: [['a URL was given', 'QUEUES_REDIS_URL']],
  notWritten: [['the folder is read-only', 'syncbot.yml', 'EACCES']],
  nothingNew: [['nothing is new', 'syncbot.yml']],
  nothingNewSoFar: [['the same, but not all keys were examined', 'syncbot.yml']],
  newQueues: [['above the YAML to add', 'syncbot.yml', ['users-full', 'users-incr']]],
};
