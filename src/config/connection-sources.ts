import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ConnectionSource, ConnectionSources, UnusableConnection } from '../domain/configuration.ts';
import type { RawEnvironment } from './environment.ts';
import { interpolateText, variablesIn } from './interpolate-variables.ts';
import { parameterNames, secretParameter } from './redis-parameters.ts';
import { parseRedisUrl, type RedisEndpoint, redisIdentity } from './redis-url.ts';

/** The stored connections that a process can use, and why it cannot use the others. */
export interface ResolvedConnections {
  /** By name, without `default`. Secret: endpoints can hold passwords. */
  readonly endpoints: Readonly<Record<string, RedisEndpoint>>;
  readonly unusable: readonly UnusableConnection[];
}

export type ConnectionResolver = (sources: ConnectionSources) => ResolvedConnections;

/** What `apply` stores of the connections of a file. `texts`: the URLs as the file has them, with `${VAR}`. */
export function toConnectionSources(
  endpoints: Readonly<Record<string, RedisEndpoint>>,
  texts: unknown,
): ConnectionSources {
  const textByName = z.record(z.string(), z.unknown()).safeParse(texts).data ?? {};
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, endpoint]) => [name, toSource(endpoint, textByName[name])]),
  );
}

/** `own`: the connections of the file of this process. */
export function createConnectionResolver(
  own: Readonly<Record<string, RedisEndpoint>>,
  env: RawEnvironment,
): ConnectionResolver {
  return (sources) => {
    const resolved = Object.entries(sources).map(([name, source]) => {
      const ownEndpoint = Object.hasOwn(own, name) ? own[name] : undefined;
      return { name, ...resolveSource({ name, source, ownEndpoint, env }) };
    });
    return {
      endpoints: Object.fromEntries(
        resolved.flatMap((each) => (each.kind === 'usable' ? [[each.name, each.endpoint]] : [])),
      ),
      unusable: resolved.flatMap((each) => (each.kind === 'unusable' ? [each.fault] : [])),
    };
  };
}

type ResolvedSource =
  | { readonly kind: 'usable'; readonly endpoint: RedisEndpoint }
  | { readonly kind: 'unusable'; readonly fault: UnusableConnection };

interface SourceToResolve {
  readonly name: string;
  readonly source: ConnectionSource;
  readonly ownEndpoint: RedisEndpoint | undefined;
  readonly env: RawEnvironment;
}

function resolveSource({ name, source, ownEndpoint, env }: SourceToResolve): ResolvedSource {
  if (source.kind === 'file') {
    return ownEndpoint !== undefined && addressDigest(ownEndpoint) === source.digest
      ? { kind: 'usable', endpoint: ownEndpoint }
      : { kind: 'unusable', fault: { kind: 'other_file', name } };
  }
  const url = interpolateText(source.template, env);
  if (url.kind === 'unresolved') {
    const variables = source.variables.filter(
      (variable) => interpolateText(`\${${variable}}`, env).kind === 'unresolved',
    );
    return { kind: 'unusable', fault: { kind: 'variables_not_set', name, variables } };
  }
  const parsed = parseRedisUrl(url.text.trim());
  if (parsed.kind === 'parsed') return { kind: 'usable', endpoint: parsed.endpoint };
  return { kind: 'unusable', fault: { kind: 'invalid_url', name, variables: source.variables } };
}

function toSource(endpoint: RedisEndpoint, text: unknown): ConnectionSource {
  const template = z.string().safeParse(text).data?.trim() ?? '';
  return isStorable(template)
    ? { kind: 'template', template, variables: variablesIn(template) }
    : { kind: 'file', digest: addressDigest(endpoint) };
}

const variable = String.raw`\$\{[A-Za-z_][A-Za-z0-9_]*\}`;
const wholeVariable = new RegExp(`^${variable}$`);
const partsOfUrl = /^rediss?(?:\+(?:sentinel|cluster))?:\/\/(?:([^@]*)@)?[^@?]+(?:\?([^@]*))?$/;
/** The user name may be written out, the password may not. */
const storableCredentials = new RegExp(`^(?:(?:[^:\${}]|${variable})*:${variable}|${variable})$`);

/** Whether the text has variables, and takes its password from one of them, if it has any. Then it holds no secret. */
function isStorable(template: string): boolean {
  if (wholeVariable.test(template)) return true;
  const parts = partsOfUrl.exec(template);
  if (parts === null || variablesIn(template).length === 0) return false;
  const [, credentials, query] = parts;
  return (
    (credentials === undefined || storableCredentials.test(credentials)) &&
    (query === undefined || query.split('&').every(isStorableParameter))
  );
}

/** Whether a part of the text after "?" holds no secret, or takes it from a variable. */
function isStorableParameter(part: string): boolean {
  const [, name, value = ''] = /^([A-Za-z]+)=(.*)$/s.exec(part) ?? [];
  if (name === undefined) return false;
  return name === secretParameter ? wholeVariable.test(value) : parameterNames.includes(name);
}

/** Without the password and the parameters: a digest of a short password can be guessed. */
function addressDigest(endpoint: RedisEndpoint): string {
  const { protocol, username } =
    endpoint.kind === 'standalone'
      ? new URL(endpoint.url)
      : { protocol: endpoint.tls === undefined ? '' : 'rediss:', username: endpoint.username ?? '' };
  const identity = JSON.stringify([redisIdentity(endpoint), protocol, username]);
  return createHash('sha256').update(identity).digest('hex');
}
