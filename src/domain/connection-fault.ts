import { z } from 'zod';

/** Why a Redis, or a link on it, cannot be used. */
export const connectionFaultSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.enum([
      /** This process has no connection of that name in its syncbot.yml. */
      'not_configured',
      'refused',
      'not_resolved',
      'timed_out',
      /** The server closes the connection without a reply, as a server that expects TLS does. */
      'closed',
      'wrong_password',
      'password_missing',
      'wrong_database',
      /** CROSSSLOT: a cluster does not run a command on keys of different slots. */
      'cross_slot',
      /** MOVED or ASK: a node of a cluster, reached by the URL of a single server. */
      'cluster_node',
      'not_cluster',
      'sentinel',
      'not_sentinel',
      'not_redis',
    ]),
  }),
  /** `command` is null if the server does not name it, and if the user has no permission for a key. */
  z.object({ kind: z.literal('no_permission'), command: z.string().nullable() }),
  /** `check`: the code of OpenSSL, such as `CERT_HAS_EXPIRED`. */
  z.object({ kind: z.literal('tls'), check: z.string() }),
  /** `code`: of the error, without its message. */
  z.object({ kind: z.literal('other'), code: z.string() }),
]);
export type ConnectionFault = Readonly<z.infer<typeof connectionFaultSchema>>;
export type ConnectionFaultKind = ConnectionFault['kind'];
