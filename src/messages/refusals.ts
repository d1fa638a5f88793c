import { decide } from '../domain/lifecycle.ts';
import { claimTimeoutMs } from '../domain/operation.ts';
import { isAction, stateTitles } from '../domain/project.ts';
import type { Refusal, RefusalCode, RefusalOf } from '../domain/refusal.ts';
import { actionLabels, type Formatter, formatDuration, nothingChanged, stateClause, summarizeNames } from './format.ts';

/** The one sentence for each refusal: what is so, that nothing was changed, what to do instead. */
export function refusalText(refusal: Refusal, format: Formatter, now: number): string {
  const sentence = sentences[refusal.code] as Sentence<RefusalCode>;
  return sentence(refusal, format, now);
}

type Sentence<Code extends RefusalCode> = (refusal: RefusalOf<Code>, format: Formatter, now: number) => string;

const sentences: { readonly [Code in RefusalCode]: Sentence<Code> } = {
  not_allowed: ({ project, state, since, by, action }, format, now) => {
    const decision = decide(state, action);
    const why = decision.kind === 'refused' ? decision.reason : 'ask again';
    const instead = decision.kind === 'refused' && decision.instead !== null ? decision.instead : null;
    const hint = instead === null ? '' : ` Try ${format.command(`${instead} ${project}`)}.`;
    return `${stateClause(format.text(project), state)}, for ${formatDuration(now - since)}, by ${format.person(by)}: ${why}. ${nothingChanged}${hint}`;
  },
  unknown_project: ({ project, similar }, format) => {
    const hint =
      similar === null
        ? `See ${format.command('list')} for all projects.`
        : `Did you mean ${format.text(similar)}? See ${format.command('list')} for all projects.`;
    return `There is no project called ${format.text(project)}. ${nothingChanged} ${hint}`;
  },
  operation_active: ({ project, state, action, by, since }, format, now) =>
    `${stateClause(format.text(project), state)}: ${format.person(by)} asked to ${actionLabels[action].verb} it ${formatDuration(now - since)} ago, and that is still under way. ${nothingChanged} Wait until it has ended, then ask again.`,
  changed: ({ project, state, since, by, action }, format, now) =>
    `Not done: ${format.text(project)} changed after you were asked. It has been ${stateTitles[state]} for ${formatDuration(now - since)}, by ${format.person(by)}. ${nothingChanged} Look again with ${format.command(`show ${project}`)}, then ${actionLabels[action].verb} it if that is still right.`,
  claim_timeout: ({ project, action }, format) =>
    `Not done: no worker took it up within ${formatDuration(claimTimeoutMs)}, and by now it could surprise somebody. ${nothingChanged} Check that a worker runs, then ask again: ${format.command(`${isAction(action) ? action : 'show'} ${project}`)}.`,
  precheck_failed: ({ project, items }, format) => {
    const failed = items.filter((item) => item.result === 'fail');
    const what = failed.map((item) => format.text(item.message)).join('; ');
    return `${format.text(project)} did not pass its precheck: ${what}. ${nothingChanged} Mend that, look with ${format.command(`precheck ${project}`)}, then start it.`;
  },
  links_unreachable: ({ project, links }, format) =>
    `Not done: ${summarizeNames(links.map(format.link), 'link')} of ${format.text(project)} did not answer in time. ${nothingChanged} Check the connection, then ask again.`,
  no_drift: ({ project, state }, format) =>
    `${stateClause(format.text(project), state)}, and its links agree with that. ${nothingChanged} There is nothing to correct.`,
  adopt_mixed: ({ project, running, paused, missing }, format) => {
    const describe = (links: typeof running, status: string) =>
      links.length === 0 ? [] : [`${summarizeNames(links.map(format.link), 'link')} ${status}`];
    const parts = [
      ...describe(running, running.length === 1 ? 'runs' : 'run'),
      ...describe(paused, paused.length === 1 ? 'is paused' : 'are paused'),
      ...describe(missing, 'has no queue'),
    ];
    return `${format.text(project)} cannot be adopted, since its links do not tell one state: ${parts.join('; ')}. ${nothingChanged} Re-apply its state, or pause or resume them all in their queues first.`;
  },
  removed: ({ project }, format) =>
    `Not done: ${format.text(project)} was removed in the meantime. ${nothingChanged} See ${format.command('list')}.`,
  no_operators: ({ user }, format) =>
    `Nobody may change projects yet. ${nothingChanged} Whoever runs syncbot names people in policy.operators of syncbot.yml; your id is ${format.text(user)}.`,
  not_operator: ({ user }, format) =>
    `You are not an operator, ${format.person(user)}: you may look, but not change. ${nothingChanged} Ask whoever runs syncbot to add your id ${format.text(user)} to policy.operators in syncbot.yml.`,
  other_team: ({ user }, format) =>
    `Only members of the workspace that installed syncbot may use it. ${nothingChanged} Ask one of them; your id is ${format.text(user)}.`,
  group_unknown: ({ user, group }, format) =>
    `Slack does not tell who is in the user group ${format.text(group)}, so I cannot see whether you may do this. ${nothingChanged} Try again in a minute, or ask whoever runs syncbot to add your id ${format.text(user)} to policy.operators, or to check the group's id and the usergroups:read scope.`,
  channel_not_allowed: ({ allowed }, format) =>
    `Projects are not changed from this channel. ${nothingChanged} Ask in ${allowed.map(format.channel).join(' or ')}, or have this channel added to policy.channels in syncbot.yml.`,
  channel_shared: () =>
    `This channel is shared with another organization, so projects are not changed from it. ${nothingChanged} Ask in a channel of your own, or have this one named in policy.channels in syncbot.yml.`,
  channel_unknown: () =>
    `I cannot see whether this channel is shared with another organization, so projects are not changed from it. ${nothingChanged} Invite me to it and ask again, ask in another channel, or have it named in policy.channels in syncbot.yml.`,
  not_requester: ({ by }, format) =>
    `Only ${format.person(by)}, who asked, can press this. ${nothingChanged} Ask for it yourself to get buttons of your own.`,
  unknown_operation: (_refusal, format) =>
    `This button belongs to a request that is no longer known. ${nothingChanged} Ask again: ${format.command('help')} shows how.`,
};
