// Copies the Lua scripts of `src`, which the compiled modules read from the folder `lua` beside them.
import { cpSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sourceFolder = fileURLToPath(new URL('../src', import.meta.url));

/** Copies the scripts to `<outputFolder>/lua`, beside the modules of a bundle. Throws if two scripts have one name. */
export function copyLuaFlat(outputFolder) {
  for (const script of luaScripts()) {
    const target = join(outputFolder, 'lua', basename(script));
    cpSync(join(sourceFolder, script), target, { errorOnExist: true, force: false });
  }
}

/** Copies each script to the same place below the output folder, beside the modules that tsc has compiled. */
export function copyLua(outputFolder) {
  for (const script of luaScripts()) cpSync(join(sourceFolder, script), join(outputFolder, script));
}

function luaScripts() {
  return readdirSync(sourceFolder, { recursive: true }).filter((path) => path.endsWith('.lua'));
}

const [outputFolder] = process.argv.slice(2);
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (outputFolder === undefined) throw new Error('Usage: node scripts/copy-lua.mjs <output folder>');
  copyLua(outputFolder);
}
