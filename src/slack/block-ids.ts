import type { ProjectId } from '../domain/project.ts';
import { readProjectId } from './button-values.ts';

/** A block id. It differs for each version of a message, as Slack requires. */
export function blockId(part: string, ...version: readonly (string | number)[]): string {
  return ['sync', part, ...version].join(':').slice(0, 255);
}

/** The block id of the text of a message about one project. The message shortcut reads the project from it. */
export function projectBlockId(project: ProjectId, ...version: readonly (string | number)[]): string {
  return blockId('project', project, ...version);
}

/** Returns the project in a block id, or null. */
export function readProjectBlockId(id: unknown): ProjectId | null {
  const [, project] = typeof id === 'string' ? (/^sync:project:([^:]+)(?::|$)/.exec(id) ?? []) : [];
  return readProjectId(project);
}
