import { maskSecrets } from './redact.ts';

const maxReasonLength = 150;

/**
 * A failed task's reason as operators may see it: the first line, cut to 150 characters. URLs, e-mail addresses, host:port
 * pairs, tokens, quoted values and long numbers are masked as far as their form shows what they are. The view escapes the result.
 */
export function maskFailureReason(reason: string): string {
  const firstLine = reason.split(/[\r\n\u2028\u2029]/, 1)[0]?.trim() ?? '';
  const masked = maskSecrets(firstLine.slice(0, 2_000))
    // V8's JSON error quotes the whole text, which may itself contain quotes.
    .replace(/(Unexpected token .{1,4}, ).*( is not valid JSON)/, '$1‹value›$2')
    .replace(/"[^"]*("|$)|`[^`]*(`|$)|(?<![a-z])'[^']*('|$)/gi, '‹value›')
    // A card number may be written in groups.
    .replace(/\d(?:[ -]?\d){12,18}/g, '‹number›')
    .replace(/\d{5,}/g, '‹number›');
  const characters = [...masked];
  return characters.length <= maxReasonLength ? masked : `${characters.slice(0, maxReasonLength - 1).join('')}…`;
}
