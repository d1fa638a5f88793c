import type { ConnectionFault } from '../../domain/connection-fault.ts';
import type { Formatter } from '../format.ts';

type SimpleKind = Exclude<ConnectionFault['kind'], 'no_permission' | 'tls' | 'other'>;

const texts: Readonly<Record<SimpleKind, string>> = {
  not_configured: 'is not configured in this process: syncbot doctor shows what it needs',
  refused: 'refuses the connection: check host and port, and that Redis is running',
  not_resolved: 'has a host name that cannot be resolved: check the URL',
  timed_out:
    'does not answer in time: check host, port and network, that Redis is running, and with rediss:// that it uses TLS',
  closed:
    'closes the connection: if it expects TLS, write rediss at the start of the URL; if it expects a client certificate, add cert and key',
  wrong_password:
    'refuses the user name or the password: check them; in the URL, percent-encode special characters such as @ : / ? # %; those of Sentinels are sentinelUsername and sentinelPassword',
  password_missing: 'needs a password: add it to the URL, that of a Sentinel as sentinelPassword',
  wrong_database:
    'refuses the database of its URL: check that the database exists and that the user has the right +select',
  cross_slot:
    'is a cluster that refuses keys of different slots (CROSSSLOT): write redis+cluster:// (with TLS: rediss+cluster://) in the URL',
  cluster_node: 'is a node of a cluster: write redis+cluster:// (with TLS: rediss+cluster://) in the URL',
  not_cluster: 'is not a cluster: write redis:// in the URL',
  sentinel:
    'is a Sentinel: write redis+sentinel:// (with TLS: rediss+sentinel://) and the name of the master in the URL',
  not_sentinel: 'is not a Sentinel: write redis:// in the URL',
  not_redis: 'is not a Redis server: check host and port',
};

/** Why a Redis cannot be used, and what to do. A clause after the name of the connection, the link or the variable. */
export function connectionFault(fault: ConnectionFault, format: Formatter): string {
  switch (fault.kind) {
    case 'no_permission':
      return fault.command === null
        ? 'does not permit this user a key, or a command of a script: compare its ACL with docs/security.md'
        : `does not permit this user the command ${format.text(fault.command, 40)}: add it to its ACL (docs/security.md)`;
    case 'tls':
      return `does not pass the TLS check ${format.text(fault.check, 60)}: ${tlsHint(fault.check)}`;
    case 'other':
      return `cannot be used (${format.text(fault.code, 40)})`;
    default:
      return texts[fault.kind];
  }
}

function tlsHint(check: string): string {
  if (check === 'ERR_SSL_WRONG_VERSION_NUMBER' || check === 'EPROTO')
    return 'if it does not use TLS, write redis instead of rediss in the URL';
  if (check === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'its certificate is for another host name: if that name is right, add it to the URL as servername';
  if (check === 'CERT_HAS_EXPIRED') return 'its certificate has expired';
  if (/ALERT/.test(check)) return 'the server does not accept the client certificate: check cert and key in the URL';
  return 'its certificate is not trusted: add the file of its CA to the URL as ca, or set NODE_EXTRA_CA_CERTS to it';
}
