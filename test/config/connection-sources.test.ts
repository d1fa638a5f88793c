import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse-config.ts';

const env = {
  WAREHOUSE_URL: 'redis://:hidden@warehouse:6379/2',
  USER: 'sync',
  PASSWORD: 'hidden',
  HOST: 'warehouse',
  SCHEME: 'redis',
  PARAMETER: 'sentinelPassword',
};

function parse(url: string, variables: Record<string, string> = env) {
  const parsed = parseConfig(`connections: { far: ${JSON.stringify(url)} }\nprojects: {}\n`, variables);
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.errors));
  return parsed;
}
const sourceOf = (url: string) => parse(url).config.configuration.connections['far'];

describe('a connection is stored with its variables', () => {
  it.each([
    [`\${WAREHOUSE_URL}`, ['WAREHOUSE_URL']],
    [`rediss://:\${PASSWORD}@warehouse:6379/1`, ['PASSWORD']],
    [`redis://sync:\${PASSWORD}@warehouse`, ['PASSWORD']],
    [`redis://\${USER}:\${PASSWORD}@\${HOST}`, ['USER', 'PASSWORD', 'HOST']],
    [`redis+sentinel://:\${PASSWORD}@a,b/main`, ['PASSWORD']],
    [`redis://\${HOST}:6379`, ['HOST']],
    [`redis+sentinel://\${HOST}/ma$\${in`, ['HOST']],
    [`rediss+sentinel://:\${PASSWORD}@a/main?servername=\${HOST}&sentinelPassword=\${PASSWORD}`, ['PASSWORD', 'HOST']],
    [`rediss+cluster://:\${PASSWORD}@a,b?servername=redis.test`, ['PASSWORD']],
  ])('%s', (url, variables) => {
    expect(sourceOf(url)).toEqual({ kind: 'template', template: url, variables });
  });
});

describe('a URL is not stored', () => {
  it.each([
    'redis://warehouse:6379',
    'redis://:hunter2@warehouse',
    `redis://:hunter2@\${HOST}`,
    `redis://:hunter2\${PASSWORD}@warehouse`,
    `redis://:\${PASSWORD}hunter2@warehouse`,
    `redis+cluster://sync:hunter2@\${HOST}`,
    `\${SCHEME}://:hunter2@warehouse`,
    `rediss+sentinel://:\${PASSWORD}@a/main?sentinelPassword=hunter2`,
    `rediss+sentinel://:\${PASSWORD}@a/main?sentinelPassword=\${PASSWORD}hunter2`,
    `rediss+sentinel://:\${PASSWORD}@a/main?servername=\${HOST}&sentinelPassword=hunter2`,
    `rediss+sentinel://a/main?\${PARAMETER}=hunter2`,
  ])('%s', (url) => {
    expect(sourceOf(url)).toEqual({ kind: 'file', digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('whatever its password is.', () => {
    const password = fc.string({ minLength: 4 }).map(encodeURIComponent);
    fc.assert(
      fc.property(password, fc.constantFrom('warehouse', `\${HOST}`), (secret, host) => {
        const stored = JSON.stringify(parse(`redis://:x${secret}x@${host}`).config.configuration);
        expect(stored).not.toContain(`x${secret}x`);
      }),
    );
  });
});

describe('a process resolves a stored connection', () => {
  const sourcesOf = (url: string) => parse(url).config.configuration.connections;
  const template = sourcesOf(`redis://:\${PASSWORD}@\${HOST}`);

  it('with its own environment.', () => {
    const { resolveConnections } = parse('redis://elsewhere', { PASSWORD: 'other', HOST: 'near' });
    expect(resolveConnections(template)).toEqual({
      endpoints: { far: { kind: 'standalone', url: 'redis://:other@near' } },
      unusable: [],
    });
  });

  it('not without its variables, and not with an invalid URL.', () => {
    expect(parse('redis://elsewhere', { HOST: 'near' }).resolveConnections(template)).toStrictEqual({
      endpoints: {},
      unusable: [{ kind: 'variables_not_set', name: 'far', variables: ['PASSWORD'] }],
    });
    const { unusable } = parse('redis://elsewhere', { PASSWORD: 'x', HOST: 'a b' }).resolveConnections(template);
    expect(unusable).toEqual([{ kind: 'invalid_url', name: 'far', variables: ['PASSWORD', 'HOST'] }]);
  });

  it('from its own file, if that has the same address, whatever the password is.', () => {
    expect(parse('redis://:two@warehouse').resolveConnections(sourcesOf('redis://:one@warehouse:6379'))).toEqual({
      endpoints: { far: { kind: 'standalone', url: 'redis://:two@warehouse' } },
      unusable: [],
    });
  });

  it.each([
    ['redis://warehouse:6379', 'redis://elsewhere'],
    ['redis://warehouse:6379', 'rediss://warehouse'],
    ['redis://warehouse:6379', 'redis://warehouse/1'],
    ['redis://warehouse:6379', 'redis://sync:one@warehouse'],
    ['redis+sentinel://a/main', 'redis+sentinel://sync@a/main'],
    ['redis+sentinel://sync@a/main', 'redis+sentinel://other@a/main'],
    ['redis+cluster://a,b', 'redis+cluster://a,c'],
    ['redis+cluster://a,b', 'rediss+cluster://a,b'],
  ])('not from its own file with another address or user: %s, %s.', (stored, own) => {
    expect(parse(own).resolveConnections(sourcesOf(stored))).toStrictEqual({
      endpoints: {},
      unusable: [{ kind: 'other_file', name: 'far' }],
    });
  });

  it('not from its own file without that connection.', () => {
    const parsed = parseConfig('projects: {}', {});
    if (parsed.kind !== 'read') throw new Error('not read');
    expect(parsed.resolveConnections(sourcesOf('redis://warehouse')).unusable).toEqual([
      { kind: 'other_file', name: 'far' },
    ]);
  });

  it('without the spaces around its URL or its variables.', () => {
    const sources = sourcesOf(` \${WAREHOUSE_URL} `);
    expect(sources).toMatchObject({ far: { template: `\${WAREHOUSE_URL}` } });
    const { resolveConnections } = parse('redis://elsewhere', { WAREHOUSE_URL: ' redis://warehouse ' });
    expect(resolveConnections(sources).endpoints).toEqual({ far: { kind: 'standalone', url: 'redis://warehouse' } });
  });
});
