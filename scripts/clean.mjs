// Empties an output folder, so that a deleted source never stays in a build: `node scripts/clean.mjs dist`.
import { rmSync } from 'node:fs';

const [folder] = process.argv.slice(2);
if (folder !== 'dist' && folder !== 'dist-demo') throw new Error('Usage: node scripts/clean.mjs dist|dist-demo');
rmSync(new URL(`../${folder}`, import.meta.url), { recursive: true, force: true });
