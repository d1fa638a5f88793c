import type { Cluster, Redis } from 'ioredis';

/**
 * Works around three faults in `connect` and `disconnect` of ioredis 6.0.0. After the failure of a node, each of them can make
 * a BullMQ worker wait forever for its connection. Duplicates of the client are repaired too. Returns the client.
 */
export function repairCluster(client: Cluster): Cluster {
  closeLateNodes(client);
  settleConnect(client);
  repeatAbortedConnect(client);
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (...args) => repairCluster(duplicate(...args));
  return client;
}

/**
 * If a node replies MOVED or ASK during a disconnect, ioredis adds another node. It emits `end` when all nodes are closed,
 * but never closes this one. No upstream issue found. Remove this once ioredis adds no node during a disconnect.
 */
function closeLateNodes(client: Cluster): void {
  client.on('+node', (node: Redis) => {
    if (client.status === 'disconnecting') node.disconnect();
  });
}

/**
 * If a node reports that the cluster is down, ioredis closes the attempt and starts another one, but the promise of `connect`
 * never settles. This rejects it. Pull request redis/ioredis#741 is open. Remove this once it is released.
 */
function settleConnect(client: Cluster): void {
  const connect = client.connect.bind(client);
  client.connect = () =>
    new Promise((resolve, reject) => {
      // The message by which BullMQ recognizes an error of the connection.
      const onClose = () => reject(new Error('Connection is closed.'));
      client.once('close', onClose);
      connect()
        .then(resolve, reject)
        .finally(() => client.off('close', onClose));
    });
}

/**
 * If the last node of a closed connection ends while `connect` resolves host names, ioredis aborts the attempt and starts no
 * other. The status stays `close`. No upstream issue found. Remove this once such a node does not change the status.
 */
function repeatAbortedConnect(client: Cluster): void {
  const connect = client.connect.bind(client);
  let isClosing = false;
  client.on('disconnecting', () => {
    // `connect` may have been called between the disconnect and this event.
    isClosing = client.status === 'disconnecting';
  });
  client.connect = async () => {
    isClosing = false;
    try {
      await connect();
    } catch (error) {
      if (client.status !== 'close' || isClosing) throw error;
      await client.connect();
    }
  };
}
