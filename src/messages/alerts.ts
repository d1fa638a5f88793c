import { type Condition, isAdoptable, type LinkSample } from '../domain/conditions.ts';
import { desiredLinkState, stateFromLinks } from '../domain/lifecycle.ts';
import { type Project, type ProjectState, stateTitles } from '../domain/project.ts';
import { type Formatter, formatDuration, pluralize, stateClause } from './format.ts';

export interface AlertTextOptions {
  readonly project: Pick<Project, 'id' | 'state' | 'definition'>;
  readonly format: Formatter;
  /** Whether a failed task's masked reason may be shown here. */
  readonly revealReasons: boolean;
}

export interface AlertText {
  /** What is so. */
  readonly headline: string;
  /** What it means, and what to do. */
  readonly advice: string;
}

/** An alert as long as it is open. */
export function alertText(finding: Condition, options: AlertTextOptions): AlertText {
  const sentence = sentences[finding.kind] as (finding: Condition, options: AlertTextOptions) => AlertText;
  return sentence(finding, options);
}

/** What a finding is called in a list: `links run although they should be paused`. */
export function alertTitle(kind: Condition['kind']): string {
  return titles[kind];
}

export interface ResolvedAlertFacts {
  readonly project: Pick<Project, 'id' | 'state' | 'by'>;
  readonly format: Formatter;
  /** Null: not known. */
  readonly durationMs: number | null;
}

/** An alert that is over. True for ever: it says what was, and what ended it where that is not plain. */
export function resolvedAlertText(
  kind: Condition['kind'],
  { project, format, durationMs }: ResolvedAlertFacts,
): string {
  const { id, state, by } = project;
  const durationPhrase = durationMs === null ? '' : ` for ${formatDuration(durationMs)}`;
  if (kind === 'project_failed') {
    const how = state === 'running' ? `until it was restored by ${format.person(by)}` : 'it has been restored since';
    return `${id} was Failed${durationPhrase}, ${how}`;
  }
  return `${id}: ${pastTitles[kind]}${durationPhrase === '' ? '' : `,${durationPhrase}`}. ${closingSentence(kind, state)}`;
}

function closingSentence(kind: Condition['kind'], state: ProjectState): string {
  if (runningOnlyKinds.has(kind) && state !== 'running') return `It was stopped then; it is ${stateTitles[state]} now.`;
  if (kind.startsWith('log_') && (state === 'paused' || state === 'failed')) return 'A newer reminder follows.';
  return 'That is over.';
}

/** What only a Running project can be told of. */
const runningOnlyKinds: ReadonlySet<Condition['kind']> = new Set(['no_worker', 'latency', 'tasks_failed']);

/** What an alert was about, in a sentence: `the alert is over: links ran although they should have been paused`. */
export function pastAlertTitle(kind: Condition['kind']): string {
  return pastTitles[kind];
}

type Sentences = {
  readonly [Kind in Condition['kind']]: (
    finding: Extract<Condition, { kind: Kind }>,
    options: AlertTextOptions,
  ) => AlertText;
};

const sentences: Sentences = {
  project_failed: ({ failure }, { project, format, revealReasons }) => {
    const where = failure === null ? '' : ` on ${format.link(failure.link)}`;
    const reason = failure === null || !revealReasons ? '' : `: ${format.text(failure.reason, 400)}`;
    const links = pluralize(project.definition.links.length, 'link');
    return {
      headline: `${stateClause(project.id, 'failed')}: a task failed${where}${reason}`,
      advice: `syncbot pauses its ${links}, so that later tasks wait for it. Mend what failed, then restore it.`,
    };
  },
  unexpectedly_running: ({ links, cause }, options) => ({
    headline: `${summarizeSample(links, options)} ${verbRun(links)} although ${stateClause(options.project.id, options.project.state)}`,
    advice:
      cause === 'resumed'
        ? `Somebody resumed ${pronoun(links)} from outside syncbot, and tasks are being worked on. Re-apply pauses ${pronoun(links)} again${adoptHint(links, options)}.`
        : `syncbot could not pause ${pronoun(links)} yet, and goes on trying; tasks are being worked on. Look whether their Redis takes writes.`,
  }),
  pause_ignored: ({ links }, options) => ({
    headline: `${summarizeSample(links, options)} of ${options.project.id} ${verbBe(links)} paused, and a worker has taken tasks all the same, within the last 5 min`,
    advice:
      'Its worker does not heed the pause, as one of BullMQ 4 does: stop that worker, and upgrade it to BullMQ 5 or newer.',
  }),
  unexpectedly_paused: ({ paused, deleted }, options) => ({
    headline: [
      ...(paused.total > 0
        ? [
            `${summarizeSample(paused, options)} ${verbBe(paused)} paused although ${stateClause(options.project.id, options.project.state)}`,
          ]
        : []),
      ...(deleted.total > 0
        ? [`${summarizeSample(deleted, options)} of ${options.project.id}: the queue is gone`]
        : []),
    ].join('; '),
    advice:
      paused.total > 0
        ? `Somebody paused ${pronoun(paused)} from outside syncbot, and tasks wait. Re-apply resumes ${pronoun(paused)}${adoptHint(paused, options)}.`
        : 'Somebody removed it, and its tasks with it. Let its owner create it again, or press Re-apply to go on without it.',
  }),
  queue_created: ({ links }, options) => ({
    headline: `${summarizeSample(links, options)} of ${options.project.id} ${links.total === 1 ? 'has' : 'have'} appeared`,
    advice:
      desiredLinkState(options.project.state) === 'paused'
        ? `syncbot keeps ${pronoun(links)} paused, since ${stateClause(options.project.id, options.project.state)}; nothing has to be done.`
        : `${stateClause(options.project.id, options.project.state)}, so tasks are taken from now on; nothing has to be done.`,
  }),
  no_worker: ({ noWorker, overdue }, options) => ({
    headline: [
      ...(noWorker.total > 0
        ? [`no worker is connected to ${summarizeSample(noWorker, options)} of ${options.project.id}`]
        : []),
      ...(overdue.total > 0
        ? [
            `nobody takes the delayed tasks of ${summarizeSample(overdue, options)} of ${options.project.id} that are due`,
          ]
        : []),
    ].join('; '),
    advice: 'Whatever comes there waits. Start the workers, or look at what they are doing.',
  }),
  latency: ({ latencyMs, limitMs }, { project }) => ({
    headline: `${project.id} is behind by ${formatDuration(latencyMs)}, more than ${formatDuration(limitMs)}`,
    advice: 'Its oldest task has waited that long. Look at its workers and at what its target takes.',
  }),
  tasks_failed: ({ count, failure }, { project, format, revealReasons }) => {
    const reason = revealReasons ? `: ${format.text(failure.reason, 400)}` : '';
    return {
      headline: `${pluralize(count, 'task')} of ${project.id} failed, the oldest on ${format.link(failure.link)}${reason}`,
      advice: 'It goes on, as onFailure: continue says. Mend what failed; a pause and a restore put failed tasks back.',
    };
  },
  log_retention_50: ({ until }, options) => logRetentionText(until, options, 'Half of the time is over.'),
  log_retention_80: ({ until }, options) => logRetentionText(until, options, 'Most of the time is over.'),
  log_retention_100: ({ until }, { project, format }) => ({
    headline: `${stateClause(project.id, project.state)}, and its source has kept its log until ${format.time(until)}`,
    advice: 'A restore may not find everything any more: check the source before you restore it.',
  }),
};

function logRetentionText(until: number, { project, format }: AlertTextOptions, part: string): AlertText {
  return {
    headline: `${stateClause(project.id, project.state)}, and its source keeps its log until ${format.time(until)}`,
    advice: `${part} Restore it before then, or a restore will not find everything any more.`,
  };
}

const titles: Readonly<Record<Condition['kind'], string>> = {
  project_failed: 'a task failed',
  unexpectedly_running: 'links run although they should be paused',
  pause_ignored: 'a worker does not heed the pause',
  unexpectedly_paused: 'links differ from its state',
  queue_created: 'a queue has appeared',
  no_worker: 'nobody works on its tasks',
  latency: 'it is too far behind',
  tasks_failed: 'tasks have failed',
  log_retention_50: "half of its source's log time is over",
  log_retention_80: "most of its source's log time is over",
  log_retention_100: "its source's log time is over",
};

const pastTitles: Readonly<Record<Condition['kind'], string>> = {
  project_failed: 'it was Failed',
  unexpectedly_running: 'links ran although they should have been paused',
  pause_ignored: 'a worker did not heed the pause',
  unexpectedly_paused: 'links differed from its state',
  queue_created: 'a queue appeared',
  no_worker: 'nobody worked on its tasks',
  latency: 'it was too far behind',
  tasks_failed: 'tasks had failed',
  log_retention_50: "its source's log was running out",
  log_retention_80: "its source's log was running out",
  log_retention_100: "its source's log had run out",
};

/** `2 links (a, b)`: a few by name. */
function summarizeSample({ total, first }: LinkSample, { format }: AlertTextOptions): string {
  const names = first.map(format.link).join(', ');
  return total === 1 ? names : `${pluralize(total, 'link')} (${names}${total > first.length ? ', …' : ''})`;
}

function verbRun({ total }: LinkSample): string {
  return total === 1 ? 'runs' : 'run';
}

function pronoun({ total }: LinkSample): string {
  return total === 1 ? 'it' : 'them';
}

/** Only where the links tell one state. */
function adoptHint(links: LinkSample, { project }: AlertTextOptions): string {
  if (!isAdoptable(project, links)) return '';
  return `; Adopt makes the project ${stateTitles[stateFromLinks(desiredLinkState(project.state))]}`;
}

function verbBe({ total }: LinkSample): string {
  return total === 1 ? 'is' : 'are';
}
