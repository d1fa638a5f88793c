/** What the admin server answers in words. The parts of `/readyz` follow the name of the part: "redis does not answer". */
export const healthMessages = {
  alive: 'The process is alive.',
  notFound: 'Not found. There are /healthz, /readyz and /metrics.',
  methodNotAllowed: 'Only GET and HEAD.',
  stopping: 'is stopping',
  noAnswer: 'does not answer',
  notConnected: 'is not connected',
  missingConnections: (names: readonly string[]) =>
    `not configured in this process: ${names.join(', ')}; run syncbot apply with a syncbot.yml that has them`,
  connectionsNotRead: 'the connections of the stored projects are not read yet',
  unreadableConfiguration: 'cannot be read: a newer syncbot may have written it',
  idleQueues: (queues: readonly string[]) => `not running for: ${queues.join(', ')}`,
};
