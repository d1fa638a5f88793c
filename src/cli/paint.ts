import { styleText } from 'node:util';
import { attentionCause } from '../domain/attention.ts';
import type { CheckResult } from '../domain/precheck.ts';
import type { Project } from '../domain/project.ts';
import type { ProjectState } from '../domain/project-state.ts';

type Style = 'bold' | 'cyan' | 'dim' | 'green' | 'red' | 'yellow';

/** Adds a color to a text. The text has the same content without it. */
export type Paint = (style: Style, text: string) => string;

export const withoutColor: Paint = (_style, text) => text;

/** Paints only if the stream is a terminal. `NO_COLOR` and `FORCE_COLOR` have priority. */
export function createPaint(stream: NodeJS.WritableStream): Paint {
  return (style, text) => styleText(style, text, { stream, validateStream: true });
}

/** Of the state of a project, which has another color while an alert needs attention. */
export function projectStyle(project: Pick<Project, 'state' | 'alerts'>): Style {
  const cause = attentionCause(project);
  return cause === null || cause === 'failed' ? stateStyles[project.state] : 'yellow';
}

const stateStyles: Readonly<Record<ProjectState, Style>> = {
  not_started: 'dim',
  starting: 'cyan',
  running: 'green',
  pausing: 'cyan',
  paused: 'yellow',
  restoring: 'cyan',
  failed: 'red',
};

export const checkStyles: Readonly<Record<CheckResult, Style>> = { pass: 'green', fail: 'red', unknown: 'yellow' };
