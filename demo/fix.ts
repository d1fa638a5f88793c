import { formatDemoCommand } from './arguments.ts';
import { DemoError } from './errors.ts';
import { findDemoProject } from './projects.ts';
import { withRunningDemo } from './running-demo.ts';
import { fixRefusedRows } from './tables.ts';

export interface FixOptions {
  /** The port of the running demo's local Slack. */
  readonly port: number;
  readonly project: string;
  readonly print: (text: string) => void;
}

/** Repairs the rows that a project's target refuses. */
export async function fix({ port, project, print }: FixOptions): Promise<void> {
  const demoProject = findDemoProject(project);
  if (demoProject === null) throw new DemoError(2, `The demo has no project "${project}".`);
  await withRunningDemo(port, async (redis) => {
    let isRepaired = false;
    for (const { queue } of demoProject.links) {
      const rows = await fixRefusedRows(redis, { project, link: queue });
      if (rows.length === 0) continue;
      isRepaired = true;
      const are = rows.length === 1 ? `row ${rows.join()} fits` : `rows ${rows.join(', ')} fit`;
      print(`${queue}: ${are} into the target now, because its column is wide enough.`);
    }
    const nextCommand = formatDemoCommand(port, `compare ${project}`);
    print(
      isRepaired
        ? `Next, as alice or bob in #sync: /sync restore ${project}. Then: ${nextCommand}`
        : `${project}: nothing to repair, the target refuses no row.`,
    );
  });
}
