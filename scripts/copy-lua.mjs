// Copies every src/**/*.lua to the same place below an output folder: `node scripts/copy-lua.mjs dist`.
// tsc emits only JavaScript, and the compiled modules read their scripts relative to import.meta.url.
import { cpSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [outputFolder] = process.argv.slice(2);
if (outputFolder === undefined) throw new Error('Usage: node scripts/copy-lua.mjs <output folder>');

const sourceFolder = fileURLToPath(new URL('../src', import.meta.url));
const scripts = readdirSync(sourceFolder, { recursive: true }).filter((path) => path.endsWith('.lua'));
for (const script of scripts) cpSync(join(sourceFolder, script), join(resolve(outputFolder), script));
