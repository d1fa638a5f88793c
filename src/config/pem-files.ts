import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';

export type PemProblem = 'missing' | 'noPermission' | 'notFile' | 'unreadable' | 'notCertificate' | 'notKey';

export type PemFileResult =
  | { readonly kind: 'read'; readonly content: string }
  | { readonly kind: 'not_absolute' }
  | { readonly kind: 'refused'; readonly problem: PemProblem };

/** Reads a file with certificates, or with a private key without a passphrase. */
export function readPemFile(kind: 'certificate' | 'key', path: string): PemFileResult {
  if (!isAbsolute(path)) return { kind: 'not_absolute' };
  let content: string;
  try {
    // Reading a pipe or a device would not end.
    if (!statSync(path).isFile()) return { kind: 'refused', problem: 'notFile' };
    content = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const problem = code === 'ENOENT' ? 'missing' : code === 'EACCES' ? 'noPermission' : 'unreadable';
    return { kind: 'refused', problem };
  }
  try {
    if (kind === 'key') createPrivateKey(content);
    else new X509Certificate(content);
  } catch {
    return { kind: 'refused', problem: kind === 'key' ? 'notKey' : 'notCertificate' };
  }
  return { kind: 'read', content };
}
