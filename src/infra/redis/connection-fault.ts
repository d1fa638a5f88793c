import type { ConnectionFault } from '../../domain/connection-fault.ts';

type SimpleKind = Exclude<ConnectionFault['kind'], 'no_permission' | 'tls' | 'other'>;

/** Codes of Node and words of Redis replies. The first match counts. */
const patterns: readonly (readonly [RegExp, SimpleKind])[] = [
  [/\bECONNREFUSED\b/, 'refused'],
  [/\b(?:ENOTFOUND|EAI_[A-Z]+)\b/, 'not_resolved'],
  [/\b(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)\b|^Command timed out/, 'timed_out'],
  [/\bWRONGPASS\b|\binvalid password\b/, 'wrong_password'],
  [/\bNOAUTH\b/, 'password_missing'],
  [/\bDB index is out of range\b|\binvalid DB index\b/, 'wrong_database'],
  [/^(?:MOVED|ASK)\b/, 'cluster_node'],
  [/\bCROSSSLOT\b|do not hash to the same slot|non local key/, 'cross_slot'],
  [/cluster support disabled/, 'not_cluster'],
  [/unknown command '?`?sentinel\b/i, 'not_sentinel'],
  [/^Protocol error|^Unknown RESP type/, 'not_redis'],
  [/\b(?:ECONNRESET|EPIPE)\b|(?:^|Last error: )Connection is closed/, 'closed'],
];

const tlsCode =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO$)/;

/** Before version 7.2, Redis does not name the command of a script that it refuses. */
const noPermission = /\bNOPERM\b|ACL failure in script|executing the script can't (?:run|access)/;

/** Finds out from an error of ioredis why a Redis cannot be used. The result contains no host, key or value. */
export function toConnectionFault(error: unknown): ConnectionFault {
  if (!(error instanceof Error)) return { kind: 'other', code: typeof error };
  // The errors of a cluster's nodes, and the error that ended a request after its last attempt.
  const inner = 'lastNodeError' in error ? error.lastNodeError : undefined;
  if (inner instanceof Error) return toConnectionFault(inner);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (tlsCode.test(code)) return { kind: 'tls', check: code };
  if (noPermission.test(error.message)) {
    return { kind: 'no_permission', command: /run the '([^']+)'/.exec(error.message)?.[1]?.toUpperCase() ?? null };
  }
  const text = `${code === '' ? '' : `${code} `}${error.message}`;
  const kind = patterns.find(([pattern]) => pattern.test(error.message) || pattern.test(text))?.[1];
  return kind === undefined ? { kind: 'other', code: code || replyCode(error) } : { kind };
}

/** The first word of an error reply, such as `LOADING`. */
function replyCode({ name, message }: Error): string {
  return /^[A-Z]{3,20}\b/.exec(message)?.[0] ?? name;
}

/** The fault of a call that did not resolve in time. */
export function faultOfResult(
  result: { readonly kind: 'rejected'; readonly error: unknown } | { readonly kind: 'timed_out' },
): ConnectionFault {
  return result.kind === 'timed_out' ? { kind: 'timed_out' } : toConnectionFault(result.error);
}
