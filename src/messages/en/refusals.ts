import { alternativeTo, isAction, type OperationKind, type RefusedKind } from '../../domain/lifecycle.ts';
import type { Link } from '../../domain/link.ts';
import { claimTimeoutMs } from '../../domain/operation.ts';
import type { ProjectState } from '../../domain/project-state.ts';
import type { RefusalCode, RefusalOf } from '../../domain/refusal.ts';
import { type Formatter, joinDots } from '../format.ts';
import { didYouMean, maxShownNameLength } from './commands.ts';
import { formatDuration, formatNumber, joinOr, nameAndMore } from './format.ts';
import { adoptMixedHint, lastLatency } from './past-refusals.ts';
import { pauseLimits } from './pause-limits.ts';
import { failedLines } from './precheck.ts';
import { skippedTasks } from './skipped.ts';
import { actions, buttons, nothingChanged, stateClause, states } from './terms.ts';

/**
 * What happened or holds, that nothing was changed, and what to do instead. The text stays visible, so times are clock times.
 * It begins with the project and its state.
 */
export const refusals: { readonly [Code in RefusalCode]: (refusal: RefusalOf<Code>, format: Formatter) => string } = {
  not_allowed: (refusal, format) => {
    const { project, state, since, by, action } = refusal;
    const reasons: Readonly<Record<ProjectState, Partial<Record<OperationKind, string | null>>>> = notAllowedReasons;
    const { [action]: why = 'its state has changed since' } = reasons[state];
    if (why === null)
      return `${stateClause(format.text(project), state)} already. Nothing to do. It became ${states[state]} ${format.at(since)}, by ${format.person(by)}.`;
    const instead = alternativeTo(state, action);
    const hint =
      instead === null || !isAction(instead) ? '' : ` Possible now: ${format.command(`${instead} ${project}`)}.`;
    return `${stateSince(refusal, format)}: ${why}. ${nothingChanged}${hint}`;
  },
  unknown_project: ({ project, similar }, format) =>
    `There is no project called ${format.text(project, maxShownNameLength)}. ${nothingChanged} ${similar.length === 0 ? `${format.command('list')} shows all projects.` : didYouMean(similar.map((id) => format.text(id)))}`,
  operation_active: ({ project, state, action, by, since }, format) =>
    `${stateClause(format.text(project), state)}: ${format.person(by)} asked to ${actions[action].verb} it ${format.at(since)}, and that is still in progress. ${nothingChanged} Wait until it is done, then ask again.`,
  changed: (refusal, format) =>
    `${stateSince(refusal, format)}: it or its definition changed after your request. ${nothingChanged} Check it before you ask again.`,
  claim_timeout: ({ project, action }, format) =>
    `${joinDots(format.text(project), `Not ${actions[action].done}`)}: no syncbot worker took the request within ${formatDuration(claimTimeoutMs)}, so it was refused. ${nothingChanged} Check that syncbot runs with the role worker or all, then ask again${isAction(action) ? `: ${format.command(`${action} ${project}`)}` : ''}.`,
  precheck_failed: ({ project, items }, format) =>
    // Only a project that was never started can be started.
    `${stateClause(format.text(project), 'not_started')}: its precheck fails. ${failedLines(items, format)}. ${nothingChanged} Fix that, check it with ${format.command(`precheck ${project}`)}, then start it.`,
  links_unreachable: ({ project, links }, format) =>
    `${joinDots(format.text(project), 'Not done')}: ${linkNames(links, format)} could not be reached. ${nothingChanged} Find the reason with syncbot doctor, then ask again.`,
  no_drift: ({ project, state }, format) =>
    `${stateClause(format.text(project), state)}, and its links match its state. ${nothingChanged} There is nothing to correct.`,
  adopt_mixed: ({ project, running, paused, missing }, format) => {
    const parts = [
      linksClause(running, format, 'runs', 'run'),
      linksClause(paused, format, 'is paused', 'are paused'),
      linksClause(missing, format, 'has no queue', 'have no queue'),
    ].filter((part) => part !== '');
    return `${joinDots(format.text(project), 'Not adopted')}: its links are not all in the same state: ${parts.join('; ')}. ${nothingChanged} ${adoptMixedHint}`;
  },
  not_paused: (refusal, format) =>
    `${stateSince(refusal, format)}, so there is no pause to keep or to extend. ${nothingChanged} Check it before you pause it again.`,
  no_reminder: ({ project, kept }, format) => {
    const paused = stateClause(format.text(project), 'paused');
    if (kept === null) return `${paused}, and no reminder is open. ${nothingChanged} It stays Paused.`;
    const next = kept.until === null ? 'Reminders are off.' : `The next reminder is due ${format.at(kept.until)}.`;
    return `${paused} already: ${format.person(kept.by)} kept it Paused ${format.at(kept.at)}. ${nothingChanged} ${next}`;
  },
  invalid_limit: (refusal, format) => {
    const [not, examples] =
      refusal.verb === 'extend' ? ['Not extended', '30m, 1h or 1h30m'] : ['Not paused', pauseLimits.examples];
    return `${joinDots(format.text(refusal.project), not)}: ${pauseLimits.problem(refusal, format)}. ${nothingChanged} Write it as in these examples: ${examples}.`;
  },
  limit_not_possible: ({ project, action }, format) =>
    `${joinDots(format.text(project), `Not ${actions[action].done}`)}: only a pause can have an end. ${nothingChanged} ${isAction(action) ? `Without an end: ${format.command(`${action} ${project}`)}.` : 'Ask again without an end.'}`,
  limit_above_max: ({ project, maxMs }, format) =>
    `${joinDots(format.text(project), 'Not done')}: it may stay Paused for at most ${formatDuration(maxMs)} from now (pauseMax). ${nothingChanged} Choose an earlier end.`,
  limit_passed: ({ project, until }, format) =>
    `${joinDots(format.text(project), 'Not paused')}: the pause was to end ${format.at(until)}, and it had not begun by then. ${nothingChanged} Ask again with a later end.`,
  catch_up_not_possible: ({ project, action }, format) =>
    `${joinDots(format.text(project), `Not ${actions[action].done}`)}: only a pause can wait until a project has caught up. ${nothingChanged} ${isAction(action) ? `Without that: ${format.command(`${action} ${project}`)}.` : 'Ask again without that.'}`,
  pause_waits: ({ project, by, until }, format) =>
    `${joinDots(format.text(project), 'Not done')}: ${format.person(by)} has asked already to pause it when it has caught up, and syncbot waits for that until ${format.time(until)} at the latest. ${nothingChanged} To pause it at once: ${format.command(`pause ${project}`)}.`,
  not_caught_up: (refusal, format) =>
    `${joinDots(format.text(refusal.project), 'Not paused')}: it had not caught up before ${format.time(refusal.until)}${lastLatency(refusal, format)}. ${nothingChanged} Check it with ${format.command(`show ${refusal.project}`)} before you ask again.`,
  not_waiting: ({ project }, format) =>
    `${joinDots(format.text(project), 'Not done')}: this pause does not wait any more. ${nothingChanged} Check it with ${format.command(`show ${project}`)}.`,
  deadline_moved: ({ project, by, until }, format) =>
    until === null
      ? `${stateClause(format.text(project), 'paused')}, and its pause has no end any more: ${format.person(by)} removed it. ${nothingChanged} It stays Paused until you restore it.`
      : `${stateClause(format.text(project), 'paused')}, and its pause ends ${format.at(until)}: ${format.person(by)} set that. ${nothingChanged} Check it with ${format.command(`show ${project}`)} before you change it.`,
  no_limit: ({ project }, format) =>
    `${stateClause(format.text(project), 'paused')}, and its pause has no end that could be moved. ${nothingChanged} It stays Paused until you restore it: ${format.command(`restore ${project}`)}.`,
  alert_held: ({ project, held, by, at, until }, format) => {
    const person = format.person(by);
    if (held === 'snoozed')
      return `${joinDots(format.text(project), `Snoozed by ${person} until ${format.time(until)}`)}. ${nothingChanged} It is silent until then, unless it gets worse.`;
    const taken = joinDots(format.text(project), `Taken by ${person} ${format.at(at)}`);
    return `${taken}. ${nothingChanged} Talk to ${person}, or press ${buttons.takeOver}: then you have it.`;
  },
  alert_over: () => `This alert does not fire any more. ${nothingChanged} You do not have to do anything.`,
  no_task_to_skip: ({ project }, format) =>
    `${joinDots(format.text(project), 'Not done')}: none of its failed tasks has failed again after a retry. ${nothingChanged} Possible now: ${format.command(`restore ${project}`)}.`,
  too_many_skipped: ({ project, tasks, skipped, max }, format) =>
    `${joinDots(format.text(project), 'Not done')}: it has ${skippedTasks(skipped)}, and with ${formatNumber(tasks)} more it would have more than ${formatNumber(max)}. ${nothingChanged} First retry some of them: ${format.command(`skipped ${project}`)}.`,
  task_not_found: ({ project, action, task, candidates }, format) => {
    const notDone = joinDots(format.text(project), 'Not done');
    const name = format.text(task, maxShownNameLength);
    if (candidates.length > 0) {
      const names = joinOr(candidates.slice(0, 5).map((candidate) => format.text(candidate, 100)));
      return `${notDone}: several tasks are called ${name}. ${nothingChanged} Did you mean ${names}?`;
    }
    const found =
      action === 'retry' ? `has no skipped task ${name}` : `has no failed task ${name} that a restore would retry`;
    return `${notDone}: it ${found}. ${nothingChanged} Check the name of the task.`;
  },
  not_skipped: ({ project }, format) =>
    `${joinDots(format.text(project), 'Not done')}: the task is not skipped any more, because it was retried or removed. ${nothingChanged} ${format.command(`skipped ${project}`)} shows the skipped tasks.`,
  removed: ({ project }, format) =>
    `${joinDots(format.text(project), 'Removed after your request')}. ${nothingChanged} ${format.command('list')} shows all projects.`,
  policy_unreadable: () =>
    `syncbot cannot read its stored policy, so it cannot check your permission. ${nothingChanged} Ask the administrator of syncbot to run syncbot doctor.`,
  no_operators: ({ user }, format) =>
    `syncbot has no operators yet, so no user can change projects. ${nothingChanged} The administrator of syncbot must add operators to policy.operators in syncbot.yml and run syncbot apply. Your id is ${format.text(user)}.`,
  not_operator: ({ user }, format) =>
    `You are not an operator, ${format.person(user)}: you may see projects, but not change them. ${nothingChanged}`,
  other_team: ({ user }, format) =>
    `Only members of the workspace that installed syncbot may use it. ${nothingChanged} Ask one of them. Your id is ${format.text(user)}.`,
  group_unknown: ({ user, group }, format) =>
    `syncbot could not read the members of the user group ${format.text(group)} from Slack, so it cannot check your permission. ${nothingChanged} Try again in a minute. If it does not help, ask the administrator of syncbot to check the group's id and the usergroups:read scope, or to add your id ${format.text(user)} to policy.operators.`,
  channel_not_allowed: ({ channel, allowed }, format) =>
    channel === null
      ? `Projects cannot be changed from Home. ${nothingChanged} Use ${joinOr(allowed.map(format.channel))}.`
      : `Projects cannot be changed from this channel. ${nothingChanged} Use ${joinOr(allowed.map(format.channel))}, or ask the administrator of syncbot to add this channel to policy.channels in syncbot.yml.`,
  channel_shared: () =>
    `This channel is shared with another organization, so projects cannot be changed from it. ${nothingChanged} Use a channel of your own, or ask the administrator of syncbot to add this one to policy.channels in syncbot.yml.`,
  channel_unknown: () =>
    `syncbot cannot read whether this channel is shared with another organization, so projects cannot be changed from it. ${nothingChanged} Invite syncbot and ask again, use another channel, or ask the administrator of syncbot to add this one to policy.channels in syncbot.yml.`,
  not_requester: ({ by }, format) =>
    `Only ${format.person(by)}, who made this request, can press this button. ${nothingChanged} Make your own request to get your own buttons.`,
  unknown_operation: (_refusal, format) =>
    `The request of this button does not exist any more. ${nothingChanged} Ask again: ${format.command('help')} shows how.`,
};

const waitHint = 'wait until that is done';
const reconciling = {
  reapply: `syncbot already sets its links; ${waitHint}`,
  adopt: `syncbot sets its links; ${waitHint}`,
  retry: `syncbot sets its links; ${waitHint}`,
};

/**
 * Why a state refuses an operation, as a clause after "orders is Paused, since 18:53, by @bob: ". Null if the operation would
 * lead to the state that the project has.
 */
export const notAllowedReasons: {
  readonly [State in ProjectState]: { readonly [Kind in RefusedKind<State>]: string | null };
} = {
  not_started: {
    pause: 'it was never started, so there is nothing to pause',
    restore: 'it was never started, so there is nothing to restore',
    adopt: 'it was never started; only Start makes it Running, and before that Re-apply pauses its links',
    retry: 'it was never started, so it has no skipped task',
  },
  starting: {
    ...reconciling,
    start: `it is already being started; ${waitHint}`,
    pause: `it can be paused when it is Running; ${waitHint}`,
    restore: `it is being started; ${waitHint}`,
  },
  running: {
    start: null,
    restore: null,
  },
  pausing: {
    ...reconciling,
    start: `it is being paused; ${waitHint}`,
    pause: `it is already being paused; ${waitHint}`,
    restore: `it can be restored when it is Paused; ${waitHint}`,
  },
  paused: {
    start: 'a Paused project must be restored, not started',
    pause: null,
  },
  restoring: {
    ...reconciling,
    start: `it is being restored; ${waitHint}`,
    pause: `it can be paused when it is Running; ${waitHint}`,
    restore: `it is already being restored; ${waitHint}`,
  },
  failed: {
    start: 'a Failed project must be restored, not started',
    pause: 'its links are paused already',
    adopt: 'a Failed project must be restored, not adopted, because only a restore retries the failed tasks',
  },
};

function linkNames(links: readonly Link[], format: Formatter): string {
  return nameAndMore(links.map(format.link));
}

function linksClause(links: readonly Link[], format: Formatter, singular: string, plural: string): string {
  return links.length === 0 ? '' : `${linkNames(links, format)} ${links.length === 1 ? singular : plural}`;
}

/** `orders is Paused, since 18:53, by @bob`. */
function stateSince({ project, state, since, by }: StateFacts, format: Formatter): string {
  return `${stateClause(format.text(project), state)}, since ${format.time(since)}, by ${format.person(by)}`;
}

type StateFacts = Pick<RefusalOf<'not_allowed'>, 'project' | 'state' | 'since' | 'by'>;
