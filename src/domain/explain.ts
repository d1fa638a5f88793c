import { decide } from './lifecycle.ts';
import { executeWithinMs } from './operation.ts';
import { isAction, stateTitles } from './project.ts';
import type { Refusal, RefusalCode, RefusalOf } from './refusal.ts';
import { actionWords, duration, namedList, stateClause, unchanged, type Voice } from './words.ts';

/** The one sentence for each refusal: what is so, that nothing was changed, what to do instead. */
export function explain(refusal: Refusal, voice: Voice, now: number): string {
  const sentence = sentences[refusal.code] as Sentence<RefusalCode>;
  return sentence(refusal, voice, now);
}

type Sentence<Code extends RefusalCode> = (refusal: RefusalOf<Code>, voice: Voice, now: number) => string;

const sentences: { readonly [Code in RefusalCode]: Sentence<Code> } = {
  not_allowed: ({ project, state, since, by, action }, voice, now) => {
    const decision = decide(state, action);
    const why = decision.kind === 'refused' ? decision.why : 'ask again';
    const instead = decision.kind === 'refused' && decision.instead !== null ? decision.instead : null;
    const hint = instead === null ? '' : ` Try ${voice.command(`${instead} ${project}`)}.`;
    return `${stateClause(voice.text(project), state)}, for ${duration(now - since)}, by ${voice.person(by)}: ${why}. ${unchanged}${hint}`;
  },
  unknown_project: ({ project, similar }, voice) => {
    const hint =
      similar === null
        ? `See ${voice.command('list')} for all projects.`
        : `Did you mean ${voice.text(similar)}? See ${voice.command('list')} for all projects.`;
    return `There is no project called ${voice.text(project)}. ${unchanged} ${hint}`;
  },
  held: ({ project, state, action, by, since }, voice, now) =>
    `${stateClause(voice.text(project), state)}: ${voice.person(by)} asked to ${actionWords[action].verb} it ${duration(now - since)} ago, and that is still under way. ${unchanged} Wait until it has ended, then ask again.`,
  changed: ({ project, state, since, by, action }, voice, now) =>
    `Not done: ${voice.text(project)} changed after you were asked. It has been ${stateTitles[state]} for ${duration(now - since)}, by ${voice.person(by)}. ${unchanged} Look again with ${voice.command(`show ${project}`)}, then ${actionWords[action].verb} it if that is still right.`,
  too_late: ({ project, action }, voice) =>
    `Not done: no worker took it up within ${duration(executeWithinMs)}, and by now it could surprise somebody. ${unchanged} Check that a worker runs, then ask again: ${voice.command(`${isAction(action) ? action : 'show'} ${project}`)}.`,
  precheck_failed: ({ project, items }, voice) => {
    const failed = items.filter((item) => item.result === 'fail');
    const what = failed.map((item) => voice.text(item.message)).join('; ');
    return `${voice.text(project)} did not pass its precheck: ${what}. ${unchanged} Mend that, look with ${voice.command(`precheck ${project}`)}, then start it.`;
  },
  links_unreachable: ({ project, links }, voice) =>
    `Not done: ${namedList(links.map(voice.link), 'link')} of ${voice.text(project)} did not answer in time. ${unchanged} Check the connection, then ask again.`,
  no_drift: ({ project, state }, voice) =>
    `${stateClause(voice.text(project), state)}, and its links agree with that. ${unchanged} There is nothing to correct.`,
  adopt_mixed: ({ project, running, paused, missing }, voice) => {
    const told = (links: typeof running, what: string) =>
      links.length === 0 ? [] : [`${namedList(links.map(voice.link), 'link')} ${what}`];
    const parts = [
      ...told(running, running.length === 1 ? 'runs' : 'run'),
      ...told(paused, paused.length === 1 ? 'is paused' : 'are paused'),
      ...told(missing, 'has no queue'),
    ];
    return `${voice.text(project)} cannot be adopted, since its links do not tell one state: ${parts.join('; ')}. ${unchanged} Re-apply its state, or pause or resume them all in their queues first.`;
  },
  removed: ({ project }, voice) =>
    `Not done: ${voice.text(project)} was removed in the meantime. ${unchanged} See ${voice.command('list')}.`,
  no_operators: ({ user }, voice) =>
    `Nobody may change projects yet. ${unchanged} Whoever runs syncbot names people in policy.operators of syncbot.yml; your id is ${voice.text(user)}.`,
  not_operator: ({ user }, voice) =>
    `You are not an operator, ${voice.person(user)}: you may look, but not change. ${unchanged} Ask whoever runs syncbot to add your id ${voice.text(user)} to policy.operators in syncbot.yml.`,
  other_team: ({ user }, voice) =>
    `Only members of the workspace that installed syncbot may use it. ${unchanged} Ask one of them; your id is ${voice.text(user)}.`,
  group_unknown: ({ user, group }, voice) =>
    `Slack does not tell who is in the user group ${voice.text(group)}, so I cannot see whether you may do this. ${unchanged} Try again in a minute, or ask whoever runs syncbot to add your id ${voice.text(user)} to policy.operators, or to check the group's id and the usergroups:read scope.`,
  channel_not_allowed: ({ allowed }, voice) =>
    `Projects are not changed from this channel. ${unchanged} Ask in ${allowed.map(voice.channel).join(' or ')}, or have this channel added to policy.channels in syncbot.yml.`,
  channel_shared: () =>
    `This channel is shared with another organization, so projects are not changed from it. ${unchanged} Ask in a channel of your own, or have this one named in policy.channels in syncbot.yml.`,
  channel_unknown: () =>
    `I cannot see whether this channel is shared with another organization, so projects are not changed from it. ${unchanged} Invite me to it and ask again, ask in another channel, or have it named in policy.channels in syncbot.yml.`,
  not_requester: ({ by }, voice) =>
    `Only ${voice.person(by)}, who asked, can press this. ${unchanged} Ask for it yourself to get buttons of your own.`,
  unknown_operation: (_refusal, voice) =>
    `This button belongs to a request that is no longer known. ${unchanged} Ask again: ${voice.command('help')} shows how.`,
};
