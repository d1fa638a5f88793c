import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { RedisServerOptions } from '../../demo/redis-server.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { blocksOf, readPage } from './pages.ts';

/** The ACL lines of docs/security.md. */
const aclText = blocksOf(readPage('docs/security.md'), 'text')[0]?.text ?? '';
export const grantsByUser = new Map(
  [...aclText.matchAll(/^user (\S+) on >(\S+) (.*)$/gm)].map(([, name = '', password = '', rules = '']) => [
    name,
    { password, commands: [...rules.matchAll(/\+(\S+)/g)].map(([, command = '']) => command), rules },
  ]),
);
export const grantedCommands = (user: string) => grantsByUser.get(user)?.commands ?? [];

/** Starts a server with the users of the page, the user `owner` with all rights, and `default` for the test. */
export async function startAclServer(options: Pick<RedisServerOptions, 'binary'> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-acl-'));
  const file = join(folder, 'users.acl');
  await writeFile(file, `${aclText}user owner on >owner ~* &* +@all\n`);
  const server = await startTestRedis({ ...options, args: ['--aclfile', file, '--appendonly', 'yes'] });
  const admin = new Redis(server.url);
  return {
    url: server.url,
    admin,
    urlFor: (user: string) => server.url.replace('//', `//${user}:${grantsByUser.get(user)?.password ?? user}@`),
    async [Symbol.asyncDispose]() {
      admin.disconnect();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type AclServer = Awaited<ReturnType<typeof startAclServer>>;

/** Returns the ACL LOG as `user: reason command`. */
export async function deniedCommands(admin: Redis): Promise<string[]> {
  const entries = (await admin.acl('LOG')) as readonly (readonly unknown[])[];
  return entries.map((entry) => {
    const field = (name: string) => entry[entry.indexOf(name) + 1];
    return `${field('username')}: ${field('reason')} ${field('object')}`;
  });
}
