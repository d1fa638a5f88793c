import type { Acknowledgement } from '../../../src/domain/acknowledgement.ts';
import { type AlertKind, alertKinds } from '../../../src/domain/conditions.ts';
import type { messages } from '../../../src/messages/catalog.ts';
import type { AlertGroupFacts, AlertReplyFacts } from '../../../src/messages/facts.ts';
import type { Example, ExamplesOf } from './example.ts';
import { at, format } from './facts.ts';

const owned: Acknowledgement = { kind: 'owned', by: 'U0ALICE', at: at('03:02'), until: at('03:32') };
const names = ['orders', 'users', 'payments'];

function group(kind: AlertKind, overrides: Partial<AlertGroupFacts> = {}): AlertGroupFacts {
  return { kind, firing: 44, total: 44, names, since: at('02:58'), resolvedAt: null, format, ...overrides };
}

const allResolved = { firing: 0, resolvedAt: at('03:10') };
const firing = alertKinds.map((kind): Example<[AlertGroupFacts]> => ['several projects have it', group(kind)]);
const settled = alertKinds
  .filter((kind) => kind !== 'project_failed')
  .map((kind): Example<[AlertGroupFacts]> => ['all are resolved', group(kind, allResolved)]);

function reply(event: AlertReplyFacts['event'], overrides: Partial<AlertReplyFacts> = {}): AlertReplyFacts {
  const before = { firing: 12, weight: 1 };
  return {
    kind: 'no_worker',
    event,
    firing: 44,
    total: 44,
    weight: 2,
    before,
    at: at('03:03'),
    ended: null,
    names,
    format,
    ...overrides,
  };
}

const single = { firing: 1, total: 1, names: ['orders'] };

export const alertGroups: ExamplesOf<typeof messages.alertGroups> = {
  heading: [['some are resolved', group('no_worker', { firing: 12, resolvedAt: at('03:05') })], ...firing],
  resolved: [['all are resolved', group('project_failed', allResolved)], ...settled],
  reply: [
    ['more projects: in the thread', reply('worse')],
    ['worse in one project', reply('worse', { ...single, weight: 10, before: { firing: 1, weight: 2 } })],
    [
      'further behind',
      reply('worse', { ...single, kind: 'latency', weight: 720_000, before: { firing: 1, weight: 360_000 } }),
    ],
    ['after it was resolved', reply('again', single)],
    ['alerts joined that mention other people', reply('more')],
    ['one alert mentions other people', reply('more', single)],
    ["30 min after I've Got It", reply('unconfirmed', { ...single, ended: owned })],
    ['syncbot did not correct it alone', reply('needs_person', { ...single, kind: 'unexpectedly_running' })],
  ],
  attention: [['people are on call: below a reply', ['@alice', '@bob']]],
  more: [['below the worst projects', 39]],
  removed: [['a project is removed while it has an alert', 'orders', 'no_worker']],
};
