import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseRedisUrl, redisIdentity } from '../../src/config/redis-url.ts';
import { readPage } from '../docs/pages.ts';
import { createTestCertificates, tlsParameters } from '../support/tls-certificates.ts';

describe('a Redis URL', () => {
  test.each([
    ['redis://h', { kind: 'standalone', url: 'redis://h' }],
    ['redis://h/12345', { kind: 'standalone', url: 'redis://h/12345' }],
    ['redis+sentinel://a/main/15', { kind: 'sentinel', nodes: [{ host: 'a', port: 26_379 }], master: 'main', db: 15 }],
    ['rediss://u:p%40@[::1]:6380/3', { kind: 'standalone', url: 'rediss://u:p%40@[::1]:6380/3' }],
    [
      'redis+sentinel://u:p%2Fw@a:1,b/main/2',
      {
        kind: 'sentinel',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 26_379 },
        ],
        master: 'main',
        db: 2,
        username: 'u',
        password: 'p/w',
      },
    ],
    ['redis+sentinel://a/main', { kind: 'sentinel', nodes: [{ host: 'a', port: 26_379 }], master: 'main', db: 0 }],
    [
      'redis+cluster://:pw@a:1,[::1]:2',
      {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 1 },
          { host: '::1', port: 2 },
        ],
        password: 'pw',
      },
    ],
  ])('is parsed: %s', (text, endpoint) => {
    expect(parseRedisUrl(text)).toEqual({ kind: 'parsed', endpoint });
  });

  test.each([
    '',
    'h:6379',
    'http://h',
    'redis://',
    'redis://:6379',
    'redis://h/x',
    'redis://h:99999',
    'redis://h?a=1',
    'redis+sentinel://a:1',
    'redis+sentinel://a:1/',
    'redis+sentinel://a:1/m/x',
    'redis+sentinel://,/m',
    'redis+cluster://',
    'redis+cluster://a:1/2',
    'redis+cluster://a:0',
    'redis+cluster://%zz@a',
    'redis://u%zz@h',
  ])('is refused: %s', (text) => {
    expect(parseRedisUrl(text)).toMatchObject({ kind: 'refused', message: expect.stringMatching(/\S/) });
  });

  test.each([
    'redis://:pa/ss@host:6379',
    'redis://user:12/34@host:6379',
    'redis://:pa#ss@host',
    'redis://:pa?ss@host',
    'redis://:100%@host',
    'redis+sentinel://:pa/ss@a/main',
    'redis+cluster://u:p@ss@a:1',
    'rediss://user:12?ca=34@host:6379',
  ])('with a password that is not encoded is refused with a hint: %s', (text) => {
    expect(parseRedisUrl(text)).toEqual({
      kind: 'refused',
      message: expect.stringMatching(/; if the password contains special characters, percent-encode them \(@ %40, /),
    });
  });

  test.each([
    ['redis://h/123456', 'has a database that is not a number'],
    ['redis://h/1/2', 'has a database that is not a number'],
    ['redis://h#a', 'must not have "#" (in a password, write %23)'],
    ['redis://h?a', 'must not have "?" (in a password, write %3F)'],
    ['rediss://h?a=1', 'has a parameter after "?" that is not known: write name=value, with ca, cert, key, servername'],
    ['rediss+cluster://h?ca', expect.stringContaining('write name=value')],
    ['rediss+cluster://h?ca=', expect.stringContaining('write name=value')],
    ['rediss+cluster://h?sentinelPassword=x', expect.stringContaining('with ca, cert, key, servername')],
    ['rediss://h?%63a=/x', expect.stringContaining('write name=value')],
    [
      'redis+sentinel://h/m?x=1',
      'has a parameter after "?" that is not known: write name=value, with sentinelUsername, sentinelPassword',
    ],
    ['redis://h?ca=/ca.pem', 'has ca without TLS: write rediss instead of redis at its start'],
    [
      'redis+sentinel://h/m?sentinelTls=true',
      'has sentinelTls without TLS: write rediss instead of redis at its start',
    ],
    ['rediss+sentinel://h/m?sentinelTls=no', 'has a sentinelTls that is not true or false'],
    ['rediss://h?servername=a&servername=b', 'has servername twice'],
    ['rediss://h?servername=a%', 'has servername with invalid percent-encoding (for % write %25)'],
    ['rediss://h?servername=a/b', 'has a servername that is not a host name'],
    ['rediss://h?cert=/cert.pem', 'must have cert and key, or neither'],
    ['rediss://h?ca=ca.pem', 'must have for ca the path of a file, from / on'],
    ['rediss://h?ca=-----BEGIN secret', 'must have for ca the path of a file, from / on'],
    ['rediss://h?ca=/no-such/ca.pem', 'has ca=/no-such/ca.pem, but that file does not exist'],
    ['rediss://h?ca=/tmp', 'has ca=/tmp, but that is not a file'],
    ['rediss://h?ca=/etc/hosts/x', 'has ca=/etc/hosts/x, but that file cannot be read'],
    ['rediss://h?ca=/etc/hosts', 'has ca=/etc/hosts, but that file does not begin with a certificate in PEM format'],
    [
      'rediss://h?cert=/etc/hosts&key=/etc/hosts',
      'has cert=/etc/hosts, but that file does not begin with a certificate in PEM format',
    ],
    ['redis:///0', 'has no host'],
    ['x redis://h', 'is not a Redis URL'],
    ['redis+x://h', 'is not a Redis URL'],
    ['xredis://h', 'is not a Redis URL'],
    ['xredis+sentinel://a/m', 'is not a Redis URL'],
    ['redis+sentinel://a/m\nb', 'is not a Redis URL'],
    ['redis+sentinel://', 'is not a Redis URL'],
    ['redis+sentinel://a b/m', 'is not a Redis URL'],
    ['redis+sentinel://a', 'has no name of a master after the hosts'],
    ['redis+sentinel://a/m/1/2', 'has a database that is not a number'],
    ['redis+sentinel://a/m/123456', 'has a database that is not a number'],
    ['redis+sentinel://a/m/', 'has a database that is not a number'],
    ['redis+sentinel://a:65536/m', 'has an invalid host or port'],
    ['redis+sentinel://a:1,b:x/m', 'has an invalid host or port'],
    ['redis+sentinel://[g]/m', 'has an invalid host or port'],
    ['redis+cluster://a/0', 'must not have a database, because a cluster has only one'],
  ])('is refused with the cause: %s %s', (text, message) => {
    expect(parseRedisUrl(text)).toEqual({ kind: 'refused', message });
  });

  test('has TLS parameters with the contents of the files', async () => {
    await using certificates = await createTestCertificates();
    const { ca, client, server } = certificates;
    const read = (path: string) => readFileSync(path, 'utf8');
    const tls = { ca: read(ca), cert: read(client.cert), key: read(client.key), servername: 'redis.test' };
    const query = `${tlsParameters(certificates)}&servername=redis.test`;
    const nodes = [{ host: 'a', port: 1 }];
    expect(parseRedisUrl(`rediss://:pw@h/2?${query}`)).toEqual({
      kind: 'parsed',
      endpoint: { kind: 'standalone', url: 'rediss://:pw@h/2', tls },
    });
    expect(parseRedisUrl(`rediss+cluster://a:1?${query}`)).toEqual({
      kind: 'parsed',
      endpoint: { kind: 'cluster', nodes, tls },
    });
    expect(parseRedisUrl(`rediss+sentinel://a:1/m?${query}&sentinelUsername=u&sentinelPassword=%40+`)).toEqual({
      kind: 'parsed',
      endpoint: {
        ...{ kind: 'sentinel', nodes, master: 'm', db: 0 },
        ...{ tls, sentinelTls: tls, sentinelUsername: 'u', sentinelPassword: '@+' },
      },
    });
    const refusals = [`cert=${client.cert}&key=${server.key}`, `cert=${client.cert}&key=${ca}`];
    expect(refusals.map((files) => parseRedisUrl(`rediss://h?${files}`))).toEqual([
      { kind: 'refused', message: 'has a key that does not belong to cert' },
      {
        kind: 'refused',
        message: `has key=${ca}, but that file is not a private key in PEM format without a passphrase`,
      },
    ]);
  });

  test('uses TLS without parameters as well, for sentinels unless sentinelTls is false', () => {
    const parsed = (text: string) => parseRedisUrl(text);
    const nodes = [{ host: 'a', port: 26_379 }];
    const sentinel = { kind: 'sentinel', nodes, master: 'm', db: 0, tls: {} };
    expect(parsed('rediss+cluster://a:1')).toMatchObject({ endpoint: { tls: {} } });
    expect(parsed('rediss+sentinel://a/m')).toEqual({ kind: 'parsed', endpoint: { ...sentinel, sentinelTls: {} } });
    expect(parsed('rediss+sentinel://a/m?sentinelTls=false')).toEqual({ kind: 'parsed', endpoint: sentinel });
    expect(parsed('rediss+sentinel://a/m?sentinelTls=true')).toEqual(parsed('rediss+sentinel://a/m'));
  });

  test('of docs/redis.md is parsed, except that its files do not exist here', () => {
    const urls = [...readPage('docs/redis.md').matchAll(/`(rediss?(?:\+[a-z]+)?:\/\/[^`…]+)`/g)].map(
      ([, url = '']) => url,
    );
    expect(urls.length).toBeGreaterThan(8);
    const message = expect.stringMatching(/^has ca=\/etc\/syncbot\/ca\.pem, but that file does not exist$/);
    for (const url of urls.filter((each) => !each.endsWith('://'))) {
      const result = url.includes('?ca=') ? { kind: 'refused', message } : { kind: 'parsed' };
      expect(parseRedisUrl(url), url).toMatchObject(result);
    }
  });

  test('of a cluster may end with a slash, use any port and have a user without a password', () => {
    const nodes = [
      { host: 'a', port: 65_535 },
      { host: 'b', port: 6_379 },
    ];
    expect(parseRedisUrl('redis+cluster://u@a:65535,b/')).toEqual({
      kind: 'parsed',
      endpoint: { kind: 'cluster', nodes, username: 'u' },
    });
  });

  test('has an identity that depends on the database only, not on credentials', () => {
    const identity = (text: string) => {
      const parsed = parseRedisUrl(text);
      return parsed.kind === 'parsed' ? redisIdentity(parsed.endpoint) : text;
    };
    expect(identity('redis://u:p@Host:6379/0')).toBe(identity('rediss://host'));
    expect(identity('redis://localhost')).toBe(identity('redis://127.0.0.1:6379'));
    expect(identity('redis+cluster://a:1,b:2')).toBe(identity('redis+cluster://b:2,a:1'));
    expect(identity('redis://[::1]')).toBe(identity('redis://localhost/0'));
    expect(identity('redis+sentinel://LOCALHOST/x')).toBe(identity('redis+sentinel://[::1]:26379/x/0'));
    expect(identity('redis+sentinel://a/x/1')).not.toBe(identity('redis+sentinel://a/x/2'));
    expect(identity('rediss+cluster://a?servername=x')).toBe(identity('redis+cluster://a'));
    expect(identity('redis+cluster://a')).not.toBe(identity('redis://a'));
    expect(identity('redis+cluster://a,b')).not.toBe(identity('redis+cluster://a,c'));
    expect(identity('redis+sentinel://a,b/x')).not.toBe(identity('redis+sentinel://a,c/x'));
    expect(identity('redis://host:1')).not.toBe(identity('redis://host:2'));
    expect(identity('redis://host/1')).not.toBe(identity('redis://host/2'));
    expect(identity('redis+sentinel://a/x')).not.toBe(identity('redis+sentinel://a/y'));
  });
});
