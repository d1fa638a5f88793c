import { messages } from '../messages/catalog.ts';
import type { Formatter } from '../messages/format.ts';
import type { Authorizer, RequestIdentity } from './authorizer.ts';

export interface RestrictionOptions {
  readonly authorizer: Pick<Authorizer, 'readAccess' | 'listOperators' | 'isOperator'>;
  readonly format: Formatter;
  /** Whether everybody sees the masked reasons of failed tasks. */
  readonly showErrors: boolean;
}

/**
 * Why this person can only look, or null if they may change projects from this channel. It decides which buttons are shown, in
 * answers and in Home. A press is authorized again.
 */
export async function readRestriction(
  { authorizer, format }: Pick<RestrictionOptions, 'authorizer' | 'format'>,
  identity: RequestIdentity,
): Promise<string | null> {
  const { refusal } = await authorizer.readAccess(identity);
  return refusal === null ? null : messages.access.restriction(refusal, await authorizer.listOperators(), format);
}

/** Whether this person sees the masked reasons of failed tasks. Reads their user groups only if there is a reason to hide. */
export async function mayRevealReasons(
  { showErrors, authorizer }: Pick<RestrictionOptions, 'showErrors' | 'authorizer'>,
  identity: RequestIdentity,
  hasFailed: boolean,
): Promise<boolean> {
  return showErrors || !hasFailed || authorizer.isOperator(identity);
}
