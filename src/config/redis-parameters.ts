import { createPrivateKey, X509Certificate } from 'node:crypto';
import { messages } from '../messages/catalog.ts';
import { toPrintable } from './errors.ts';
import { readPemFile } from './pem-files.ts';

/** How a client uses TLS. The texts are the contents of PEM files; `key` is secret. */
export interface RedisTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The host name that the certificate of every node must have. Without it: the name or address of the node. */
  readonly servername?: string;
}

/** What a URL has after "?". */
export interface RedisParameters {
  /** Null without TLS. */
  readonly tls: RedisTls | null;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  /** Whether the sentinels use TLS. */
  readonly sentinelTls: boolean;
}

export type RedisParametersResult =
  | { readonly kind: 'parsed'; readonly parameters: RedisParameters }
  | { readonly kind: 'refused'; readonly message: string };

export interface ParameterRules {
  readonly hasTls: boolean;
  readonly isSentinel: boolean;
}

const fileNames = ['ca', 'cert', 'key'] as const;
const tlsNames: readonly string[] = [...fileNames, 'servername', 'sentinelTls'];
const sentinelNames: readonly string[] = ['sentinelUsername', 'sentinelPassword', 'sentinelTls'];
/** All parameters, of all kinds of URLs. */
export const parameterNames: readonly string[] = [...new Set([...tlsNames, ...sentinelNames])];
/** The only one whose value is a secret. */
export const secretParameter = 'sentinelPassword';

const texts = messages.config.redisUrl;

/** Parses the text after "?", and reads the files that it names. A message quotes no value but the path of a file. */
export function parseRedisParameters(query: string, rules: ParameterRules): RedisParametersResult {
  const values = new Map<string, string>();
  for (const part of query === '' ? [] : query.split('&')) {
    const [, name = '', encoded = ''] = /^([A-Za-z]+)=(.+)$/s.exec(part) ?? [];
    const refusal = refuseName(name, rules);
    if (refusal !== null) return refuse(refusal);
    const value = decode(encoded);
    if (value === null) return refuse(texts.invalidParameterEncoding(name));
    if (values.has(name)) return refuse(texts.repeatedParameter(name));
    values.set(name, value);
  }
  return readValues(values, rules);
}

/** The parameters that a URL of this kind may have. */
function namesFor({ hasTls, isSentinel }: ParameterRules): string[] {
  return parameterNames.filter(
    (name) => (hasTls || !tlsNames.includes(name)) && (isSentinel || !sentinelNames.includes(name)),
  );
}

/** Returns why a URL of this kind must not have the parameter, or null. */
function refuseName(name: string, rules: ParameterRules): string | null {
  if (namesFor(rules).includes(name)) return null;
  if (namesFor({ ...rules, hasTls: true }).includes(name)) return texts.parameterNeedsTls(name);
  return texts.unknownParameter(namesFor(rules));
}

function readValues(
  values: ReadonlyMap<string, string>,
  { hasTls, isSentinel }: ParameterRules,
): RedisParametersResult {
  const { servername, sentinelUsername, sentinelPassword, sentinelTls, ...paths } = Object.fromEntries(values);
  if (servername !== undefined && !/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(servername))
    return refuse(texts.invalidServername);
  if (sentinelTls !== undefined && sentinelTls !== 'true' && sentinelTls !== 'false')
    return refuse(texts.invalidSentinelTls);
  if (values.has('cert') !== values.has('key')) return refuse(texts.certWithoutKey);
  const contents: { -readonly [Name in (typeof fileNames)[number]]?: string } = {};
  for (const name of fileNames) {
    const path = paths[name];
    if (path === undefined) continue;
    const file = readPemFile(name === 'key' ? 'key' : 'certificate', path);
    // Text that is no path may be the key itself.
    if (file.kind === 'not_absolute') return refuse(texts.relativePath(name));
    if (file.kind === 'refused') return refuse(texts.files[file.problem](name, toPrintable(path)));
    contents[name] = file.content;
  }
  const { cert, key } = contents;
  if (cert !== undefined && key !== undefined && !new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    return refuse(texts.foreignKey);
  const parameters = {
    tls: hasTls ? { ...contents, ...(servername === undefined ? {} : { servername }) } : null,
    ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    sentinelTls: hasTls && isSentinel && sentinelTls !== 'false',
  };
  return { kind: 'parsed', parameters };
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function refuse(message: string): RedisParametersResult {
  return { kind: 'refused', message };
}
