import type { UseCaseContext } from '../../application/context.ts';
import { findDueDigests, readDigestReport, saveReported } from '../../application/digest.ts';
import { RetryLaterError } from '../../application/errors.ts';
import type { Formatter } from '../../messages/format.ts';
import { buildDigest } from '../views/digest.ts';
import { withoutMentions } from '../views/mrkdwn.ts';
import { type ChatClient, postOrUpdate } from './channel-message.ts';

export interface DigestNotifierOptions
  extends Pick<
    UseCaseContext,
    'projects' | 'auditLog' | 'observations' | 'digests' | 'serverClock' | 'settings' | 'log'
  > {
  readonly client: ChatClient;
  readonly format: Formatter;
  /** Whether everybody sees the masked reasons of failed tasks. */
  readonly showErrors: boolean;
}

/** The delay after Slack has refused the channel, ms. An administrator may invite the bot meanwhile. */
const refusedRetryDelayMs = 600_000;

/**
 * Posts the digest of a channel if it is due. Slack notifies people whom a new message mentions, but not those whom an edit
 * mentions, so the message gets its mentions by an edit. The record follows the post: a crash between them posts the digest
 * twice. The other order could lose it, and people do not notice that a digest is missing. Throws `RetryLaterError` when Slack
 * asks for it, and while Slack refuses the channel.
 */
export async function notifyDigest(options: DigestNotifierOptions, channel: string): Promise<void> {
  const { client, log, format, showErrors } = options;
  const due = await findDueDigests(options, channel);
  if (due === null) return;
  const report = await readDigestReport(options, due);
  const build = (each: Formatter) => buildDigest({ ...report, format: each, revealReasons: showErrors });
  const silent = build(withoutMentions(format));
  const posted = await postOrUpdate({ client, log }, silent, { messageRef: null, channel });
  if (posted.kind === 'cannot_post') {
    log.warn({ channel, code: posted.code }, 'digest not posted, trying again for the rest of the day');
    throw new RetryLaterError(refusedRetryDelayMs);
  }
  await saveReported(options, due);
  log.info({ channel }, 'digest posted');
  const message = build(format);
  if (JSON.stringify(message) === JSON.stringify(silent)) return;
  try {
    await postOrUpdate({ client, log }, message, { messageRef: posted.messageRef, channel: null });
  } catch (error) {
    // A later edit would show another time. The message keeps the ids of people.
    if (!(error instanceof RetryLaterError)) throw error;
    log.warn({ channel }, 'digest keeps the ids of people, Slack did not accept its edit');
  }
}
