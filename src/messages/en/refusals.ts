import { allowedAction, isAction, type OperationKind, type RefusedKind } from '../../domain/lifecycle.ts';
import type { Link } from '../../domain/link.ts';
import { claimTimeoutMs } from '../../domain/operation.ts';
import type { ProjectState } from '../../domain/project-state.ts';
import type { RefusalCode, RefusalOf } from '../../domain/refusal.ts';
import type { Formatter, TextContext } from '../format.ts';
import { formatDuration, summarizeNames } from './format.ts';
import { precheck } from './precheck.ts';
import { actions, nothingChanged, stateClause, states } from './terms.ts';

/** What happened or holds, that nothing was changed, and what to do instead. */
export const refusals: { readonly [Code in RefusalCode]: (refusal: RefusalOf<Code>, context: TextContext) => string } =
  {
    not_allowed: ({ project, state, since, by, action }, { format, now }) => {
      const reasons: Readonly<Record<ProjectState, Partial<Record<OperationKind, string>>>> = notAllowedReasons;
      const why = reasons[state][action] ?? 'its state has changed since';
      const instead = allowedAction(state);
      const hint = instead === null ? '' : ` Possible now: ${format.command(`${instead} ${project}`)}.`;
      return `${stateClause(format.text(project), state)}, for ${formatDuration(now - since)}, by ${format.person(by)}: ${why}. ${nothingChanged}${hint}`;
    },
    unknown_project: ({ project, similar }, { format }) => {
      const suggestion = similar === null ? '' : `Did you mean ${format.text(similar)}? `;
      return `There is no project called ${format.text(project)}. ${nothingChanged} ${suggestion}${format.command('list')} shows all projects.`;
    },
    operation_active: ({ project, state, action, by, since }, { format, now }) =>
      `${stateClause(format.text(project), state)}: ${format.person(by)} asked to ${actions[action].verb} it ${formatDuration(now - since)} ago, and that is still in progress. ${nothingChanged} Wait until it is done, then ask again.`,
    changed: ({ project, state, since, by }, { format, now }) =>
      `Not done: ${format.text(project)} or its definition changed after your request. ${nothingChanged} It is ${states[state]} now, for ${formatDuration(now - since)}, by ${format.person(by)}. Check it with ${format.command(`show ${project}`)} before you ask again.`,
    claim_timeout: ({ project, action }, { format }) =>
      `Not done: no syncbot worker took the request within ${formatDuration(claimTimeoutMs)}, so it was refused. ${nothingChanged} Check that syncbot runs with the role worker or all, then ask again: ${format.command(`${isAction(action) ? action : 'show'} ${project}`)}.`,
    precheck_failed: ({ project, items }, { format }) => {
      const failed = items.filter(({ result }) => result === 'fail');
      const what = failed.map((item) => precheck.message(item, format)).join('; ');
      return `${format.text(project)} did not pass its precheck: ${what}. ${nothingChanged} Fix that, check it with ${format.command(`precheck ${project}`)}, then start it.`;
    },
    links_unreachable: ({ project, links }, { format }) =>
      `Not done: ${linkNames(links, format)} of ${format.text(project)} could not be reached. ${nothingChanged} Find the reason with syncbot doctor, then ask again.`,
    no_drift: ({ project, state }, { format }) =>
      `${stateClause(format.text(project), state)}, and its links match its state. ${nothingChanged} There is nothing to correct.`,
    adopt_mixed: ({ project, running, paused, missing }, { format }) => {
      const parts = [
        linksClause(running, format, 'runs', 'run'),
        linksClause(paused, format, 'is paused', 'are paused'),
        linksClause(missing, format, 'has no queue', 'have no queue'),
      ].filter((part) => part !== '');
      return `${format.text(project)} cannot be adopted, because its links are not all in the same state: ${parts.join('; ')}. ${nothingChanged} Re-apply its state, or first pause or resume all of its queues.`;
    },
    removed: ({ project }, { format }) =>
      `Not done: ${format.text(project)} was removed after your request. ${nothingChanged} ${format.command('list')} shows all projects.`,
    policy_unreadable: () =>
      `syncbot cannot read its stored policy, so it cannot check your permission. ${nothingChanged} Ask the administrator of syncbot to run syncbot doctor.`,
    no_operators: ({ user }, { format }) =>
      `syncbot has no operators yet, so no user can change projects. ${nothingChanged} The administrator of syncbot must add operators to policy.operators in syncbot.yml and run syncbot apply. Your id is ${format.text(user)}.`,
    not_operator: ({ user }, { format }) =>
      `You are not an operator, ${format.person(user)}: you can see projects, but not change them. ${nothingChanged} Ask the administrator of syncbot to add your id ${format.text(user)} to policy.operators in syncbot.yml and to run syncbot apply.`,
    other_team: ({ user }, { format }) =>
      `Only members of the workspace that installed syncbot may use it. ${nothingChanged} Ask one of them. Your id is ${format.text(user)}.`,
    group_unknown: ({ user, group }, { format }) =>
      `syncbot could not read the members of the user group ${format.text(group)} from Slack, so it cannot check your permission. ${nothingChanged} Try again in a minute. If it does not help, ask the administrator of syncbot to check the group's id and the usergroups:read scope, or to add your id ${format.text(user)} to policy.operators.`,
    channel_not_allowed: ({ allowed }, { format }) =>
      `Projects cannot be changed from this channel. ${nothingChanged} Use ${allowed.map(format.channel).join(' or ')}, or ask the administrator of syncbot to add this channel to policy.channels in syncbot.yml.`,
    channel_shared: () =>
      `This channel is shared with another organization, so projects cannot be changed from it. ${nothingChanged} Use a channel of your own, or ask the administrator of syncbot to add this one to policy.channels in syncbot.yml.`,
    channel_unknown: () =>
      `syncbot cannot read whether this channel is shared with another organization, so projects cannot be changed from it. ${nothingChanged} Invite syncbot and ask again, use another channel, or ask the administrator of syncbot to add this one to policy.channels in syncbot.yml.`,
    not_requester: ({ by }, { format }) =>
      `Only ${format.person(by)}, who made this request, can press this button. ${nothingChanged} Make your own request to get your own buttons.`,
    unknown_operation: (_refusal, { format }) =>
      `The request of this button does not exist any more. ${nothingChanged} Ask again: ${format.command('help')} shows how.`,
  };

const waitHint = 'wait until that is done';
const reconciling = {
  reapply: `syncbot already sets its links; ${waitHint}`,
  adopt: `syncbot sets its links; ${waitHint}`,
};

/** Why a state refuses an operation, as a clause after "orders is Paused, for 12 s, by @bob: ". */
export const notAllowedReasons: {
  readonly [State in ProjectState]: { readonly [Kind in RefusedKind<State>]: string };
} = {
  not_started: {
    pause: 'it was never started, so there is nothing to pause',
    restore: 'it was never started, so there is nothing to restore',
    adopt: 'it was never started; re-apply its state, then start it',
  },
  starting: {
    ...reconciling,
    start: `it is already being started; ${waitHint}`,
    pause: `it can be paused when it is Running; ${waitHint}`,
    restore: `it is being started; ${waitHint}`,
  },
  running: {
    start: 'it is already running',
    restore: 'only a Paused or Failed project can be restored',
  },
  pausing: {
    ...reconciling,
    start: `it is being paused; ${waitHint}`,
    pause: `it is already being paused; ${waitHint}`,
    restore: `it can be restored when it is Paused; ${waitHint}`,
  },
  paused: {
    start: 'a Paused project must be restored, not started',
    pause: 'it is already paused',
  },
  restoring: {
    ...reconciling,
    start: `it is being restored; ${waitHint}`,
    pause: `it can be paused when it is Running; ${waitHint}`,
    restore: `it is already being restored; ${waitHint}`,
  },
  failed: {
    start: 'a Failed project must be restored, not started',
    pause: 'only a Running project can be paused; the links of a Failed project are already paused',
    adopt: 'a Failed project must be restored, not adopted, because only a restore retries the failed tasks',
  },
};

function linkNames(links: readonly Link[], format: Formatter): string {
  return summarizeNames(links.map(format.link), 'link');
}

function linksClause(links: readonly Link[], format: Formatter, singular: string, plural: string): string {
  return links.length === 0 ? '' : `${linkNames(links, format)} ${links.length === 1 ? singular : plural}`;
}
