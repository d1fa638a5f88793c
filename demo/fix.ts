import { DemoError } from './demo-error.ts';
import { findDemoProject } from './projects.ts';
import { withRunningDemo } from './running-demo.ts';
import { formatDemoCommand } from './slack-port.ts';
import { fixRefusedRows } from './tables.ts';

export interface FixOptions {
  readonly port: number;
  readonly project: string;
  readonly print: (text: string) => void;
}

/** Mends the rows that a project's target refuses. Answers with the exit code. */
export async function fix({ port, project, print }: FixOptions): Promise<number> {
  const demoProject = findDemoProject(project);
  if (demoProject === null) throw new DemoError(2, `The demo has no project "${project}".`);
  await withRunningDemo(port, async (redis) => {
    const repaired: string[] = [];
    for (const { queue, columnLimit } of demoProject.links) {
      const rows = await fixRefusedRows(redis, { project, link: queue });
      const column = columnLimit === undefined ? '' : ` (column ${columnLimit.column} is wide enough now)`;
      if (rows.length > 0) repaired.push(`${queue}: row ${rows.join(', ')} fits into the target now${column}.`);
    }
    if (repaired.length === 0) print(`${project}: nothing to mend, the target refuses no row.`);
    for (const line of repaired) print(line);
    if (repaired.length > 0)
      print(
        `Next, as alice or bob in #sync: /sync restore ${project}. Then: ${formatDemoCommand(port, `compare ${project}`)}`,
      );
  });
  return 0;
}
