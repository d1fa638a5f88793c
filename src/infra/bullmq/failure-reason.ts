import { z } from 'zod';
import { maskFailureReason } from '../../logging/mask-failure-reason.ts';

/** The scripts read at least this many bytes of the first line of a reason. */
const minReasonBytes = 300;

/** The reason of a failed task as BullMQ stores it. Masked here, so that no other part of syncbot ever has the raw reason. */
export const failureReasonSchema = z.string().transform((reason) => maskFailureReason(unquote(reason)));

/** BullMQ for Python stores a reason as JSON text: `"refused"`. A long one is cut. */
function unquote(reason: string): string {
  const isCut = Buffer.byteLength(reason) >= minReasonBytes;
  const text =
    isCut && /^"(?:[^"\\]|\\.)*\\?$/s.test(reason) ? `${reason.replace(/\\(?:u[\da-f]{0,3})?$/i, '')}"` : reason;
  if (!/^".*"$/.test(text)) return reason;
  try {
    return z.string().parse(JSON.parse(text));
  } catch {
    return reason;
  }
}
