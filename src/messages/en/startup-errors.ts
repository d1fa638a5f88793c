type TokenKind = 'bot' | 'app';

const tokenHints: Readonly<Record<TokenKind, string>> = {
  bot: 'check that SLACK_BOT_TOKEN is the bot token (xoxb-…) of the app as it is installed in your workspace',
  app: 'check that SLACK_APP_TOKEN is an app-level token (xapp-…) with the scope connections:write and that Socket Mode is on',
};

const portErrors: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken',
  EACCES: 'may not be used by this user',
};

/** Codes that are about the address, not about the port. */
const addressErrors: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN']);

/** Why syncbot cannot start or go on. `code` is that of Slack, of the operating system or of the error. */
export const startErrors = {
  databaseRefused:
    'Redis refuses the database of REDIS_URL: check that the database exists and that the user has the right +select.',
  slackTokenRejected: (code: string, token: TokenKind) => `Slack rejects the token (${code}): ${tokenHints[token]}.`,
  slackUnreachable: (code: string) =>
    `Slack could not be reached (${code}): check the network, and SLACK_API_URL if it is set.`,
  portUnavailable: (port: number, code: string) =>
    addressErrors.has(code) ? hostProblem('HOST', code) : `${portProblem(port, code)}: set PORT to another one.`,
  adminPortUnavailable: (port: number, code: string) =>
    addressErrors.has(code)
      ? hostProblem('ADMIN_HOST', code)
      : `${portProblem(port, code)}: set ADMIN_PORT to another one, or leave it empty.`,
};

function hostProblem(variable: string, code: string): string {
  return `${variable} is no address of this machine (${code}): set it to one, or leave it empty.`;
}

function portProblem(port: number, code: string): string {
  return `Port ${port} ${portErrors[code] ?? `cannot be opened (${code})`}`;
}
