/**
 * Patterns of secrets, and the mark that replaces each. They apply in log lines and in messages. docs/security.md says what they
 * do not find. A quantifier before the end of a pattern has a limit: without one, a long word takes quadratic time.
 */
const secrets: readonly (readonly [RegExp, string])[] = [
  // A response_url lets anyone post to a conversation. A Redis URL can contain a password.
  [/[a-z][a-z0-9+.-]{0,30}:\/\/[^\s"'`]*/gi, '‹url›'],
  [/x(?:ox[a-z]?|app)-[\w%.~+/=-]+/gi, '‹token›'],
  [/\b(bearer|basic) +[^\s"'`,]+/gi, '$1 ‹token›'],
  // The prefixes of GitHub, GitLab, Stripe, npm, Google and AWS, a JSON Web Token, and a private key in PEM format.
  [/\b(?:gh[pousr]_|github_pat_|glpat-|[rs]k_(?:live|test)_|npm_|AIza)[\w-]{16,}/g, '‹token›'],
  [/\bwhsec_[\w+/=-]+/g, '‹token›'],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, '‹token›'],
  [/\beyJ[\w-]{4,}(?:\.[\w.-]*)?/g, '‹token›'],
  [/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\w+/=\s-]*/g, '‹token›'],
  [/\d{9,20}\.\d{9,20}\.[0-9a-f]{16,}/gi, '‹trigger›'],
  [/v0=[0-9a-f]{64}/gi, '‹signature›'],
  [
    /((?:pass(?:word|wd|phrase)?|pwd|secret|token|(?:api|access|private|account)[_-]?key|authorization)["']?[=:] *)(?:"[^"]*"?|'[^']*'?|[^\s"'`,&‹]+)/gi,
    '$1‹value›',
  ],
  // People and hosts.
  [/[^\s@<>"'`]{1,64}@[^\s@<>"'`]+/g, '‹address›'],
  [/\[[0-9a-f:.]{0,45}:[0-9a-f:.]{0,45}\](:\d+)?/gi, '‹host›'],
  [/(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]{0,15}(?:%\w{1,32})?(?![\w:])/gi, '‹host›'],
  [/(?<!\d)(?:\d{1,3}\.){3}\d{1,3}(?!\d)(:\d+)?/g, '‹host›'],
  [/\b[a-z0-9](?:[a-z0-9.-]{0,100}[a-z0-9])?(?:,? port |:)\d{2,5}\b/gi, '‹host›'],
  // Names that only an internal network has.
  [/\b[a-z0-9](?:[a-z0-9.-]{0,100}[a-z0-9])?\.(?:internal|intranet|local|lan|corp|svc)\b/gi, '‹host›'],
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
