import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';

const env = { WAREHOUSE_URL: 'redis://:hidden@warehouse:6379/2', USER: 'sync', PASSWORD: 'hidden', HOST: 'warehouse' };

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
  const template = parse(`redis://:\${PASSWORD}@\${HOST}`).config.configuration.connections;
  const literal = parse('redis://warehouse:6379').config.configuration.connections;

  it('with its own environment.', () => {
    const { resolveConnections } = parse('redis://elsewhere', { PASSWORD: 'other', HOST: 'near' });
    expect(resolveConnections(template)).toEqual({
      endpoints: { far: { kind: 'standalone', url: 'redis://:other@near' } },
      unusable: [],
    });
  });

  it('not without its variables, and not with an invalid URL.', () => {
    expect(parse('redis://elsewhere', { HOST: 'near' }).resolveConnections(template)).toEqual({
      endpoints: {},
      unusable: [{ kind: 'variables_not_set', name: 'far', variables: ['PASSWORD'] }],
    });
    const { unusable } = parse('redis://elsewhere', { PASSWORD: 'x', HOST: 'a b' }).resolveConnections(template);
    expect(unusable).toEqual([{ kind: 'invalid_url', name: 'far', variables: ['PASSWORD', 'HOST'] }]);
  });

  it('from its own file, if that has the same address, whatever the password is.', () => {
    const source = parse('redis://:one@warehouse:6379').config.configuration.connections;
    expect(parse('redis://:two@warehouse').resolveConnections(source).unusable).toEqual([]);
    for (const other of [
      'redis://elsewhere',
      'rediss://warehouse',
      'redis://warehouse/1',
      'redis://sync:one@warehouse',
    ])
      expect(parse(other).resolveConnections(literal)).toEqual({
        endpoints: {},
        unusable: [{ kind: 'other_file', name: 'far' }],
      });
  });
});
