// Makes the program executable after a build. npm sets this bit at an install only: a build would take it from the command
// that `npm link` made, and from a tarball that is unpacked by hand.
import { chmodSync } from 'node:fs';

chmodSync(new URL('../dist/main.js', import.meta.url), 0o755);
