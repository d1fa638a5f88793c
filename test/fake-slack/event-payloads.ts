import { randomBytes } from 'node:crypto';
import { messagePayload } from './message-payload.ts';
import type { StoredMessage } from './messages.ts';
import { verificationToken } from './payloads.ts';
import type { FakeSlackState } from './state.ts';
import type { JsonObject, SlackChannel } from './types.ts';
import { viewPayload } from './view-payloads.ts';
import { appId, botUserId, teamId } from './workspace.ts';

/** A mention of the bot in a message of a user. */
export function appMentionPayload(message: StoredMessage, state: FakeSlackState): JsonObject {
  const channel = state.workspace.channel(message.channel);
  const event = { ...messagePayload(message, state), type: 'app_mention', ...foreignFields(message, state) };
  return eventPayload({ ...event, channel: channel.id, event_ts: message.ts }, state, channel);
}

export type HomeTab = 'home' | 'messages';

/** A user opened a tab of the app. Slack sends the view that is published for the user, if any. */
export function appHomeOpenedPayload(user: string, tab: HomeTab, state: FakeSlackState): JsonObject {
  const channel = state.workspace.directMessage(user);
  const home = state.views.homeOf(user);
  const view = home === undefined || tab !== 'home' ? {} : { view: viewPayload(home, state) };
  const event = { type: 'app_home_opened', user, channel: channel.id, tab, ...view, event_ts: state.messages.nextTs() };
  return eventPayload(event, state, channel);
}

/** Slack adds these fields to a message of another workspace in a shared channel. */
function foreignFields({ user }: StoredMessage, { workspace }: FakeSlackState): JsonObject {
  const { teamId: team } = workspace.user(user);
  return team === teamId ? {} : { user_team: team, source_team: team };
}

function eventPayload(event: JsonObject, state: FakeSlackState, channel: SlackChannel): JsonObject {
  const enterpriseId = state.enterprise?.id ?? null;
  return {
    token: verificationToken,
    team_id: teamId,
    context_team_id: teamId,
    context_enterprise_id: enterpriseId,
    api_app_id: appId,
    event,
    type: 'event_callback',
    event_id: `Ev${randomBytes(5).toString('hex').toUpperCase()}`,
    event_time: Math.floor(state.now() / 1_000),
    authorizations: [
      {
        enterprise_id: enterpriseId,
        team_id: teamId,
        user_id: botUserId,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
    is_ext_shared_channel: channel.isExtShared,
  };
}
