import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfigFiles } from '../../src/cli/config-files.ts';
import { formatConfigError } from '../../src/config/errors.ts';
import { parseConfigFiles } from '../../src/config/parse-config.ts';
import { env, fullConfig, parsedConfig } from './config-fixture.ts';

const parse = (...texts: string[]) =>
  parseConfigFiles(
    texts.map((text, index) => ({ path: `${'abc'[index]}.yml`, text })),
    env,
  );
const errorsOf = (...texts: string[]) => {
  const parsed = parse(...texts);
  return parsed.kind === 'refused' ? parsed.errors.map((error) => formatConfigError(error.file, error)) : [];
};

describe('several files', () => {
  test('are one file, whatever the order of their sections', () => {
    const [head = '', projects = ''] = fullConfig.split(/^(?=projects:)/m);
    const parsed = parse(
      `${projects}  users: { links: [{ queue: u }] }\n`,
      head,
      'projects: { more: { links: [{ queue: m }] } }',
    );
    const one = parsedConfig(`${fullConfig}  users: { links: [{ queue: u }] }\n  more: { links: [{ queue: m }] }\n`);
    expect(parsed).toMatchObject({ kind: 'read', config: one });
  });

  test.each([
    [
      'projects:\n  orders: { links: [{ queue: q }] }',
      'projects:\n\n  orders: { links: [{ queue: r }] }',
      'b.yml:3: projects.orders is also in a.yml:2. Write projects.orders in one file only.',
    ],
    ['policy: {}\nprojects: {}', 'policy: {}', 'b.yml:1: policy is also in a.yml:1. Write policy in one file only.'],
    [
      'connections: { x: redis://x }\nprojects: {}',
      'connections: { x: redis://y }',
      'b.yml:1: connections.x is also in a.yml:1. Write connections.x in one file only.',
    ],
  ])('name both places of what is in two of them: %j and %j', (a, b, error) => {
    expect(errorsOf(a, b)).toEqual([error]);
  });

  test('have each error in its file and line', () => {
    expect(
      errorsOf(
        'defaults:\n  channel: general\nprojects:\n  orders:\n    links: [{ queue: q }]\n',
        '\nprojects:\n  users:\n    links: [{ queue: q }, { queue: "$' + '{NONE}" }]\n',
        'polcy: {}\n__proto__: {}\n',
      ),
    ).toEqual([
      expect.stringMatching(/^a\.yml:2: defaults\.channel is not the id of a channel\./),
      expect.stringMatching(/^b\.yml:4: projects\.users\.links\[1\]\.queue needs the variable NONE/),
      expect.stringMatching(/^b\.yml:4: projects\.users\.links\[0\] is already a link of project orders\./),
      expect.stringMatching(/^c\.yml:1: polcy is an unknown key\./),
      expect.stringMatching(/^c\.yml:2: __proto__ is an unknown key\./),
    ]);
  });

  test('have every syntax error, and none is empty or a list', () => {
    expect(errorsOf('a: [', '', 'projects: {}').map((line) => line.slice(0, 8))).toEqual(['a.yml:1:', 'b.yml:1:']);
    expect(errorsOf('projects: {}', '- 1')).toEqual([
      'b.yml:1: The file is not a section with keys. Write keys such as `projects:`.',
    ]);
  });
});

test('a folder has the files *.yml and *.yaml by name, and what cannot be read is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-folder-'));
  try {
    await mkdir(join(folder, 'empty'));
    for (const name of ['b.yaml', 'a.yml', '.hidden.yml', 'readme.md']) await writeFile(join(folder, name), name);
    const read = await readConfigFiles([folder, join(folder, 'readme.md')]);
    expect(read).toEqual({
      kind: 'read',
      files: ['a.yml', 'b.yaml', 'readme.md'].map((name) => ({ path: join(folder, name), text: name })),
    });
    expect(await readConfigFiles([join(folder, 'none'), join(folder, 'empty')])).toMatchObject({
      kind: 'refused',
      reasons: [expect.stringMatching(/none does not exist/), expect.stringMatching(/empty has no file \*\.yml/)],
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
