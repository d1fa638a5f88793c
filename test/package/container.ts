import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { endWithTest, type Running, startProgram } from '../support/program.ts';
import { devices, isMerged, shared } from './base.ts';
import type { Image } from './image.ts';

const run = promisify(execFile);

/**
 * What stands around a container. `namespaces`: a root of its own that is mounted read-only, the program as process 1, no
 * capability and no new privileges: all but the image's own libraries. `user`: where the machine allows no mounts, another
 * user (when the test runs as root) in a folder that it may not write.
 */
export type Walls = 'namespaces' | 'user';

export async function wallsHere(): Promise<Walls> {
  if (process.getuid?.() !== 0 || !isMerged) return 'user';
  const probe = 'mount --bind /usr /mnt && mount -t proc proc /proc && setpriv --bounding-set=-all true';
  const arguments_ = ['--mount', '--pid', '--fork', 'sh', '-c', probe];
  return run('unshare', arguments_).then(
    () => 'namespaces' as const,
    () => 'user' as const,
  );
}

export interface ContainerOptions {
  readonly walls: Walls;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a container; it is killed at the end of the test if it still runs. */
export function startContainer(image: Image, options: ContainerOptions): Running {
  const line = [...(options.entrypoint ?? image.entrypoint), ...(options.command ?? image.cmd)];
  const env = { PATH: searchPath, HOME: '/home/node', ...image.env, ...options.env };
  const [uid, gid] = (options.user ?? image.user).split(':').map(Number);
  if (uid === undefined || gid === undefined) throw new Error('a user is uid:gid');
  const who = { uid, gid };
  return endWithTest(
    options.walls === 'namespaces' ? enclosed(image, { line, env, who }) : apart(image, { line, env, who }),
  );
}

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

interface Process {
  readonly line: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly who: { readonly uid: number; readonly gid: number };
}

/** The arguments: the root, Node, then what is to run in it. */
const enclose = `
set -e
root=$1 node=$2 workdir=$3 uid=$4 gid=$5
shift 5
mount --bind "$root" "$root"
mount -o bind,ro "$node" "$root/usr/local/bin/node"
for folder in ${shared.join(' ')}; do mount -o bind,ro "/$folder" "$root/$folder"; done
for device in ${devices.join(' ')}; do mount --bind "/dev/$device" "$root/dev/$device"; done
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
exec chroot "$root" /bin/sh -c 'cd "$0"; exec "$@"' "$workdir" \
  setpriv --reuid="$uid" --regid="$gid" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
`;

function enclosed(image: Image, { line, env, who }: Process): Running {
  const place = [image.folder, process.execPath, image.workdir, String(who.uid), String(who.gid)];
  const arguments_ = ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', enclose, 'sh', ...place, ...line];
  const outer = startProgram('unshare', arguments_, { env });
  const kill = (signal: NodeJS.Signals) => {
    const inner = Number(readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8').trim());
    if (inner > 0) process.kill(inner, signal);
  };
  return { ...outer, kill: (signal) => ignoreGone(() => kill(signal)) };
}

/** Paths in the image are paths in its folder here. */
function apart(image: Image, { line, env, who }: Process): Running {
  const here = (text: string) => (text.startsWith(`${image.workdir}/`) ? join(image.folder, text) : text);
  const [program = '', ...arguments_] = line.map(here);
  const moved = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, here(value)]));
  return startProgram(program === 'node' ? process.execPath : program, arguments_, {
    env: { ...moved, TMPDIR: join(image.folder, 'tmp') },
    cwd: join(image.folder, image.workdir),
    ...(process.getuid?.() === 0 ? who : {}),
  });
}

function ignoreGone(act: () => void): void {
  try {
    act();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error;
  }
}
