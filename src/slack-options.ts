import { type AppOptions, exitCodes, StartError } from './cli/cli-app.ts';
import { type Environment, validateSlackEnvironment } from './config/environment.ts';
import { formatEnvironmentError } from './config/errors.ts';
import type { Services } from './services.ts';
import type { SlackAppOptions } from './slack/app.ts';
import type { Transport } from './slack/receivers/receiver.ts';

/** Throws `StartError` when a variable that the transport needs is missing. */
export function slackOptions(
  { environment, log }: AppOptions,
  { configuration }: Services,
): Omit<SlackAppOptions, 'context' | 'onAuthError'> {
  const errors = validateSlackEnvironment(environment);
  const { slackBotToken: botToken } = environment.secrets;
  const transport = transportOf(environment);
  if (errors.length > 0 || botToken === null || transport === null) {
    throw new StartError(exitCodes.usageError, errors.map(formatEnvironmentError).join('\n'));
  }
  return {
    botToken,
    transport,
    command: environment.command,
    readPolicy: () => configuration.readPolicy(),
    showErrors: () => configuration.showErrors,
    onCallRules: () => configuration.onCall,
    log,
    ...(environment.slackApiUrl === null ? {} : { apiUrl: environment.slackApiUrl }),
  };
}

/** Socket Mode is used when both are configured. Returns null when neither is. */
export function transportOf({ secrets, port, host }: Environment): Transport | null {
  const { slackAppToken: appToken, slackSigningSecret: signingSecret } = secrets;
  if (appToken !== null) return { kind: 'socket', appToken };
  return signingSecret === null ? null : { kind: 'http', signingSecret, port, host };
}
