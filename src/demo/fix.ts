import { DemoFault } from './demo-fault.ts';
import { demoProject } from './projects.ts';
import { withRunningDemo } from './running-demo.ts';
import { demoCommand } from './slack-port.ts';
import { fixRefusedRows } from './tables.ts';

export interface FixOptions {
  readonly port: number;
  readonly project: string;
  readonly say: (text: string) => void;
}

/** Mends the rows that a project's target refuses. Answers with the exit code. */
export async function fix({ port, project, say }: FixOptions): Promise<number> {
  const found = demoProject(project);
  if (found === null) throw new DemoFault(2, `The demo has no project "${project}".`);
  await withRunningDemo(port, async (redis) => {
    const mended: string[] = [];
    for (const { queue, limit } of found.links) {
      const rows = await fixRefusedRows(redis, { project, link: queue });
      const column = limit === undefined ? '' : ` (column ${limit.column} is wide enough now)`;
      if (rows.length > 0) mended.push(`${queue}: row ${rows.join(', ')} fits into the target now${column}.`);
    }
    if (mended.length === 0) say(`${project}: nothing to mend, the target refuses no row.`);
    for (const sentence of mended) say(sentence);
    if (mended.length > 0)
      say(`Next, as alice or bob in #sync: /sync restore ${project}. Then: ${demoCommand(port, `compare ${project}`)}`);
  });
  return 0;
}
