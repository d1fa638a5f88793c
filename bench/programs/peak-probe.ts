// Loaded before a command that ends by itself. Writes the peak of its memory, in bytes, to the file that PEAK_RSS_FILE names.
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  const file = process.env['PEAK_RSS_FILE'];
  if (file !== undefined) writeFileSync(file, String(process.resourceUsage().maxRSS * 1_024));
});
