import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { killAtTestEnd, type RunningProgram, startProgram } from '../support/running-program.ts';
import { deviceNames, isUsrMerged, sharedFolders } from './base-image.ts';
import type { Image } from './image.ts';

const run = promisify(execFile);

/**
 * What stands around a container. `namespaces`: a root of its own that is mounted read-only, the program as process 1, no
 * capability and no new privileges: all but the image's own libraries. `user`: where the machine allows no mounts, another
 * user (when the test runs as root) in a folder that it may not write.
 */
export type Sandbox = 'namespaces' | 'user';

export async function availableSandbox(): Promise<Sandbox> {
  if (process.getuid?.() !== 0 || !isUsrMerged) return 'user';
  const probe = 'mount --bind /usr /mnt && mount -t proc proc /proc && setpriv --bounding-set=-all true';
  const arguments_ = ['--mount', '--pid', '--fork', 'sh', '-c', probe];
  return run('unshare', arguments_).then(
    () => 'namespaces' as const,
    () => 'user' as const,
  );
}

export interface ContainerOptions {
  readonly sandbox: Sandbox;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a container; it is killed at the end of the test if it still runs. */
export function startContainer(image: Image, options: ContainerOptions): RunningProgram {
  const commandLine = [...(options.entrypoint ?? image.entrypoint), ...(options.command ?? image.cmd)];
  const env = { PATH: defaultPath, HOME: '/home/node', ...image.env, ...options.env };
  const [uid, gid] = (options.user ?? image.user).split(':').map(Number);
  if (uid === undefined || gid === undefined) throw new Error('a user is uid:gid');
  const ids = { uid, gid };
  return killAtTestEnd(
    options.sandbox === 'namespaces'
      ? startInNamespaces(image, { commandLine, env, ids })
      : startAsOtherUser(image, { commandLine, env, ids }),
  );
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

interface ContainerProcess {
  readonly commandLine: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly ids: { readonly uid: number; readonly gid: number };
}

/** The arguments: the root, Node, then what is to run in it. */
const namespaceScript = `
set -e
root=$1 node=$2 workdir=$3 uid=$4 gid=$5
shift 5
mount --bind "$root" "$root"
mount -o bind,ro "$node" "$root/usr/local/bin/node"
for folder in ${sharedFolders.join(' ')}; do mount -o bind,ro "/$folder" "$root/$folder"; done
for device in ${deviceNames.join(' ')}; do mount --bind "/dev/$device" "$root/dev/$device"; done
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
exec chroot "$root" /bin/sh -c 'cd "$0"; exec "$@"' "$workdir" \
  setpriv --reuid="$uid" --regid="$gid" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
`;

function startInNamespaces(image: Image, { commandLine, env, ids }: ContainerProcess): RunningProgram {
  const scriptArgs = [image.folder, process.execPath, image.workdir, String(ids.uid), String(ids.gid)];
  const arguments_ = [
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    'sh',
    '-c',
    namespaceScript,
    'sh',
    ...scriptArgs,
    ...commandLine,
  ];
  const unshare = startProgram('unshare', arguments_, { env });
  const kill = (signal: NodeJS.Signals) => {
    const innerPid = Number(readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, 'utf8').trim());
    if (innerPid > 0) process.kill(innerPid, signal);
  };
  return { ...unshare, kill: (signal) => ignoreMissingProcess(() => kill(signal)) };
}

/** Paths in the image are paths in its folder here. */
function startAsOtherUser(image: Image, { commandLine, env, ids }: ContainerProcess): RunningProgram {
  const toHostPath = (text: string) => (text.startsWith(`${image.workdir}/`) ? join(image.folder, text) : text);
  const [program = '', ...arguments_] = commandLine.map(toHostPath);
  const hostEnv = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, toHostPath(value)]));
  return startProgram(program === 'node' ? process.execPath : program, arguments_, {
    env: { ...hostEnv, TMPDIR: join(image.folder, 'tmp') },
    cwd: join(image.folder, image.workdir),
    ...(process.getuid?.() === 0 ? ids : {}),
  });
}

function ignoreMissingProcess(action: () => void): void {
  try {
    action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error;
  }
}
