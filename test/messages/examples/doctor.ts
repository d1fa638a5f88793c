import type { messages } from '../../../src/messages/catalog.ts';
import type { ExamplesOf } from './example.ts';

export const doctor: ExamplesOf<typeof messages.doctor> = {
  items: {
    connection: [['an item', 'warehouse']],
    version: [['an item', 'warehouse']],
    eviction: [['an item', 'warehouse']],
    persistence: [['an item', 'warehouse']],
    channel: [['an item', 'C0SYNC']],
    userGroup: [['an item', 'S0OPS']],
    otherSyncbot: [['an item', 'staging']],
    configApplied: [['an item', 'syncbot.yml']],
    link: [['an item', 'orders', 'orders-full']],
  },
  redis: {
    version: [['a good version', '7.2.4']],
    versionTooOld: [['an old version', '6.0.16']],
  },
  projectsUnreadable: [
    ["the bot's Redis does not answer", null],
    ['the reason is known', 'needs a password: add it to the URL'],
  ],
  unreadableProjects: [['a newer version stored a project', ['orders']]],
  configNotApplied: [['the file is newer', ['orders differs from the file: description']]],
  otherSyncbot: {
    readable: [['another syncbot on this Redis', 12]],
    partlyReadable: [['it is newer', 1]],
    sharesQueues: [['it has a queue of ours', ['orders-full']]],
  },
  next: {
    list: [['everything is right', '/sync']],
    set_up_slack: [['there is no bot token', 'syncbot']],
    apply: [['the file is not applied', 'syncbot']],
    run: [['no worker observes the links', 'syncbot']],
    fix: [['another item fails', 'REDIS_URL', 'syncbot']],
  },
  operators: [['policy.operators', 2]],
  link: {
    flag: [['a link as it should be', 'paused']],
    reconciling: [['syncbot changes it', 'running']],
    wrongFlag: [['drift', 'running', 'orders', 'paused']],
  },
  slack: {
    httpTransport: [['HTTP mode', 3000, '/slack/events']],
    userGroup: [['a user group', 4]],
    scopes: [
      ['all scopes', []],
      ['an installation from an earlier manifest', ['app_mentions:read']],
      ['two scopes are left out', ['usergroups:read', 'app_mentions:read']],
    ],
    refused: [['a channel that does not exist', 'channel_not_found']],
  },
};

export const startErrors: ExamplesOf<typeof messages.startErrors> = {
  slackTokenRejected: [
    ['a revoked bot token', 'invalid_auth', 'bot'],
    ['a revoked app token', 'invalid_auth', 'app'],
  ],
  slackUnreachable: [['no network', 'ENOTFOUND']],
  portUnavailable: [
    ['the port is taken', 3000, 'EADDRINUSE'],
    ['the port is below 1024', 80, 'EACCES'],
    ['HOST is wrong', 3000, 'EADDRNOTAVAIL'],
  ],
  adminPortUnavailable: [
    ['the port is taken', 9090, 'EADDRINUSE'],
    ['ADMIN_HOST is wrong', 9090, 'EADDRNOTAVAIL'],
  ],
};

export const health: ExamplesOf<typeof messages.health> = {
  missingConnections: [['connections', ['warehouse']]],
  idleQueues: [['workers', ['observe']]],
};
