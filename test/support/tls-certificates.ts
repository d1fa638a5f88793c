import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFreePort } from '../../demo/free-port.ts';

const execFileAsync = promisify(execFile);

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** The files of a private CA and of certificates that it issued, in a folder of their own. */
export interface TestCertificates extends AsyncDisposable {
  readonly ca: string;
  /** Of a server, for the address 127.0.0.1. */
  readonly server: CertificateFiles;
  /** Of a server, for the name `redis.test` only. */
  readonly namedServer: CertificateFiles;
  readonly client: CertificateFiles;
}

/** Creates them with `openssl`. */
export async function createTestCertificates(): Promise<TestCertificates> {
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-tls-'));
  const filesOf = (name: string) => ({ cert: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) });
  const create = async (name: string, ...options: string[]) => {
    const { cert, key } = filesOf(name);
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key];
    await execFileAsync('openssl', [
      ...['req', '-x509', ...newKey, '-out', cert, '-subj', `/CN=${name}`, '-days', '2'],
      ...options,
    ]);
    return { cert, key };
  };
  const ca = await create('ca');
  const issue = (name: string, subjectAltName: string) =>
    create(name, ...['-CA', ca.cert, '-CAkey', ca.key], ...['-addext', `subjectAltName=${subjectAltName}`]);
  const [server, namedServer, client] = await Promise.all([
    issue('server', 'IP:127.0.0.1'),
    issue('named-server', 'DNS:redis.test'),
    issue('client', 'DNS:client.test'),
  ]);
  return {
    ca: ca.cert,
    server,
    namedServer,
    client,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The options of a Redis server or Sentinel that uses TLS and requires a client certificate. */
export function tlsServerOptions({ ca }: TestCertificates, { cert, key }: CertificateFiles): string[] {
  return ['--tls-ca-cert-file', ca, '--tls-cert-file', cert, '--tls-key-file', key];
}

/** The parameters of a URL for such a server. */
export function tlsParameters({ ca, client }: TestCertificates): string {
  return `ca=${ca}&cert=${client.cert}&key=${client.key}`;
}

/** A free port whose bus port of a cluster (10,000 higher) exists. */
export async function findFreeTlsPort(): Promise<number> {
  for (;;) {
    const port = await findFreePort('127.0.0.1');
    if (port + 10_000 <= 65_535) return port;
  }
}
