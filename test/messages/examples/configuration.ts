import type { ConnectionSource, UnusableConnection } from '../../../src/domain/configuration.ts';
import type { ConnectionFault, ConnectionFaultKind } from '../../../src/domain/connection-fault.ts';
import type { messages } from '../../../src/messages/catalog.ts';
import { exampleProject } from '../../support/example-records.ts';
import type { ExamplesOf } from './example.ts';
import { format, incr } from './facts.ts';

export const config: ExamplesOf<typeof messages.config> = {
  wrongType: [['after the key', 'array']],
  wrongFileType: [['the whole file', 'object']],
  tooLong: [['after the key', 63]],
  tooManyEntries: [['after the key', 50]],
  tooSmall: [['after the key', 1]],
  tooLarge: [['after the key', 65_535]],
  durationOutOfRange: [['after the key', '1s', '24h']],
  didYouMean: [['an unknown key', 'labels']],
  keysAre: [['an unknown key', ['links', 'labels']]],
  writeValue: [['a wrong value', 'a duration', '5m']],
  connectionsAre: [['a connection that does not exist', ['default', 'warehouse']]],
  linkInOtherProject: [['after the key', 'users']],
  fileNotFound: [['no file', 'syncbot.yml']],
  fileNotReadable: [['no permission', 'syncbot.yml', 'EACCES']],
  yaml: { invalid: [['another mistake in the YAML', 'BAD_SCALAR_START']] },
  inOtherFile: [['a project in two files', 'projects.orders', 'conf/a.yml', 12]],
  emptyFolder: [['SYNCBOT_CONFIG is a folder', 'conf']],
  labelsDisagree: [['two labels of a project', 'channel']],
  variableNotSet: [['after the key', 'WAREHOUSE_REDIS_URL']],
  redisUrl: {
    encodePassword: [['the URL has a password', 'has a host that is not valid']],
    parameterNeedsTls: [['redis:// with a CA', 'ca']],
    unknownParameter: [
      ['a parameter of a Cluster', ['ca', 'cert', 'key', 'servername']],
      ['redis:// with "?"', []],
    ],
    repeatedParameter: [['two CAs', 'ca']],
    invalidParameterEncoding: [['a % in a path', 'ca']],
    relativePath: [['a path without /, or a key itself', 'key']],
    files: {
      missing: [['no file', 'ca', '/etc/syncbot/ca.pem']],
      noPermission: [['no permission', 'key', '/etc/syncbot/key.pem']],
      notFile: [['a folder', 'ca', '/etc/syncbot']],
      unreadable: [['another error', 'ca', '/etc/syncbot/ca.pem']],
      notCertificate: [['another file', 'ca', '/etc/hosts']],
      notKey: [['a key with a passphrase', 'key', '/etc/syncbot/key.pem']],
    },
  },
};

const variables = ['WAREHOUSE_REDIS_URL'];
const source: ConnectionSource = { kind: 'template', template: '', variables };
const noVariable: UnusableConnection = { kind: 'variables_not_set', name: 'warehouse', variables };
const badUrl: UnusableConnection = { kind: 'invalid_url', name: 'warehouse', variables };
const otherFile: UnusableConnection = { kind: 'other_file', name: 'warehouse' };

export const configuration: ExamplesOf<typeof messages.configuration> = {
  change: [
    ['the plan of `syncbot apply`', { kind: 'operators', added: ['U0BOB'], removed: ['U0ALICE'] }],
    ['other channels', { kind: 'channels', before: [], after: ['C0SYNC'] }],
    [
      'other digests',
      { kind: 'digests', before: [], after: [{ at: '09:00', timezone: 'Europe/Berlin', channel: 'C0SYNC' }] },
    ],
    [
      'other people on call',
      { kind: 'on_call', before: [], after: [{ mention: ['S0OPS'], label: 'prod', severity: 'warning' }] },
    ],
    [
      'a channel without buttons',
      { kind: 'setting', name: 'channelsWithoutButtons', before: [], after: ['C0123ABCD'] },
    ],
    ['another setting', { kind: 'setting', name: 'observeEveryMs', before: 5_000, after: 10_000 }],
    ['a new connection', { kind: 'connection_added', name: 'warehouse', source }],
    ['another URL', { kind: 'connection_changed', name: 'warehouse', source }],
    ['a connection less', { kind: 'connection_removed', name: 'warehouse' }],
  ],
  unusable: [
    ['a variable is missing', noVariable],
    ['a variable is wrong', badUrl],
    ['the file is older', otherFile],
  ],
  unusableIn: [
    ['a variable is missing in workers', 2, 'worker', noVariable],
    ['a variable is wrong', 1, 'worker', badUrl],
    ['the file is older', 1, 'bot', otherFile],
  ],
  differs: [['the file is newer', ['settings.observeEvery: 5s → 10s']]],
  outdated: [['a process is late', 2, 'worker']],
  current: [
    ['every process is up to date', 3],
    ['the only process is up to date', 1],
  ],
};

export const definition: ExamplesOf<typeof messages.definition> = {
  changes: [
    [
      'what differs in a project',
      [
        { kind: 'field', field: 'description' },
        { kind: 'link_added', link: incr },
      ],
    ],
  ],
  diff: [['the file is not applied', { created: [], updated: [], removed: [exampleProject()], unchanged: [] }]],
};

type SimpleKind = Exclude<ConnectionFaultKind, 'no_permission' | 'tls' | 'other'>;
const simpleFaults: Readonly<Record<SimpleKind, string>> = {
  not_configured: 'the process lacks the connection',
  refused: 'no Redis at that port',
  not_resolved: 'a wrong host name',
  timed_out: 'no answer',
  closed: 'TLS is expected',
  wrong_password: 'a wrong password',
  password_missing: 'no password',
  wrong_database: 'a database that does not exist',
  cross_slot: 'a cluster behind a proxy',
  cluster_node: 'a node of a cluster',
  not_cluster: 'a single server',
  sentinel: 'the port of a Sentinel',
  not_sentinel: 'not the port of a Sentinel',
  not_redis: 'another server',
};
type FaultExample = readonly [string, ConnectionFault, typeof format];
const tls = (check: string): FaultExample => ['TLS fails', { kind: 'tls', check }, format];

export const connectionFault: readonly [FaultExample, ...FaultExample[]] = [
  ['the ACL lacks a command', { kind: 'no_permission', command: 'bzpopmin' }, format],
  ['the ACL lacks a key', { kind: 'no_permission', command: null }, format],
  tls('EPROTO'),
  tls('ERR_TLS_CERT_ALTNAME_INVALID'),
  tls('CERT_HAS_EXPIRED'),
  tls('SELF_SIGNED_CERT_IN_CHAIN'),
  tls('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'),
  ['another error', { kind: 'other', code: 'EPIPE' }, format],
  ...simpleKinds().map((kind): FaultExample => [simpleFaults[kind], { kind }, format]),
];

function simpleKinds(): SimpleKind[] {
  const isSimple = (kind: string): kind is SimpleKind => Object.hasOwn(simpleFaults, kind);
  return Object.keys(simpleFaults).filter(isSimple);
}
