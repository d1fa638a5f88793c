import { describe, expect, test } from 'vitest';
import { parseRedisUrl, redisIdentity } from '../../src/config/redis-url.ts';

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
  ])('with a password that is not encoded is refused with a hint: %s', (text) => {
    expect(parseRedisUrl(text)).toEqual({
      kind: 'refused',
      message: expect.stringMatching(/; if the password contains special characters, percent-encode them \(@ %40, /),
    });
  });

  test.each([
    ['redis://h/123456', 'has a database that is not a number'],
    ['redis://h/1/2', 'has a database that is not a number'],
    ['redis://h#a', 'must not have "?" or "#" (in a password, write %3F or %23)'],
    ['redis://h?a', 'must not have "?" or "#" (in a password, write %3F or %23)'],
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
    expect(identity('redis+cluster://a')).not.toBe(identity('redis://a'));
    expect(identity('redis+cluster://a,b')).not.toBe(identity('redis+cluster://a,c'));
    expect(identity('redis+sentinel://a,b/x')).not.toBe(identity('redis+sentinel://a,c/x'));
    expect(identity('redis://host:1')).not.toBe(identity('redis://host:2'));
    expect(identity('redis://host/1')).not.toBe(identity('redis://host/2'));
    expect(identity('redis+sentinel://a/x')).not.toBe(identity('redis+sentinel://a/y'));
  });
});
