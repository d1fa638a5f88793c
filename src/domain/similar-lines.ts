import { type HistoryLine, timesOf } from './history-lines.ts';
import type { ProjectId } from './project.ts';

export interface ProjectLine {
  readonly project: ProjectId;
  readonly line: HistoryLine;
}

/** What happened to several projects at about the same time, or to one. */
export interface SimilarLines {
  readonly newest: HistoryLine;
  /** Each project once. */
  readonly projects: readonly ProjectId[];
  /** When it happened first, epoch ms, and when the last of it ended, null while one goes on or if it has no end. */
  readonly times: { readonly from: number; readonly to: number | null };
}

/** Alerts of one cause begin together. */
const togetherMs = 5 * 60_000;

/**
 * Groups the lines of different projects that say the same and begin within five minutes of the newest one. `textOf` is null
 * for a line that is always alone. The lines are in the order of `compareLines`, and so are the groups, by their newest line.
 */
export function groupSimilarLines(
  lines: readonly ProjectLine[],
  textOf: (line: HistoryLine) => string | null,
): SimilarLines[] {
  const groups: ProjectLine[][] = [];
  const latest = new Map<string, ProjectLine[]>();
  for (const each of lines) {
    const text = textOf(each.line);
    const group = text === null ? undefined : latest.get(text);
    if (group !== undefined && belongsTo(group, each)) {
      group.push(each);
      continue;
    }
    const created = [each];
    groups.push(created);
    if (text !== null) latest.set(text, created);
  }
  return groups.flatMap(toSimilarLines);
}

function belongsTo(group: readonly ProjectLine[], { project, line }: ProjectLine): boolean {
  const [newest] = group;
  if (newest === undefined || timesOf(newest.line).from - timesOf(line).from > togetherMs) return false;
  return group.every((each) => each.project !== project);
}

function toSimilarLines(group: readonly ProjectLine[]): SimilarLines[] {
  const [first] = group;
  if (first === undefined) return [];
  const times = group.map(({ line }) => timesOf(line));
  const ends = times.map(({ to }) => to);
  const to = ends.reduce((last, end) => (last === null || end === null ? null : Math.max(last, end)));
  const from = Math.min(...times.map((each) => each.from));
  return [{ newest: first.line, projects: group.map(({ project }) => project), times: { from, to } }];
}
