import { type Finding, isAdoptable, type SomeLinks } from './finding.ts';
import { linksWanted, stateOfLinks } from './lifecycle.ts';
import { type Project, type ProjectState, stateTitles } from './project.ts';
import { count, duration, stateClause, type Voice } from './words.ts';

export interface AlertSaid {
  readonly project: Pick<Project, 'id' | 'state' | 'definition'>;
  readonly voice: Voice;
  /** Whether a failed task's masked reason may be shown here. */
  readonly revealReasons: boolean;
}

export interface AlertWords {
  /** What is so. */
  readonly headline: string;
  /** What it means, and what to do. */
  readonly advice: string;
}

/** An alert as long as it is open. */
export function alertWords(finding: Finding, said: AlertSaid): AlertWords {
  const sentence = sentences[finding.kind] as (finding: Finding, said: AlertSaid) => AlertWords;
  return sentence(finding, said);
}

/** What a finding is called in a list: `links run although they should be paused`. */
export function alertTitle(kind: Finding['kind']): string {
  return titles[kind];
}

export interface AlertOverSaid {
  readonly project: Pick<Project, 'id' | 'state' | 'by'>;
  readonly voice: Voice;
  /** Null: not known. */
  readonly lastedMs: number | null;
}

/** An alert that is over. True for ever: it says what was, and what ended it where that is not plain. */
export function alertOverWords(kind: Finding['kind'], { project, voice, lastedMs }: AlertOverSaid): string {
  const { id, state, by } = project;
  const lasted = lastedMs === null ? '' : ` for ${duration(lastedMs)}`;
  if (kind === 'failed') {
    const how = state === 'running' ? `until it was restored by ${voice.person(by)}` : 'it has been restored since';
    return `${id} was Failed${lasted}, ${how}`;
  }
  return `${id}: ${pastTitles[kind]}${lasted === '' ? '' : `,${lasted}`}. ${endOf(kind, state)}`;
}

function endOf(kind: Finding['kind'], state: ProjectState): string {
  if (whileRunning.has(kind) && state !== 'running') return `It was stopped then; it is ${stateTitles[state]} now.`;
  if (kind.startsWith('log_') && (state === 'paused' || state === 'failed')) return 'A newer reminder follows.';
  return 'That is over.';
}

/** What only a Running project can be told of. */
const whileRunning: ReadonlySet<Finding['kind']> = new Set(['unattended', 'latency', 'failures']);

/** What an alert was about, in a sentence: `the alert is over: links ran although they should have been paused`. */
export function alertPastTitle(kind: Finding['kind']): string {
  return pastTitles[kind];
}

type Sentences = {
  readonly [Kind in Finding['kind']]: (finding: Extract<Finding, { kind: Kind }>, said: AlertSaid) => AlertWords;
};

const sentences: Sentences = {
  failed: ({ failure }, { project, voice, revealReasons }) => {
    const where = failure === null ? '' : ` on ${voice.link(failure.link)}`;
    const reason = failure === null || !revealReasons ? '' : `: ${voice.text(failure.reason, 400)}`;
    const links = count(project.definition.links.length, 'link');
    return {
      headline: `${stateClause(project.id, 'failed')}: a task failed${where}${reason}`,
      advice: `syncbot pauses its ${links}, so that later tasks wait for it. Mend what failed, then restore it.`,
    };
  },
  loose: ({ links, cause }, said) => ({
    headline: `${linksOf(links, said)} ${run(links)} although ${stateClause(said.project.id, said.project.state)}`,
    advice:
      cause === 'resumed'
        ? `Somebody resumed ${them(links)} from outside syncbot, and tasks are being worked on. Re-apply pauses ${them(links)} again${adoptWords(links, said)}.`
        : `syncbot could not pause ${them(links)} yet, and goes on trying; tasks are being worked on. Look whether their Redis takes writes.`,
  }),
  not_held: ({ links }, said) => ({
    headline: `${linksOf(links, said)} of ${said.project.id} ${is(links)} paused, and a worker has taken tasks all the same, within the last 5 min`,
    advice:
      'Its worker does not heed the pause, as one of BullMQ 4 does: stop that worker, and upgrade it to BullMQ 5 or newer.',
  }),
  drift: ({ paused, vanished }, said) => ({
    headline: [
      ...(paused.total > 0
        ? [`${linksOf(paused, said)} ${is(paused)} paused although ${stateClause(said.project.id, said.project.state)}`]
        : []),
      ...(vanished.total > 0 ? [`${linksOf(vanished, said)} of ${said.project.id}: the queue is gone`] : []),
    ].join('; '),
    advice:
      paused.total > 0
        ? `Somebody paused ${them(paused)} from outside syncbot, and tasks wait. Re-apply resumes ${them(paused)}${adoptWords(paused, said)}.`
        : 'Somebody removed it, and its tasks with it. Let its owner create it again, or press Re-apply to go on without it.',
  }),
  appeared: ({ links }, said) => ({
    headline: `${linksOf(links, said)} of ${said.project.id} ${links.total === 1 ? 'has' : 'have'} appeared`,
    advice:
      linksWanted(said.project.state) === 'paused'
        ? `syncbot keeps ${them(links)} paused, since ${stateClause(said.project.id, said.project.state)}; nothing has to be done.`
        : `${stateClause(said.project.id, said.project.state)}, so tasks are taken from now on; nothing has to be done.`,
  }),
  unattended: ({ noWorker, overdue }, said) => ({
    headline: [
      ...(noWorker.total > 0 ? [`no worker is connected to ${linksOf(noWorker, said)} of ${said.project.id}`] : []),
      ...(overdue.total > 0
        ? [`nobody takes the delayed tasks of ${linksOf(overdue, said)} of ${said.project.id} that are due`]
        : []),
    ].join('; '),
    advice: 'Whatever comes there waits. Start the workers, or look at what they are doing.',
  }),
  latency: ({ latencyMs, limitMs }, { project }) => ({
    headline: `${project.id} is behind by ${duration(latencyMs)}, more than ${duration(limitMs)}`,
    advice: 'Its oldest task has waited that long. Look at its workers and at what its target takes.',
  }),
  failures: ({ count: failures, failure }, { project, voice, revealReasons }) => {
    const reason = revealReasons ? `: ${voice.text(failure.reason, 400)}` : '';
    return {
      headline: `${count(failures, 'task')} of ${project.id} failed, the oldest on ${voice.link(failure.link)}${reason}`,
      advice: 'It goes on, as onFailure: continue says. Mend what failed; a pause and a restore put failed tasks back.',
    };
  },
  log_half: ({ until }, said) => logWords(until, said, 'Half of the time is over.'),
  log_most: ({ until }, said) => logWords(until, said, 'Most of the time is over.'),
  log_over: ({ until }, { project, voice }) => ({
    headline: `${stateClause(project.id, project.state)}, and its source has kept its log until ${voice.moment(until)}`,
    advice: 'A restore may not find everything any more: check the source before you restore it.',
  }),
};

function logWords(until: number, { project, voice }: AlertSaid, part: string): AlertWords {
  return {
    headline: `${stateClause(project.id, project.state)}, and its source keeps its log until ${voice.moment(until)}`,
    advice: `${part} Restore it before then, or a restore will not find everything any more.`,
  };
}

const titles: Readonly<Record<Finding['kind'], string>> = {
  failed: 'a task failed',
  loose: 'links run although they should be paused',
  not_held: 'a worker does not heed the pause',
  drift: 'links differ from its state',
  appeared: 'a queue has appeared',
  unattended: 'nobody works on its tasks',
  latency: 'it is too far behind',
  failures: 'tasks have failed',
  log_half: "half of its source's log time is over",
  log_most: "most of its source's log time is over",
  log_over: "its source's log time is over",
};

const pastTitles: Readonly<Record<Finding['kind'], string>> = {
  failed: 'it was Failed',
  loose: 'links ran although they should have been paused',
  not_held: 'a worker did not heed the pause',
  drift: 'links differed from its state',
  appeared: 'a queue appeared',
  unattended: 'nobody worked on its tasks',
  latency: 'it was too far behind',
  failures: 'tasks had failed',
  log_half: "its source's log was running out",
  log_most: "its source's log was running out",
  log_over: "its source's log had run out",
};

/** `2 links (a, b)`: a few by name. */
function linksOf({ total, first }: SomeLinks, { voice }: AlertSaid): string {
  const names = first.map(voice.link).join(', ');
  return total === 1 ? names : `${count(total, 'link')} (${names}${total > first.length ? ', …' : ''})`;
}

function run({ total }: SomeLinks): string {
  return total === 1 ? 'runs' : 'run';
}

function them({ total }: SomeLinks): string {
  return total === 1 ? 'it' : 'them';
}

/** Only where the links tell one state. */
function adoptWords(links: SomeLinks, { project }: AlertSaid): string {
  if (!isAdoptable(project, links)) return '';
  return `; Adopt makes the project ${stateTitles[stateOfLinks(linksWanted(project.state))]}`;
}

function is({ total }: SomeLinks): string {
  return total === 1 ? 'is' : 'are';
}
