import type { Formatter } from '../format.ts';
import { joinOr, nameAndMore } from './format.ts';
import { nothingChanged } from './terms.ts';

/** A command for several projects that cannot be run as it was typed. */
export const selection = {
  /** `others` are projects that the words after the first one name. `all` and `one`: the command for all, and for the first. */
  unclear: (
    facts: { readonly all: string; readonly one: string; readonly others: readonly string[]; readonly reason: string },
    format: Formatter,
  ) => {
    const { all, one, others, reason } = facts;
    const names = nameAndMore(others.map((id) => format.text(id)));
    const areNamed =
      others.length === 1 ? `has the name of the project ${names}` : `has the names of projects: ${names}`;
    return `“${format.text(reason, 100)}” ${areNamed}. ${nothingChanged} If it is the reason, write “because” before it: ${format.command(`${one} because ${reason.slice(0, 100)}`)}. For several projects type only their ids: ${format.command(all)}.`;
  },
  /** `command`: until the reason. */
  unknownName: ({ name, command }: { readonly name: string; readonly command: string }, format: Formatter) =>
    `“${format.text(name, 50)}” in ${format.command(command.slice(0, 200))} does not mean one project. ${nothingChanged}`,
  /** Follows that in Slack. */
  mayBeReason: 'If it belongs to the reason, write “because” before the reason.',
  unknownState: (value: string, format: Formatter) =>
    `There is no state called “${format.text(value, 50)}”. ${nothingChanged} For example: state:failed, state:paused, state:running, state:not-started.`,
  exceptMissing: (command: string, format: Formatter) =>
    `There is nothing after “except”. ${nothingChanged} Type a project or a label, as in ${format.command(`${command.slice(0, 200)} orders`)}.`,
  /** `unmatched`: the parts that no project matches. Empty if each matches one, but no project matches all of them. */
  empty: (
    { selection: text, unmatched }: { readonly selection: string; readonly unmatched: readonly string[] },
    format: Formatter,
  ) => {
    const shown = `“${format.text(text, 100)}”`;
    const cause =
      unmatched.length === 0
        ? 'Each part matches a project. But no project matches all parts, or “except” leaves out those that do.'
        : `No project matches ${joinOr(unmatched.slice(0, 3).map((term) => format.text(term, 50)))}.`;
    return `${shown} selects no project. ${cause} ${nothingChanged}`;
  },
};
