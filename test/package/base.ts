import { existsSync, readlinkSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a base image has, taken from this machine: its programs and libraries, and these devices. */
export const devices = ['null', 'zero', 'random', 'urandom'];
export const shared = ['usr/bin', 'usr/lib', 'usr/lib64'].filter((folder) => existsSync(`/${folder}`));
const links = ['bin', 'sbin', 'lib', 'lib64'].filter((name) => isLink(`/${name}`));

/** Whether `/bin` and `/lib` are links into `/usr`, so that `shared` has all of them. */
export const isMerged = ['bin', 'lib'].every((name) => links.includes(name));

/** Makes the places that are mounted over, and a user `node` as Node's own images have. */
export async function addBase(folder: string): Promise<void> {
  for (const path of ['usr/local/bin', ...shared, 'dev', 'proc', 'etc', 'tmp', 'home/node']) {
    await mkdir(join(folder, path), { recursive: true });
  }
  for (const name of links) await symlink(readlinkSync(`/${name}`), join(folder, name));
  for (const path of ['usr/local/bin/node', ...devices.map((name) => `dev/${name}`)]) {
    await writeFile(join(folder, path), '');
  }
  await writeFile(join(folder, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n');
}

function isLink(path: string): boolean {
  try {
    return readlinkSync(path) !== '';
  } catch {
    return false;
  }
}
