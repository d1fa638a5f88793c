import { botActor, type Project } from './project.ts';

/**
 * What a channel is still to be told of a project's failure: `open` a new alert, or `close` the last one since the project
 * was restored. Only failures that syncbot found itself: those of an operation are told by its own message. Null: nothing.
 */
export function alertDue({ state, since, by, holder, alert }: Project): 'open' | 'close' | null {
  const isFailing = state === 'failed' && by === botActor;
  if (alert !== null && !alert.closed) {
    if (isFailing && alert.since === since) return null;
    return holder === null ? 'close' : null;
  }
  return isFailing && alert?.since !== since ? 'open' : null;
}
