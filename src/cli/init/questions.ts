import { type EnvironmentResult, parseEnvironment } from '../../config/environment.ts';
import { formatEnvironmentError } from '../../config/errors.ts';
import { messages } from '../../messages/catalog.ts';
import type { CheckOutcome } from '../../messages/facts.ts';
import type { Terminal } from './terminal.ts';

const texts = messages.init;

export interface Question {
  readonly text: string;
  /** What an empty answer means. Null if there is none. */
  readonly suggestion: string | null;
  readonly isSecret?: boolean;
  /** A suggestion that is no secret, although the answer can be one. */
  readonly shownSuggestion?: string | undefined;
  /** The message is a whole sentence. It is empty if there is nothing to say. */
  readonly check: (answer: string) => CheckOutcome | Promise<CheckOutcome>;
}

/** Asks until an answer passes its check, or could not be checked and the user takes it. */
export async function askUntilAccepted(terminal: Terminal, question: Question): Promise<string> {
  const { text, suggestion, isSecret = false, check } = question;
  for (;;) {
    const prompt = isSecret
      ? texts.secretQuestion(text, suggestion === null ? null : (question.shownSuggestion ?? texts.keepSet))
      : texts.question(text, suggestion);
    const typed = await terminal.ask(prompt, { isSecret });
    const answer = typed === '' ? suggestion : typed;
    if (answer === null) {
      terminal.print(texts.needsAnswer);
      continue;
    }
    const { result, message } = await terminal.waitFor(Promise.resolve(check(answer)));
    if (message !== '') terminal.print(message);
    if (result === 'pass') return answer;
    if (result === 'unknown' && (await terminal.confirm(texts.useAnyway, false))) return answer;
  }
}

export const accepted: CheckOutcome = { result: 'pass', message: '' };

export function refused(message: string): CheckOutcome {
  return { result: 'fail', message };
}

/** Checks the form of a variable. The message does not quote the value. */
export function checkVariable(name: string, value: string): CheckOutcome & { readonly parsed: EnvironmentResult } {
  const parsed = parseEnvironment({ [name]: value });
  if (parsed.kind === 'read') return { ...accepted, parsed };
  return { ...refused(parsed.errors.map(formatEnvironmentError).join('\n')), parsed };
}
