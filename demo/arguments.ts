import { closestMatch } from '../src/lib/closest-match.ts';
import { DemoError } from './errors.ts';
import { demoProjects, findDemoProject } from './projects.ts';

export type DemoCommand =
  | { readonly kind: 'run' | 'help' }
  | { readonly kind: 'fix' | 'break'; readonly project: string }
  /** `project` is null if the user named none: all projects are compared. */
  | { readonly kind: 'compare'; readonly project: string | null };

export const helpText = `Starts a Slack workspace in your browser, four projects with real queues, and syncbot.

  npm run demo                       start the demo; Ctrl-C ends everything
  npm run demo -- fix payments       repair the rows that the target of payments refuses
  npm run demo -- break payments     make its target refuse rows again; any other project is possible, too
  npm run demo -- compare [project]  print whether each target equals its source (exit code 0) or not (1)
  npm run demo -- --help             print this text

DEMO_SLACK_PORT is the port of the workspace (default 3000). fix, break and compare find the running demo by this port.
compare waits up to 30 s for tasks in flight. A project that is not Running transfers no changes: its targets stay
behind until you start or restore it.
The demo leaves no files behind, except a redis-server that it downloads once if none is installed.`;

/** @throws {DemoError} if an argument is unknown or missing. */
export function parseArguments(args: readonly string[]): DemoCommand {
  if (args.some((arg) => ['--help', '-h', 'help'].includes(arg))) return { kind: 'help' };
  const [command, project = null, extraArg] = args;
  if (command === undefined) return { kind: 'run' };
  if (command !== 'fix' && command !== 'break' && command !== 'compare') {
    throw usageError(
      `Unknown command "${command}"`,
      'use fix, break, compare or --help, or no argument to start the demo.',
    );
  }
  if (extraArg !== undefined) throw usageError(`Unknown argument "${extraArg}"`, `${command} takes one project.`);
  if (project !== null && findDemoProject(project) === null) throw unknownProject(project);
  if (command === 'compare') return { kind: 'compare', project };
  if (project === null) throw usageError('The project is missing', `use \`npm run demo -- ${command} payments\`.`);
  return { kind: command, project };
}

const defaultSlackPort = 3_000;

/** @throws {DemoError} if `DEMO_SLACK_PORT` is not a port. */
export function parseSlackPort(text = ''): number {
  if (text.trim() === '') return defaultSlackPort;
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw usageError('DEMO_SLACK_PORT is not a port', `set it to a number from 1 to 65535, such as ${defaultSlackPort}.`);
}

/** Returns the shell command that runs the demo on this port with these arguments. */
export function formatDemoCommand(port: number, args: string): string {
  const variable = port === defaultSlackPort ? '' : `DEMO_SLACK_PORT=${port} `;
  return `${variable}npm run demo -- ${args}`;
}

function unknownProject(project: string): DemoError {
  const projectIds = demoProjects.map(({ id }) => id);
  const match = closestMatch(project, projectIds);
  const hint = match === null ? `the demo's projects are ${projectIds.join(', ')}.` : `did you mean ${match}?`;
  return usageError(`Unknown project "${project}"`, hint);
}

function usageError(problem: string, hint: string): DemoError {
  return new DemoError(2, `${problem}: ${hint}`);
}
