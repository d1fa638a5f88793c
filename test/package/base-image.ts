import { existsSync, readlinkSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a base image has, taken from this machine: its programs and libraries, and these devices. */
export const deviceNames = ['null', 'zero', 'random', 'urandom'];
export const sharedFolders = ['usr/bin', 'usr/lib', 'usr/lib64'].filter((folder) => existsSync(`/${folder}`));
const usrLinks = ['bin', 'sbin', 'lib', 'lib64'].filter((name) => isLink(`/${name}`));

/** Whether `/bin` and `/lib` are links into `/usr`, so that `shared` has all of them. */
export const isUsrMerged = ['bin', 'lib'].every((name) => usrLinks.includes(name));

/** Makes the places that are mounted over, and a user `node` as Node's own images have. */
export async function addBaseFiles(folder: string): Promise<void> {
  for (const path of ['usr/local/bin', ...sharedFolders, 'dev', 'proc', 'etc', 'tmp', 'home/node']) {
    await mkdir(join(folder, path), { recursive: true });
  }
  for (const name of usrLinks) await symlink(readlinkSync(`/${name}`), join(folder, name));
  for (const path of ['usr/local/bin/node', ...deviceNames.map((name) => `dev/${name}`)]) {
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
