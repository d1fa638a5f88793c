import { z } from 'zod';
import { type Acknowledgement, isActive } from './acknowledgement.ts';
import { type Actor, projectIdSchema } from './project.ts';

const ownedForMs = 30 * 60_000;
const snoozedForMs = 3_600_000;

/** Whose alerts a button is about: those that fire in an alert group of a channel, or those of a project. */
export const alertTargetSchema = z.union([
  z.strictObject({ channel: z.string().max(100), group: z.string().max(500) }),
  z.strictObject({ project: projectIdSchema }),
]);
export type AlertTarget = Readonly<z.infer<typeof alertTargetSchema>>;

/** The buttons **I've Got It**, **Snooze 1 h** and **Take Over / Give Back**. */
export const alertPresses = ['own', 'snooze', 'hand_over'] as const;
export type AlertPress = (typeof alertPresses)[number];

export interface PressFacts {
  readonly by: Actor;
  readonly now: number;
  /** When the message with the pressed button was rendered. */
  readonly seenAt: number;
}

/** `held`: another person has it. */
export type PressResult =
  | {
      readonly kind: 'changed';
      readonly acknowledgement: Acknowledgement;
      readonly event: 'alert_owned' | 'alert_taken_over' | 'alert_given_back' | 'alert_snoozed';
    }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'held'; readonly acknowledgement: Acknowledgement };

/**
 * What a press does to the acknowledgement of a firing alert:
 *
 * - `own`: the person has the alert from now on, also if it was snoozed.
 * - `snooze`: the alert is silent, unless another person has it.
 * - `hand_over`: the person takes the alert over from the one who has it. The one who has it gives it back. The second press
 *   of a double press has no effect, because its message is older than what the first one did.
 */
export function pressAlert(previous: Acknowledgement | null, press: AlertPress, facts: PressFacts): PressResult {
  const { by, now } = facts;
  const active = previous !== null && isActive(previous, now) ? previous : null;
  switch (press) {
    case 'own':
      return active?.kind === 'owned' ? keep(active, by) : own(facts);
    case 'snooze': {
      if (active !== null && (active.kind === 'snoozed' || active.by !== by)) return keep(active, by);
      const acknowledgement = { kind: 'snoozed', by, at: now, until: now + snoozedForMs } as const;
      return { kind: 'changed', acknowledgement, event: 'alert_snoozed' };
    }
    case 'hand_over':
      if (active?.kind === 'owned') return handOver(active, facts);
      return previous?.by === by ? { kind: 'unchanged' } : own(facts);
  }
}

function handOver(owner: Acknowledgement, facts: PressFacts): PressResult {
  const { by, now, seenAt } = facts;
  if (owner.at > seenAt) return keep(owner, by);
  if (owner.by !== by) return own(facts, owner.by);
  const acknowledgement = { ...owner, until: now, isGivenBack: true } as const;
  return { kind: 'changed', acknowledgement, event: 'alert_given_back' };
}

function own({ by, now }: PressFacts, from?: Actor): PressResult {
  const acknowledgement = { kind: 'owned', by, at: now, until: now + ownedForMs } as const;
  if (from === undefined) return { kind: 'changed', acknowledgement, event: 'alert_owned' };
  return { kind: 'changed', acknowledgement: { ...acknowledgement, from }, event: 'alert_taken_over' };
}

function keep(acknowledgement: Acknowledgement, by: Actor): PressResult {
  return acknowledgement.by === by ? { kind: 'unchanged' } : { kind: 'held', acknowledgement };
}
