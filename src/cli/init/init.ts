import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileError, readIfExists, replaceFile } from '../../lib/text-file.ts';
import { messages } from '../../messages/catalog.ts';
import { type ExitCode, exitCodes } from '../cli-app.ts';
import { envFileName } from '../env-file.ts';
import { createOutput } from '../output.ts';
import type { ProcessIo } from '../process-io.ts';
import { isInteractive } from '../prompt.ts';
import { createInitContext, type InitContext } from './init-context.ts';
import { createManifest, isUnchangedManifest, readRequestUrl, type SlackMode } from './manifest.ts';
import { askOperatorsAndChannel } from './policy-questions.ts';
import { askRedisUrl } from './redis-question.ts';
import { askBotToken, askCommand, askMode, askTransportSecret } from './slack-questions.ts';
import { openTerminal, StoppedError, type Terminal } from './terminal.ts';

const texts = messages.init;
const manifestName = 'manifest.yml';

/**
 * `syncbot init`: asks for the tokens and addresses, checks each answer, and writes `.env`, the manifest of the Slack app and a
 * syncbot.yml without projects. The manifest comes before the tokens, because Slack makes the app from it.
 */
export async function init(io: ProcessIo): Promise<ExitCode> {
  const output = createOutput(io, 'text');
  if (!isInteractive(io)) {
    output.error({ code: 'usage', message: texts.noTerminal });
    return exitCodes.usageError;
  }
  using terminal = openTerminal(io);
  try {
    const next = await runSteps(io, terminal);
    if (next === null) return exitCodes.failure;
    output.result(next, null);
    return exitCodes.success;
  } catch (error) {
    if (error instanceof StoppedError) {
      terminal.print(texts.stopped);
      return exitCodes.failure;
    }
    if (!(error instanceof FileError)) throw error;
    const { operation, path, code } = error;
    output.error(
      operation === 'read'
        ? { code: 'not_read', message: texts.notRead(path, code) }
        : { code: 'not_written', message: texts.notWritten(path, code) },
    );
    return exitCodes.failure;
  }
}

/** Returns the text of the next step. Null if the user does not permit to write `.env`. */
async function runSteps(io: ProcessIo, terminal: Terminal): Promise<string | null> {
  terminal.print(texts.intro);
  const context = createInitContext(io, terminal);
  if (context.hasFile && !(await terminal.confirm(texts.mayChangeEnv, true))) {
    terminal.print(texts.kept(envFileName));
    return null;
  }
  const mode = await askModeAndWriteManifest(context);
  const slack = await io.openSlackSetup({ apiUrl: context.value('SLACK_API_URL'), log: context.log });
  await askBotToken(context, slack);
  await askTransportSecret(context, slack, mode);
  await askRedisUrl(context);
  const next = await askOperatorsAndChannel(context, slack);
  const elsewhere = context.setElsewhere();
  if (elsewhere.length > 0) terminal.print(texts.setElsewhere(elsewhere));
  return next;
}

/** The mode and the command, the manifest for them, and what to do with it in Slack. */
async function askModeAndWriteManifest(context: InitContext): Promise<SlackMode> {
  const { io, terminal } = context;
  const path = join(io.folder, manifestName);
  const existing = await readIfExists(path);
  const templatePath = fileURLToPath(new URL(manifestName, io.packageFolder));
  const template = await readFile(templatePath, 'utf8');
  const mode = await askMode(context, existing === null ? null : readRequestUrl(existing));
  const command = await askCommand(context);
  const manifest = createManifest(template, command, mode);
  // In a checkout of syncbot the manifest is the template itself.
  const isOwn = existing === null || (path !== templatePath && isUnchangedManifest(template, existing));
  if (existing === manifest) {
    terminal.print(texts.manifestSame);
  } else if (isOwn || (await terminal.confirm(texts.mayReplaceManifest, false))) {
    await replaceFile(path, manifest);
    terminal.print(texts.manifestWritten);
  } else {
    terminal.print(texts.manifestKept(command, mode.kind === 'http' ? mode.url : null));
  }
  const hasApp = context.value('SLACK_BOT_TOKEN') !== null;
  if (!hasApp) terminal.print(texts.createApp(mode.kind));
  else if (existing !== manifest) terminal.print(texts.changeApp(mode.kind, context.value('SLACK_APP_TOKEN') !== null));
  return mode;
}
