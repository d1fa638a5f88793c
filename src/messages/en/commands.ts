import type { Formatter } from '../format.ts';
import { formatNumber, joinOr } from './format.ts';
import { sinceHint } from './history.ts';
import { nothingChanged } from './terms.ts';

/** A Slack command that cannot be run as it was typed. `suggestions` are the commands that were probably meant. */
export const commandErrors = {
  textTooLong: (maxLength: number) =>
    `The command is longer than ${formatNumber(maxLength)} characters. ${nothingChanged} Shorten the reason.`,
  unknownCommand: (words: string, suggestions: readonly string[], format: Formatter) =>
    `syncbot has no command ${format.command(words)}. ${nothingChanged} ${suggestions.length === 0 ? `${format.command('help')} shows the commands.` : didYouMean(suggestions.map(format.command))}`,
  /** `time`: what was typed after the project. Empty if nothing was. */
  projectMissing: ({ example, time }: { readonly example: string; readonly time: string }, format: Formatter) =>
    `The command needs a project${time === '' ? '' : ` before “${format.text(time, 50)}”`}. ${nothingChanged} For example: ${format.command(example)}. ${format.command('list')} shows all projects.`,
  unknownProject: (project: string, suggestions: readonly string[], format: Formatter) =>
    `There is no project called ${format.text(project, maxShownNameLength)}. ${nothingChanged} ${suggestions.length === 0 ? `${format.command('list')} shows all projects.` : didYouMean(suggestions.map(format.command))}`,
  /** `command` is that without the time. */
  invalidSince: (text: string, command: string, format: Formatter) =>
    `${text === '' ? 'There is no time after “since”' : `syncbot cannot read the time “${format.text(text)}”`}. ${nothingChanged} ${sinceHint((time) => format.command(`${command} since ${time}`))}`,
  sinceMissing: ({ time, command }: { readonly time: string; readonly command: string }, format: Formatter) =>
    `“${format.text(time, 50)}” is a time. ${nothingChanged} Type “since” before it: ${format.command(command)}.`,
  reasonMissing: (command: string, format: Formatter) =>
    `There is no reason after “because”. ${nothingChanged} Type one, as in ${format.command(`${command} because we deploy`)}, or leave out the word.`,
  /** A duration or a time after the project. `limited` has it as the end of the pause, and `unlimited` has no end. */
  unclearLimit: (
    facts: { readonly text: string; readonly limited: string; readonly unlimited: string },
    format: Formatter,
  ) => {
    const { text, limited, unlimited } = facts;
    const because = format.command(`${unlimited} because ${text.slice(0, 100)}`);
    return `“${format.text(text, 100)}” may be the end of the pause or its reason. ${nothingChanged} If it is the end, type ${format.command(limited)}. If it is the reason, type ${because}.`;
  },
  extraWords: (facts: { readonly project: string; readonly command: string }, format: Formatter) =>
    `syncbot cannot read the words after ${format.text(facts.project)}. ${nothingChanged} Type ${format.command(facts.command)}.`,
  /** Follows suggested commands that change a project. */
  asksFirst: (count: number) => (count === 1 ? 'The button asks for OK first.' : 'The buttons ask for OK first.'),
  otherCommand: (format: Formatter) =>
    `syncbot uses another command: type ${format.command('help')}. ${nothingChanged} The administrator of syncbot sets its name in SLACK_COMMAND.`,
};

/** The beginning of a message has 80 characters on a phone. */
export const maxShownNameLength = 50;

/** `Did you mean orders, orders-eu or orders-us?` */
export function didYouMean(names: readonly string[]): string {
  return `Did you mean ${joinOr(names)}?`;
}
