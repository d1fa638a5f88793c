import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  findDebianTools,
  findOnPath,
  type ProcessEnvironment,
  programFolder,
  unpackDebianPackages,
} from '../../demo/debian-packages.ts';

const execFileAsync = promisify(execFile);

/** A program that tests run, and the Debian package that has it in `usr/bin`. */
export interface DebianProgram {
  readonly program: string;
  readonly packageName: string;
}

/**
 * Finds a program on PATH, else in syncbot's cache folder. Otherwise unpacks its Debian package into the cache folder, which
 * needs no root. Only for a program that needs no other package.
 * @throws if there is none: a test without its program must fail.
 */
export async function findDebianProgram(
  { program, packageName }: DebianProgram,
  env: ProcessEnvironment = process.env,
): Promise<string> {
  const installed = await findOnPath(program, env);
  if (installed !== undefined) return installed;
  const folder = await programFolder(packageName, env);
  const path = join(folder, 'usr/bin', program);
  if (await runs(path)) return path;
  const tools = await findDebianTools(env);
  const advice = `install it with \`sudo apt-get install ${packageName}\``;
  if (tools === undefined) throw new Error(`${program} is not on PATH: ${advice}`);
  await unpackDebianPackages({
    tools,
    env,
    packages: [packageName],
    withDependencies: false,
    folder,
    isUsable: (unpackedFolder) => runs(join(unpackedFolder, 'usr/bin', program)),
  }).catch((cause: unknown) => {
    throw new Error(`${program} is not on PATH and could not be unpacked from the Debian packages: ${advice}`, {
      cause,
    });
  });
  return path;
}

const runs = (path: string): Promise<boolean> =>
  execFileAsync(path, ['--version'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
