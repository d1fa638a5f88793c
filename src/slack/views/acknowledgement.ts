import { type Acknowledgement, isActive } from '../../domain/acknowledgement.ts';
import type { AlertTarget } from '../../domain/alert-press.ts';
import { messages } from '../../messages/catalog.ts';
import type { TextContext } from '../../messages/format.ts';
import { actionIds } from '../action-ids.ts';
import { alertButtonValue } from '../button-values.ts';
import { type Button, button } from './blocks.ts';

/** The acknowledgement of each alert that fires, null without one. */
type Acknowledgements = readonly (Acknowledgement | null)[];

/** A message has room for this many lines about different people. */
const maxLines = 3;

/** Who is on the alerts of a message, and who has snoozed them: a line for each press that holds for most of them. */
export function acknowledgementLines(all: Acknowledgements, context: TextContext): string[] {
  const counts = new Map<string, number>();
  for (const each of all) {
    if (each === null) continue;
    const text = messages.acknowledgements.line(each, context);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, maxLines)
    .map(([text, count]) => (count === all.length ? text : messages.acknowledgements.ofSome(count, all.length, text)));
}

export interface AcknowledgementButtonsView {
  readonly target: AlertTarget;
  readonly acknowledgements: Acknowledgements;
  /** Keep Paused is the better answer to the reminder of a pause. */
  readonly canSnooze: boolean;
  readonly now: number;
}

/** What people can do about the alerts of a message without changing a project. */
export function acknowledgementButtons(view: AcknowledgementButtonsView): Button[] {
  const { acknowledgements, canSnooze, now } = view;
  const active = acknowledgements.map((each) => (each !== null && isActive(each, now) ? each.kind : null));
  return [
    ...(active.every((kind) => kind === 'owned') ? [] : [pressButton('own', view)]),
    ...(active.includes('owned') ? [pressButton('hand_over', view)] : []),
    ...(canSnooze && !active.every((kind) => kind === 'snoozed') ? [pressButton('snooze', view)] : []),
  ];
}

/** For a person who does not have the alert. */
export function takeOverButton(view: Pick<AcknowledgementButtonsView, 'target' | 'now'>): Button {
  return pressButton('hand_over', view, messages.buttons.takeOver);
}

function pressButton(
  press: 'own' | 'snooze' | 'hand_over',
  { target, now }: Pick<AcknowledgementButtonsView, 'target' | 'now'>,
  label: string = messages.buttons.alertPresses[press],
): Button {
  const { accessibilityLabels } = messages.buttons;
  return button({
    label,
    actionId: actionIds.alert[press],
    value: alertButtonValue({ target, seenAt: now }),
    accessibilityLabel: accessibilityLabels.alertPresses[press],
  });
}
