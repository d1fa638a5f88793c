/** Patterns of secrets, and the mark that replaces each. They apply in log lines and in messages. */
const secrets: readonly (readonly [RegExp, string])[] = [
  // A response_url lets anyone post to a conversation. A Redis URL can contain a password.
  [/[a-z][a-z0-9+.-]*:\/\/[^\s"'`]*/gi, '‹url›'],
  [/x(?:ox[a-z]?|app)-[\w%.~+/=-]+/gi, '‹token›'],
  [/\b(bearer|basic) +[^\s"'`,]+/gi, '$1 ‹token›'],
  [/\d{9,}\.\d{9,}\.[0-9a-f]{16,}/gi, '‹trigger›'],
  [/v0=[0-9a-f]{64}/gi, '‹signature›'],
  [
    /((?:pass(?:word|wd)?|secret|token|api[_-]?key|authorization)["']?[=:] *)(?:"[^"]*"?|'[^']*'?|[^\s"'`,&‹]+)/gi,
    '$1‹value›',
  ],
  // People and hosts.
  [/[^\s@<>"'`]+@[^\s@<>"'`]+/g, '‹address›'],
  [/\[[0-9a-f:.]*:[0-9a-f:.]*\](:\d+)?/gi, '‹host›'],
  [/(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]*(?:%\w+)?(?![\w:])/gi, '‹host›'],
  [/(?<!\d)(?:\d{1,3}\.){3}\d{1,3}(?!\d)(:\d+)?/g, '‹host›'],
  [/\b[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?:\d{2,5}\b/gi, '‹host›'],
  [/\b(E[A-Z]{5,}|EAI_[A-Z]+) +[^\s‹]\S*/g, '$1 ‹host›'],
  [/\b(Host|DNS|IP(?: Address)?): ?[^\s,‹]+/g, '$1: ‹host›'],
];

const maxLength = 2_000;

/** Masks a text for the log and cuts it to 2,000 characters. */
export function redactText(text: string): string {
  return maskSecrets(text.slice(0, 2 * maxLength)).slice(0, maxLength);
}

/** Masks tokens, trigger ids, signatures, web and Redis addresses, e-mail addresses, hosts and passwords. */
export function maskSecrets(text: string): string {
  return secrets.reduce((clean, [pattern, mark]) => clean.replace(pattern, mark), text);
}
