import { z } from 'zod';

/**
 * A person's answer to a firing alert. Until it ends, syncbot does not notify people again of what repeats, only of what gets
 * worse. It belongs to one occurrence of the alert. Times are epoch ms of the bot's Redis server.
 */
export const acknowledgementSchema = z.object({
  /** `owned`: the person works on the alert. `snoozed`: the alert is known. */
  kind: z.enum(['owned', 'snoozed']),
  by: z.string(),
  at: z.number(),
  until: z.number(),
  /** From whom the person took it over. */
  from: z.string().optional(),
  /** The person gave it back at `until`. */
  isGivenBack: z.literal(true).optional(),
});
export type Acknowledgement = Readonly<z.infer<typeof acknowledgementSchema>>;

export function isActive(acknowledgement: Acknowledgement, now: number): boolean {
  return now < acknowledgement.until;
}

/** When it was pressed last. */
export function pressedAt({ at, until, isGivenBack }: Acknowledgement): number {
  return isGivenBack === true ? until : at;
}
