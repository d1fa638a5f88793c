import { type DiscoverResult, discoverQueues } from '../application/discover.ts';
import type { LinkGateway } from '../application/ports.ts';
import { defaultConnection, linkId, linkName } from '../domain/link.ts';
import { createLogger } from '../logging/logger.ts';
import { messages } from '../messages/catalog.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type Configuration, readConfiguration, toCliError } from './command-context.ts';
import { type ChosenConnection, chooseConnection, knownLinks } from './discover-connection.ts';
import { type DiscoveredFile, type NewConnection, renderAddition, writeDiscoveredFile } from './discovered-file.ts';
import { flagOf, isOldBullmq, queueJson, queueTable, queueWarnings } from './discovered-queues.ts';
import { createOutput, type Output } from './output.ts';
import type { DiscoverCommand } from './parsed-command.ts';
import { type ProcessIo, programName } from './process-io.ts';
import { cliFormatter, sanitizeText } from './terminal-text.ts';

const texts = messages.discover;

const maxQueues = 5_000;

/**
 * `syncbot discover`: finds queues, and proposes projects for those that no project of syncbot.yml has. Writes the file if
 * there is none, and adds the projects to a file without projects. Needs neither a file nor Slack.
 */
export async function discover(io: ProcessIo, command: DiscoverCommand): Promise<ExitCode> {
  const output = createOutput(io, command.json ? 'json' : 'text');
  const configuration = await readConfiguration(io, {
    configFiles: command.output === null ? [] : [command.output],
    mayLackFile: true,
  });
  const choice =
    configuration.kind === 'refused' ? configuration : chooseConnection(io, command.connection, configuration);
  if (choice.kind === 'refused') {
    output.error(choice.error);
    return exitCodes.usageError;
  }
  const { config, environment } = choice.configuration;
  const level = environment.logLevel ?? 'silent';
  const log = createLogger({ level, to: { write: (line: string) => void io.stderr.write(line) } });
  try {
    const endpoints = { ...config.connections, [defaultConnection]: environment.secrets.redis };
    await using links = await io.openLinks({ endpoints, log });
    return await discoverOn({ ...choice, io, links: links.gateway, output }, command);
  } catch (error) {
    log.error({ error }, 'command failed');
    output.error(toCliError(error, true));
    return exitCodes.failure;
  }
}

interface DiscoverContext {
  readonly io: ProcessIo;
  readonly configuration: Configuration;
  readonly chosen: ChosenConnection;
  readonly links: LinkGateway;
  readonly output: Output;
}

async function discoverOn(context: DiscoverContext, { prefix, maxKeys }: DiscoverCommand): Promise<ExitCode> {
  const { links, configuration, chosen, output } = context;
  const { config, environment } = configuration;
  const result = await discoverQueues(
    { links },
    {
      connection: chosen.name,
      prefix,
      maxKeys,
      maxQueues,
      keyPrefix: environment.keyPrefix,
      projectsByLink: knownLinks(configuration, chosen.name),
      projectIds: config.projects.map(({ definition }) => definition.id),
    },
  );
  if (result.kind === 'unreachable') {
    const fault = messages.connectionFault(result.fault, cliFormatter);
    output.error({ code: 'redis_unavailable', message: texts.unreachable(chosen.name, fault) });
    return exitCodes.failure;
  }
  return printDiscovered(context, result);
}

type Discovered = Extract<DiscoverResult, { kind: 'discovered' }>;

async function printDiscovered(context: DiscoverContext, discovered: Discovered): Promise<ExitCode> {
  const { output, configuration, chosen } = context;
  const { configPath, config } = configuration;
  const { newConnection, mustSetUrl } = chosen;
  const { queues, proposed, scan } = discovered;
  const warnings = incompleteTexts(discovered);
  const file = describeFile(discovered, newConnection, warnings);
  const mayWrite = proposed.length > 0 && config.projects.length === 0;
  const write = mayWrite ? await writeDiscoveredFile(configPath, file) : { kind: 'kept' as const };
  if (write.kind === 'failed') {
    output.error({ code: 'not_written', message: texts.notWritten(configPath, write.code) });
    return exitCodes.failure;
  }
  const isWritten = write.kind === 'written';
  const yaml = proposed.length === 0 || isWritten ? null : renderAddition(file);
  const variable = mustSetUrl ? 'REDIS_URL' : (newConnection?.variable ?? null);
  const summary = queues.length === 0 ? texts.nothingFound(scan) : texts.found(queues.length, scan);
  const isComplete = warnings.length === 0;
  const result = isWritten
    ? [texts.written(configPath, proposed.length)]
    : [noFileText(configPath, discovered, isComplete), ...(yaml === null ? [] : [yaml])];
  const text = [
    ...[summary, ...warnings].map(sanitizeText),
    ...(queues.length === 0 ? [] : ['', queueTable(queues), '', ...queueWarnings(queues).map(sanitizeText)]),
    ...result.filter((part) => part !== ''),
  ].join('\n');
  output.result(text, {
    complete: isComplete,
    ...scan,
    queues: queues.map(queueJson),
    proposed,
    file: { path: configPath, written: isWritten },
    yaml,
  });
  if (proposed.length > 0 && variable !== null) output.note(texts.setVariable(variable));
  const hasOperators = config.policy.operators.length > 0;
  if (isWritten) output.note(texts.afterWriting({ path: configPath, hasOperators, program: programName(context.io) }));
  return isComplete ? exitCodes.success : exitCodes.failure;
}

/** Why not all queues may have been found. */
function incompleteTexts({ scan }: Discovered): string[] {
  return [
    ...(scan.stoppedAt === 'keys' ? [texts.stoppedAtKeys(scan)] : []),
    ...(scan.stoppedAt === 'queues' ? [texts.stoppedAtQueues(maxQueues)] : []),
    ...(scan.unreadable > 0 ? [texts.unreadable(scan.unreadable)] : []),
  ];
}

/** What is said about the file if it was not written. */
function noFileText(configPath: string, { queues, proposed }: Discovered, isComplete: boolean): string {
  if (queues.length === 0) return '';
  if (proposed.length === 0) return isComplete ? texts.nothingNew(configPath) : texts.nothingNewSoFar(configPath);
  const links = proposed.flatMap((project) => project.links);
  return sanitizeText(texts.newQueues(configPath, links.map(linkName)));
}

function describeFile(
  { queues, proposed }: Discovered,
  newConnection: NewConnection | null,
  warnings: readonly string[],
): DiscoveredFile {
  const flags = new Map(queues.map(({ link, observation }) => [linkId(link), flagOf(observation)]));
  const oldQueues = new Set(queues.filter(isOldBullmq).map(({ link }) => linkId(link)));
  return {
    projects: proposed,
    newConnection,
    warnings,
    hasMixedFlags: ({ links }) => new Set(links.flatMap((link) => flags.get(linkId(link)) ?? [])).size > 1,
    hasOldBullmq: (link) => oldQueues.has(linkId(link)),
  };
}
