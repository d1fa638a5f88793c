import { type Asked, noteRefusal, requestAction } from '../../application/request.ts';
import type { Deed } from '../../domain/project.ts';
import type { Heard } from '../contract.ts';
import { buildConfirmation } from '../views/confirmation.ts';
import { type Desk, refuse, say } from './desk.ts';

export interface Wish {
  readonly action: Deed;
  readonly project: string;
  readonly reason: string | null;
}

/**
 * Start, Pause or Restore, typed or pressed: the requester alone sees what would happen, with OK and Cancel.
 * The operation has no dialog that could be replaced until OK or Cancel is pressed: the response_url of a command replaces
 * nothing (slackapi/bolt-js#2287), and that of a press in a list would replace the list. So an older dialog that this one
 * supersedes stays as it is; its buttons answer truly.
 */
export async function sayConfirmation(desk: Desk, heard: Heard, { action, project, reason }: Wish): Promise<void> {
  const { deps, voice } = desk;
  const asked: Asked = { action, project, reason, by: heard.user, origin: 'slack', channel: heard.channel };
  const refusal = await desk.directory.authorizeSlack(heard);
  if (refusal !== null) {
    await refuse(desk, heard, refusal, action);
    return noteRefusal(deps, asked, refusal);
  }
  const requested = await requestAction(deps, asked);
  if (requested.kind === 'refused') return refuse(desk, heard, requested.refusal, action);
  const { operation, figures } = requested;
  const now = await deps.store.now();
  await say(desk, heard, buildConfirmation({ operation, project: requested.project, figures, voice, now }));
}
