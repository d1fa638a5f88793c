import { nothingChanged } from '../../domain/words.ts';
import type { SlackRequest } from '../contract.ts';
import { buildText } from '../views/refusal.ts';
import { type ListenerContext, respond } from './desk.ts';

/** A button of an older version of the bot, or one whose value cannot be read. */
export async function respondOutdatedButton(context: ListenerContext, request: SlackRequest): Promise<void> {
  const help = context.format.command('help');
  await respond(
    context,
    request,
    buildText(`This button is of an older version. ${nothingChanged} Ask again; ${help} shows how.`),
  );
}
