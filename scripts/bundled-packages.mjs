import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Finds the packages whose modules a build contains, sorted by name: `{ name, version, license, text }`. The text is that of their
 * licence file, or null.
 */
export function findBundledPackages(moduleIds) {
  const folders = new Set(moduleIds.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []));
  return [...folders]
    .map(readPackage)
    .sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version));
}

function readPackage(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  return { name, version, license, text: file === undefined ? null : readFileSync(join(folder, file), 'utf8').trim() };
}

/** The licences of the packages as one text. Throws if a package names no licence. */
export function formatLicences(packages) {
  const sections = packages.map(({ name, version, license, text }) => {
    if (typeof license !== 'string') throw new Error(`${name} ${version} names no licence in its package.json`);
    return [`${name} ${version} (${license})`, ...(text === null ? [] : [text])].join('\n\n');
  });
  return `syncbot contains these packages.\n\n${sections.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
