import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { manifestErrors, manifestSchema } from '../docs/manifest-schema.ts';
import { blocksOf, readPage, sectionOf } from '../docs/pages.ts';
import { runApp } from '../metrics/running-app.ts';
import { writeRedisCli } from '../support/redis-cli.ts';
import { startProgram } from '../support/running-program.ts';
import { startTestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { buildKustomization, filesOf } from './kustomize.ts';

const root = new URL('../../', import.meta.url).pathname;
const page = readPage('docs/install.md');
const commandsOf = (section: string) =>
  blocksOf(sectionOf(page, section), 'sh').flatMap(({ text }) => text.trim().split('\n'));

test('The commands of the page are in the sections that this file checks.', () => {
  const sections = ['Compose', 'Kubernetes', 'systemd', 'Records in a shared Redis', 'Two environments'];
  expect(sections.flatMap(commandsOf)).toHaveLength(
    blocksOf(page, 'sh').flatMap(({ text }) => text.trim().split('\n')).length,
  );
});

describe('the commands for Compose', () => {
  const commands = commandsOf('Compose');
  const services = Object.keys(
    z
      .object({ services: z.record(z.string(), z.unknown()) })
      .parse(parse(readPage('docker-compose.yml'), { merge: true })).services,
  );

  test.each(commands.filter((command) => command.startsWith('docker')))(
    '%s names a service or the image',
    (command) => {
      const [, name] =
        /^docker (?:compose (?:build|run --rm) (\w+)( \w+)?|compose up -d|compose down( --volumes)?|image rm syncbot:0\.2\.0)$/.exec(
          command,
        ) ?? expect.unreachable();
      if (name !== undefined) expect(services).toContain(name);
    },
  );

  test('The others write the version into .env, upgrade it, and roll it back.', async () => {
    const folder = await temporaryFolder();
    const versions: string[] = [];
    for (const command of commands.filter((one) => !one.startsWith('docker'))) {
      await runIn(folder, command);
      versions.push(await readFile(join(folder, '.env'), 'utf8'));
    }
    expect(versions).toEqual(['0.2.0', '0.3.0', '0.2.0'].map((version) => `SYNCBOT_VERSION=${version}\n`));
  });
});

describe('the commands for Kubernetes', () => {
  const commands = commandsOf('Kubernetes');
  const copies = commands.filter((command) => command.startsWith('cp '));
  const manifests = ['staging', 'redis'].flatMap(buildKustomization);
  const exists = (kind: string, name: string, namespace: string) =>
    manifests.some((one) => one.kind === kind && one.metadata.name === name && one.metadata.namespace === namespace);

  test.each(commands.filter((command) => command.startsWith('kubectl')))('%s names what exists', (command) => {
    const [, folder] = /^kubectl (?:apply|delete) -k (\S+)$/.exec(command) ?? [];
    if (folder !== undefined) return expect(existsSync(join(root, folder, 'kustomization.yaml'))).toBe(true);
    const [, namespace = '', rest = ''] = /^kubectl -n (\S+) (.*)$/.exec(command) ?? expect.unreachable();
    expect(manifests.map(({ metadata }) => metadata.name)).toContain(namespace);
    const [, file] = /^apply -f (\S+)$/.exec(rest) ?? [];
    if (file !== undefined) return expect(copies.map((copy) => copy.split(' ')[2])).toContain(file);
    const pattern =
      /^(?:rollout (?:status|undo)|exec(?: -it)?) deployment\/(\S+)(?: -- dist\/main\.js (?:doctor|apply))?$/;
    const [, deployment = ''] = pattern.exec(rest) ?? expect.unreachable();
    expect(exists('Deployment', deployment, namespace)).toBe(true);
  });

  test.each(commands.filter((command) => command.startsWith('docker')))(
    '%s uses the image of the manifests',
    (command) => {
      const [, image] = /^docker (?:build -t|push) (\S+):0\.[23]\.0(?: \.)?$/.exec(command) ?? [];
      expect(JSON.stringify(manifests)).toContain(`"${image}:0.2.0"`);
    },
  );

  test('The others copy the templates of the Secrets, and write the new tag into one environment.', async () => {
    const folder = await temporaryFolder();
    await cp(join(root, 'deploy'), join(folder, 'deploy'), { recursive: true });
    const others = commands.filter((command) => !/^(kubectl|docker) /.test(command));
    for (const command of others) await runIn(folder, command);
    const tagOf = async (environment: string) =>
      /newTag: (\S+)/.exec(
        await readFile(join(folder, `deploy/kubernetes/${environment}/kustomization.yaml`), 'utf8'),
      )?.[1];
    expect([await tagOf('staging'), await tagOf('production')]).toEqual(['0.3.0', '0.2.0']);
    expect((await readdir(folder)).sort()).toEqual(['deploy', 'redis-users.yaml', 'staging-secrets.yaml']);
  });

  test('`delete -k` of the optional Redis deletes its namespace, and so its data.', () => {
    expect(filesOf('redis')).toContain('redis/namespace.yaml');
  });
});

describe('the commands for systemd', () => {
  const commands = commandsOf('systemd').map((command) => command.replace(/^sudo /, ''));

  test.each(commands.filter((command) => command.startsWith('systemctl')))(
    '%s names instances of the units',
    (command) => {
      const [, units = ''] =
        /^systemctl (?:daemon-reload|(?:enable --now|disable --now|restart) (.*))$/.exec(command) ??
        expect.unreachable();
      for (const unit of units.split(' ').filter(Boolean)) {
        const file = `deploy/systemd/${unit.replace(/@production$/, '@.service')}`;
        expect(existsSync(join(root, file)), file).toBe(true);
      }
    },
  );

  test('The others install, upgrade, roll back and uninstall the files.', async () => {
    const folder = await temporaryFolder();
    await cp(join(root, 'deploy'), join(folder, 'deploy'), { recursive: true });
    await writeFile(join(folder, 'syncbot.yml'), 'projects: {}\n');
    await mkdir(join(folder, 'etc/systemd/system'), { recursive: true });
    const program = 'node_modules/syncbot/dist/main.js';
    const versions: string[] = [];
    for (const command of commands) {
      if (/^(systemctl .*|npm pack)$/.test(command)) continue;
      const [, version] = /^npm install --prefix \/opt\/syncbot\/(\S+) \.\/syncbot-\1\.tgz$/.exec(command) ?? [];
      if (version !== undefined) {
        // test/package installs the package. Here it is a file at the place to which npm would install it.
        await mkdir(join(folder, 'opt/syncbot', version, dirname(program)), { recursive: true });
        await writeFile(
          join(folder, 'opt/syncbot', version, program),
          'process.stdout.write(process.env.SYNCBOT_PREFIX)',
        );
        continue;
      }
      if (command.startsWith('rm ')) await expectInstalled(folder);
      const { stdout } = await runIn(folder, command.replaceAll(/(^| |=)\/(opt|etc)\//g, `$1${folder}/$2/`));
      if (command.startsWith('ln '))
        versions.push((await readlink(join(folder, 'opt/syncbot/current'))).replace(/.*\//, ''));
      if (command.startsWith('node ')) expect(stdout).toBe('production');
    }
    expect(versions).toEqual(['0.2.0', '0.3.0', '0.2.0']);
    expect(await readdir(join(folder, 'opt'))).toEqual([]);
    expect(await readdir(join(folder, 'etc'), { recursive: true })).toEqual(['systemd', 'systemd/system']);
  });

  /** The files that the units use are there when the first of them is removed. */
  async function expectInstalled(folder: string): Promise<void> {
    if (!existsSync(join(folder, 'etc/systemd/system/syncbot-bot@.service'))) return;
    for (const role of ['bot', 'worker']) {
      const unit = readFileSync(join(folder, `etc/systemd/system/syncbot-${role}@.service`), 'utf8');
      const used = [...unit.matchAll(/(?:EnvironmentFile=|\/usr\/bin\/node )\/(\S+)/g)].map(([, file = '']) => file);
      expect(used).toHaveLength(3);
      for (const file of used) expect(existsSync(join(folder, file.replace('%i', 'production'))), file).toBe(true);
    }
    expect(existsSync(join(folder, 'etc/syncbot/production/syncbot.yml'))).toBe(true);
  }
});

test('The commands for a shared Redis remove every record of syncbot, and no queue of a link.', async () => {
  await using services = await startTestServices();
  const { queue } = await services.createLink('orders');
  await queue.add('task', {});
  await services.createProject('orders', [await services.createLink('orders')]);
  const app = await runApp({ role: 'worker', redisUrl: services.url });
  await services.requestAndConfirm('orders', 'pause');
  await waitFor(async () => (await services.context.projects.read('orders'))?.state === 'paused');
  await app[Symbol.asyncDispose]();
  await services.instance[Symbol.asyncDispose]();
  await using redis = connect(services.url);
  const before = await redis.client.keys('*');
  expect(before.filter((key) => key.startsWith('{syncbot}:')).length).toBeGreaterThan(3);
  const queueKeys = before.filter((key) => key.startsWith('bull:'));

  const folder = await temporaryFolder();
  await writeRedisCli(folder, services.url);
  const [first = '', second = '', registration = '', ...others] = commandsOf('Records in a shared Redis');
  expect(others).toEqual([]);
  await redis.client.sadd('syncbot:installations', 'staging');
  for (const command of [first, second, registration]) await runIn(folder, command);
  expect(await redis.client.smembers('syncbot:installations')).toEqual(['staging']);
  expect((await redis.client.keys('*')).sort()).toEqual([...queueKeys, 'syncbot:installations'].sort());
});

test('The command for a second app changes its name and its command, and the manifest stays valid.', async () => {
  const folder = await temporaryFolder();
  await cp(join(root, 'manifest.yml'), join(folder, 'manifest.yml'));
  for (const command of commandsOf('Two environments')) await runIn(folder, command);
  const manifest = manifestSchema.parse(parse(await readFile(join(folder, 'manifest-staging.yml'), 'utf8')));
  expect(manifestErrors(manifest)).toEqual([]);
  expect(manifest.display_information.name).toBe('syncbot-staging');
  expect(manifest.features.slash_commands.map(({ command }) => command)).toEqual(['/sync-staging']);
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-install-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a command of the page in a folder. The programs of the folder come first. */
async function runIn(folder: string, command: string): Promise<{ readonly stdout: string }> {
  const env = { PATH: `${folder}:${dirname(process.execPath)}:/usr/bin:/bin` };
  const result = await startProgram('sh', ['-c', command], { cwd: folder, env }).exited;
  expect(result, command).toMatchObject({ code: 0, stderr: '' });
  return result;
}

function connect(url: string): AsyncDisposable & { readonly client: Redis } {
  const client = new Redis(url);
  return { client, [Symbol.asyncDispose]: async () => client.disconnect() };
}
