// npm sets this bit when it installs; who unpacks the tarball by hand has it as well.
import { chmodSync } from 'node:fs';

chmodSync(new URL('../dist/main.js', import.meta.url), 0o755);
