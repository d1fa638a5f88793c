import { closest } from '../domain/similar.ts';
import { DemoFault } from './demo-fault.ts';
import { demoProject, demoProjects } from './projects.ts';

export type DemoCommand =
  | { readonly kind: 'run' | 'help' }
  | { readonly kind: 'fix'; readonly project: string }
  /** Null: every project. */
  | { readonly kind: 'compare'; readonly project: string | null };

const names = demoProjects.map(({ id }) => id);

/** @throws {DemoFault} one sentence for words that mean nothing here. */
export function parseArguments(args: readonly string[]): DemoCommand {
  if (args.some((word) => ['--help', '-h', 'help'].includes(word))) return { kind: 'help' };
  const [word, project = null, ...more] = args;
  if (word === undefined) return { kind: 'run' };
  if (word !== 'fix' && word !== 'compare')
    throw unknown(`"${word}"`, 'use fix, compare or --help, or nothing to start it');
  if (more[0] !== undefined) throw unknown(`"${more[0]}"`, `${word} takes one project`);
  if (project !== null && demoProject(project) === null) {
    const similar = closest(project, names);
    const hint = similar === null ? `its projects are ${names.join(', ')}` : `did you mean ${similar}?`;
    throw unknown(`a project "${project}"`, hint);
  }
  if (word === 'compare') return { kind: 'compare', project };
  if (project === null) throw new DemoFault(2, 'Say which project to fix: `npm run demo -- fix payments`.');
  return { kind: 'fix', project };
}

function unknown(what: string, hint: string): DemoFault {
  return new DemoFault(2, `The demo does not know ${what}: ${hint}${hint.endsWith('?') ? '' : '.'}`);
}
