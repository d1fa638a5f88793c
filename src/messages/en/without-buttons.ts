import { joinOr } from './format.ts';

/** At the end of a message in a channel without buttons. */
export const withoutButtons = {
  useCommands: (commands: readonly string[]) => `Use ${joinOr(commands)}.`,
  runbookLink: (url: string) => `Runbook: ${url}`,
};
