import type { StoredMessage } from './messages.ts';
import type { FakeSlackState } from './state.ts';

/** Whether this user sees this message. A user who is no member of the channel sees only their ephemeral messages. */
export function canSee(state: FakeSlackState, user: string, { channel, ephemeralFor }: StoredMessage): boolean {
  if (ephemeralFor !== undefined) return ephemeralFor === user;
  return state.workspace.channel(channel).members.has(user);
}
