import { writeFile } from 'node:fs/promises';
import { readProjectsAndUnreadable } from '../application/list-projects.ts';
import { exportConfig, unstoredUrls } from '../config/export-config.ts';
import { messages } from '../messages/catalog.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import type { CommandContext } from './command-context.ts';

const texts = messages.cli.export;

/** `syncbot export [--output file]`: writes the stored state as a syncbot.yml. It needs no syncbot.yml. */
export async function exportState({ app, output }: CommandContext, file: string | null): Promise<ExitCode> {
  const { configurations } = app.useCaseContext;
  const stored = await configurations.read();
  if (stored.kind === 'unreadable') {
    output.error({ code: 'unreadable', message: texts.unreadable });
    return exitCodes.failure;
  }
  const configuration = stored.kind === 'none' ? null : stored.configuration;
  const { projects, unreadable } = await readProjectsAndUnreadable(app.useCaseContext);
  const definitions = projects.map(({ definition }) => definition);
  const text = exportConfig({ configuration, definitions });
  if (file === null) {
    output.result(text.trimEnd(), null);
  } else {
    const fault = await writeFile(file, text).catch((error: NodeJS.ErrnoException) => error.code ?? error.name);
    if (fault !== undefined) {
      output.error({ code: 'file', message: texts.notWritten(file, fault) });
      return exitCodes.failure;
    }
    output.note(texts.written(file, definitions.length));
  }
  if (configuration === null) output.note(texts.projectsOnly);
  for (const { name, variable } of unstoredUrls(configuration)) output.note(texts.urlNotStored(name, variable));
  if (unreadable.length === 0) return exitCodes.success;
  output.error({ code: 'project_unreadable', message: texts.unreadableProjects(unreadable) });
  return exitCodes.failure;
}
