import { explain } from '../../domain/explain.ts';
import type { Operation, Outcome } from '../../domain/operation.ts';
import type { Action, Project } from '../../domain/project.ts';
import { actionWords, count, duration } from '../../domain/words.ts';
import { actionsRow, type Message, section, showButton } from '../blocks.ts';
import { blockId } from '../contract.ts';
import { shorten } from '../mrkdwn.ts';
import { dotted, linkList, reasonPhrase, type Scene, title } from './phrases.ts';

export interface OutcomeView extends Scene {
  /** As it stands now; null when it has been removed. */
  readonly project: Project | null;
  readonly operation: Operation;
}

/** A first line that says it all, and lines that add to it; `ask` offers a look at the project. */
interface Told {
  readonly headline: string;
  readonly more: readonly string[];
  readonly ask: boolean;
}

/** How an operation stands, in one message: always from the operation and the project as they are now (design 2.6). */
export function buildOutcome(view: OutcomeView): Message {
  const { operation } = view;
  const { headline, more, ask } = told(view);
  const id = operation.project;
  const bold = headline.startsWith(`${id} `) ? `*${id}*${headline.slice(id.length)}` : headline;
  const row = actionsRow(blockId('outcome', operation.id, operation.seq), [showButton(id)]);
  return {
    text: shorten([headline, ...more].join('\n'), 2_900),
    blocks: [section(shorten([bold, ...more].join('\n'), 2_900)), ...(ask && view.project !== null ? [row] : [])],
  };
}

function told(view: OutcomeView): Told {
  const { operation, voice } = view;
  switch (operation.state) {
    case 'requested':
      return { headline: `${operation.project} waits for OK or Cancel`, more: [], ask: false };
    case 'confirmed':
    case 'running':
      return { headline: dotted(underWay(operation), credit(view)), more: [], ask: false };
    case 'done':
      return done(view);
    case 'refused':
      return notDone(
        view,
        operation.refusal === null ? 'Nothing was changed.' : explain(operation.refusal, voice, view.now),
      );
    case 'failed':
      return failed(view);
    case 'cancelled':
      return dropped(operation, 'Cancelled.', `Nothing was changed.`);
    case 'expired':
      return dropped(operation, 'Expired before OK was pressed.', `Nothing was changed. ${again(view)}`);
    case 'superseded':
      return dropped(operation, 'Replaced by a newer request.', 'Nothing was changed by this one.');
  }
}

function underWay({ action, project, progress }: Operation): string {
  const doing = `${actionWords[action].doing} ${project}…`;
  return progress === null || progress.total === 0
    ? doing
    : `${doing} ${progress.done} of ${count(progress.total, 'link')}`;
}

function done(view: OutcomeView): Told {
  const { operation, project } = view;
  const { outcome, toState, project: id } = operation;
  const links = outcome === null ? null : count(outcome.linksDone, 'link');
  const stands = project !== null && (toState === null || project.state === toState);
  const headline = stands
    ? dotted(`${id} is ${title(project.state)}`, links, credit(view))
    : dotted(`${id} was ${actionWords[operation.action].done}`, links, credit(view));
  return { headline, more: [...effects(operation.action, outcome, stands), ...movedOn(view, stands)], ask: false };
}

/** What there is to say beside the state: tasks put back, tasks still in flight, links without a queue. */
function effects(action: Action, outcome: Outcome | null, stands: boolean): string[] {
  if (outcome === null) return [];
  const { putBack, inFlight, missing } = outcome;
  const finishing =
    inFlight === null ? 'how many tasks are still finishing is unknown' : `${count(inFlight, 'task')} still finishing`;
  return [
    ...(putBack > 0 ? [`${count(putBack, 'failed task')} put back, to run before newer ones`] : []),
    ...(action === 'pause' && stands && inFlight !== 0 ? [finishing] : []),
    ...(missing.length > 0 ? [`No such queue: ${linkList(missing)}`] : []),
  ];
}

function movedOn({ project, operation, voice, now }: OutcomeView, stands: boolean): string[] {
  if (project === null) return [`${operation.project} has been removed since then`];
  if (stands) return [];
  return [`It is ${title(project.state)} now, for ${duration(now - project.since)}, by ${voice.person(project.by)}`];
}

function notDone(view: OutcomeView, why: string): Told {
  const { operation } = view;
  const headline = dotted(`${operation.project} was not ${actionWords[operation.action].done}`, credit(view));
  return { headline, more: [why], ask: true };
}

/** Some links were not reached: how far it got, and whether converge is still at it. */
function failed(view: OutcomeView): Told {
  const { operation, project, voice, now } = view;
  const { outcome, action, refusal } = operation;
  const verb = actionWords[action].done;
  if (outcome === null)
    return notDone(view, refusal === null ? 'Not every link was reached.' : explain(refusal, voice, now));
  const reached = `${outcome.linksDone} of ${count(outcome.linksTotal, 'link')} ${verb}`;
  const trying = project !== null && project.convergedVersion < project.version;
  const stands = project !== null && project.state === (operation.toState ?? 'failed');
  const rest = outcome.unreachable.length === 0 ? null : `${linkList(outcome.unreachable)} not reached`;
  const state = stands
    ? `${operation.project} is ${title(project.state)}`
    : `${operation.project} was not wholly ${verb}`;
  const since = !stands ? null : trying ? 'still trying' : 'all links agree with that by now';
  return {
    headline: dotted(state, `${[reached, rest, since].filter((part) => part !== null).join(', ')}`, credit(view)),
    more: [
      ...(refusal === null ? [] : [explain(refusal, voice, now)]),
      ...effects(action, outcome, stands),
      ...movedOn(view, stands),
    ],
    ask: true,
  };
}

function dropped({ action, project }: Operation, what: string, consequence: string): Told {
  return { headline: `${project} was not ${actionWords[action].done}. ${what}`, more: [consequence], ask: false };
}

function again({ operation: { action, project }, voice }: OutcomeView): string {
  return `Ask again with ${voice.command(`${action} ${project}`)}.`;
}

/** `by @alice · we deploy`. */
function credit({ operation: { by, reason }, voice }: OutcomeView): string {
  return dotted(`by ${voice.person(by)}`, reasonPhrase(reason));
}
