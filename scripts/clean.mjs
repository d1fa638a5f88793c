// Removes dist before a build: the output of a deleted source file must not stay in a release.
import { rmSync } from 'node:fs';

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
