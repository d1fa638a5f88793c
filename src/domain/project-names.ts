import { linkName } from './link.ts';
import type { Project } from './project.ts';

/** What a person typed for a project. */
export interface ProjectName {
  readonly text: string;
  /** The Slack channel that the person named, or null. */
  readonly channel: string | null;
}

/**
 * The projects that a name can mean, the best match first: those of the channel, or if there are none, those whose id or the
 * name of a link contains the text. A link with exactly that name and an id that begins with the text come first.
 */
export function matchProjects({ text, channel }: ProjectName, projects: readonly Project[]): Project[] {
  const ofChannel = projects.filter(({ definition }) => channel !== null && definition.channel === channel);
  if (ofChannel.length > 0) return ofChannel;
  const searched = text.toLowerCase();
  if (searched === '') return [];
  return projects
    .map((project) => ({ project, rank: rankOf(project, searched) }))
    .filter(({ rank }) => rank < noMatch)
    .sort((a, b) => a.rank - b.rank)
    .map(({ project }) => project);
}

const noMatch = 4;

function rankOf({ id, definition }: Project, searched: string): number {
  const links = definition.links.flatMap((link) => [link.queue.toLowerCase(), linkName(link).toLowerCase()]);
  if (links.includes(searched)) return 0;
  if (id.startsWith(searched)) return 1;
  if (id.includes(searched)) return 2;
  return links.some((name) => name.includes(searched)) ? 3 : noMatch;
}
