// Makes the program executable in the tarball: npm sets this bit at the install, but unpacking by hand does not.
import { chmodSync } from 'node:fs';

chmodSync(new URL('../dist/main.js', import.meta.url), 0o755);
