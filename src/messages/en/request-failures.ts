import type { Formatter } from '../format.ts';
import { nothingChanged } from './terms.ts';

/** Answers when a request was not processed as usual. */
export const requestFailures = {
  /** The bot's Redis did not answer before anything was written. */
  storeUnavailable: `Not done: the bot's Redis did not answer. ${nothingChanged} Try again in a minute.`,
  /** The bot's Redis did not answer a button press that it may have received. */
  checkingOutcome: "The bot's Redis did not answer. syncbot checks whether your answer was saved.",
  outcomeUnknown: (project: string, format: Formatter) =>
    `It is not known whether your answer was saved: the bot's Redis does not answer. Check with ${format.command(`show ${project}`)}.`,
  /** An error of syncbot. `logId` is in its log line. */
  internalError: (logId: string, format: Formatter) =>
    `An error in syncbot interrupted your request. No task was lost. Check with ${format.command('list')} whether the request was done. The administrator of syncbot finds the cause in its log under ${logId}.`,
  outdatedButton: (format: Formatter) =>
    `This button is from an older version of syncbot. ${nothingChanged} Ask again: ${format.command('help')} shows how.`,
  /** The message is over a limit of Slack, and so is its plain text. */
  notShown: 'The answer is too long for Slack. Use the command line of syncbot.',
};
