import { maskSecrets } from './secrets.ts';

const maxLength = 150;

/**
 * What of a failed task's reason may be shown to operators: its first line, 150 characters, with URLs, e-mail
 * addresses, host:port pairs, tokens, quoted values and long runs of digits masked. Escaping is the renderer's duty.
 */
export function maskFailureReason(reason: string): string {
  const firstLine = reason.split(/[\r\n\u2028\u2029]/, 1)[0]?.trim() ?? '';
  const masked = maskSecrets(firstLine.slice(0, 2_000))
    // What is not valid JSON is quoted whole, with quotes in it.
    .replace(/(Unexpected token .{1,4}, )\.*".*"\.*( is not valid JSON)/, '$1‹value›$2')
    .replace(/"[^"]*("|$)|`[^`]*(`|$)|(?<![a-z])'[^']*('|$)/gi, '‹value›')
    .replace(/\d{5,}/g, '‹number›');
  const shown = masked === '' ? 'no reason given' : masked;
  const characters = [...shown];
  return characters.length <= maxLength ? shown : `${characters.slice(0, maxLength - 1).join('')}…`;
}
