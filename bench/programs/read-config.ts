// Reads the syncbot.yml that SYNCBOT_CONFIG names, and prints for how long, in ms.
import { readFileSync } from 'node:fs';
import { parseConfig } from '../../src/config/parse-config.ts';

const start = performance.now();
const { kind } = parseConfig(readFileSync(process.env['SYNCBOT_CONFIG'] ?? '', 'utf8'), {});
if (kind !== 'read') throw new Error('the file has errors');
process.stdout.write(String(performance.now() - start));
