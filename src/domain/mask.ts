const maxLength = 150;

/**
 * What of a failed task's reason may be shown to operators: its first line, 150 characters, with URLs, e-mail
 * addresses, host:port pairs, quoted values and long runs of digits masked. Escaping is the renderer's duty.
 */
export function maskReason(reason: string): string {
  const firstLine = reason.split(/[\r\n\u2028\u2029]/, 1)[0]?.trim() ?? '';
  const masked = firstLine
    .slice(0, 2_000)
    .replace(/[a-z][a-z0-9+.-]*:\/\/[^\s"'`]*/gi, '‹url›')
    .replace(/[^\s@<>"'`]+@[^\s@<>"'`]+/g, '‹address›')
    .replace(/\[[0-9a-f:.]*:[0-9a-f:.]*\](:\d+)?/gi, '‹host›')
    .replace(/(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]*(?:%\w+)?(?![\w:])/gi, '‹host›')
    .replace(/\b(?:\d{1,3}\.){3}\d{1,3}\b(:\d+)?/g, '‹host›')
    .replace(/\b[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?:\d{2,5}\b/gi, '‹host›')
    .replace(/"[^"]*("|$)|`[^`]*(`|$)|(?<![a-z])'[^']*('|$)/gi, '‹value›')
    .replace(/\d{5,}/g, '‹number›');
  const shown = masked === '' ? 'no reason given' : masked;
  const characters = [...shown];
  return characters.length <= maxLength ? shown : `${characters.slice(0, maxLength - 1).join('')}…`;
}
