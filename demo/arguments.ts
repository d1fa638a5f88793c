import { closestMatch } from '../src/lib/closest-match.ts';
import { DemoError } from './demo-error.ts';
import { demoProjects, findDemoProject } from './projects.ts';

export type DemoCommand =
  | { readonly kind: 'run' | 'help' }
  | { readonly kind: 'fix'; readonly project: string }
  /** Null: every project. */
  | { readonly kind: 'compare'; readonly project: string | null };

const projectIds = demoProjects.map(({ id }) => id);

/** @throws {DemoError} one sentence for words that mean nothing here. */
export function parseArguments(args: readonly string[]): DemoCommand {
  if (args.some((word) => ['--help', '-h', 'help'].includes(word))) return { kind: 'help' };
  const [word, project = null, ...extraArgs] = args;
  if (word === undefined) return { kind: 'run' };
  if (word !== 'fix' && word !== 'compare')
    throw unknownArgument(`"${word}"`, 'use fix, compare or --help, or nothing to start it');
  if (extraArgs[0] !== undefined) throw unknownArgument(`"${extraArgs[0]}"`, `${word} takes one project`);
  if (project !== null && findDemoProject(project) === null) {
    const similar = closestMatch(project, projectIds);
    const hint = similar === null ? `its projects are ${projectIds.join(', ')}` : `did you mean ${similar}?`;
    throw unknownArgument(`a project "${project}"`, hint);
  }
  if (word === 'compare') return { kind: 'compare', project };
  if (project === null) throw new DemoError(2, 'Say which project to fix: `npm run demo -- fix payments`.');
  return { kind: 'fix', project };
}

function unknownArgument(argument: string, hint: string): DemoError {
  return new DemoError(2, `The demo does not know ${argument}: ${hint}${hint.endsWith('?') ? '' : '.'}`);
}
