import { formatDemoCommand } from './arguments.ts';
import { DemoError } from './errors.ts';
import { findDemoProject } from './projects.ts';
import { withRunningDemo } from './running-demo.ts';
import { setColumnLimit } from './tables.ts';

export interface BreakOptions {
  /** The port of the running demo's local Slack. */
  readonly port: number;
  readonly project: string;
  readonly print: (text: string) => void;
}

/** Nine of ten values of the sources are longer. */
const narrowColumn = { column: 'amount', width: 6 };

/** Makes a column of a project's target so narrow that the target refuses one of the next changes. */
export async function breakProject({ port, project, print }: BreakOptions): Promise<void> {
  const link = findDemoProject(project)?.links.at(-1);
  if (link === undefined) throw new DemoError(2, `The demo has no project "${project}".`);
  await withRunningDemo(port, (redis) => setColumnLimit(redis, { project, link: link.queue }, narrowColumn));
  print(
    `${link.queue}: the target refuses values of more than ${narrowColumn.width} characters now.\n` +
      `If ${project} is Running, it becomes Failed within seconds, and #sync gets an alert.\n` +
      `Next: ${formatDemoCommand(port, `fix ${project}`)}. Then, as alice or bob in #sync: /sync restore ${project}`,
  );
}
