import { z } from 'zod';
import { followObservationSchema } from './follow-up.ts';

/** How long a pause `when caught up` waits at most, ms. After that it is refused. */
export const catchUpTimeoutMs = 30 * 60_000;
/** Such a pause begins when a new task waits less than this, ms. The definition is that of `hasCaughtUp`. */
export const catchUpWithinMs = 5_000;
/** How often the links are observed meanwhile, ms. The rates of a backlog need about a second. */
export const catchUpCheckMs = 2_000;

/** The newest observation of a project whose pause waits. */
export const catchUpObservationSchema = z.object({
  latest: followObservationSchema,
  /** Null if a link could not be read. */
  latencyMs: z.number().nullable(),
  /** What the message of the operation shows, and since when. Epoch ms. */
  shown: z.object({ at: z.number(), latencyMs: z.number().nullable() }),
});
export type CatchUpObservation = Readonly<z.infer<typeof catchUpObservationSchema>>;
