import { readFilterValue } from '../button-values.ts';
import type { BlockAction, SlackRequest } from '../requests.ts';
import { type ListenerContext, type ListenerResult, onOutdatedButton } from './listener.ts';

/** A person has opened Home. The notifier publishes it, and updates it for a day. */
export async function onHomeOpened(context: ListenerContext, { user, team }: SlackRequest): Promise<ListenerResult> {
  await context.homes.open({ user, team, filter: null });
  await context.notifications.homeOpened(user);
  return { kind: 'notified' };
}

/** Another choice in a menu of Home. Home keeps it until the person chooses another one, or does not open it for a day. */
export async function onHomeFilter(context: ListenerContext, press: BlockAction): Promise<ListenerResult> {
  const filter = readFilterValue(press.value);
  if (filter === null) return onOutdatedButton(context);
  const { user, team } = press;
  await context.homes.open({ user, team, filter });
  await context.notifications.homeOpened(user);
  return { kind: 'notified' };
}
