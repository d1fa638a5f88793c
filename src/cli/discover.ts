import { writeFile } from 'node:fs/promises';
import { type DiscoveredQueue, type DiscoverResult, discoverQueues } from '../application/discover.ts';
import type { LinkGateway } from '../application/ports.ts';
import { parseEnvironment } from '../config/environment.ts';
import { parseRedisUrl, type RedisEndpoint, redisIdentity } from '../config/redis-url.ts';
import { defaultConnection, linkId, linkName } from '../domain/link.ts';
import { hasQueue, type LinkObservation } from '../domain/observation.ts';
import { checkBullmqVersion } from '../domain/precheck.ts';
import { createLogger } from '../logging/logger.ts';
import { messages } from '../messages/catalog.ts';
import type { DiscoverCommand } from './arguments.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type Configuration, type ConfigurationResult, readConfiguration, toCliError } from './command-context.ts';
import { type DiscoveredFile, type NewConnection, renderAddition, renderFile } from './discovered-file.ts';
import { createOutput, type Output } from './output.ts';
import type { ProcessIo } from './process-io.ts';
import { type Column, formatTable } from './table.ts';
import { cliFormatter, sanitizeText } from './terminal-text.ts';

const texts = messages.discover;

const maxQueues = 5_000;

/**
 * `syncbot discover`: finds queues, and proposes projects for those that no project of syncbot.yml has. Writes the file only if
 * there is none. Needs neither a file nor Slack.
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
    return await discoverOn({ ...choice, links: links.gateway, output }, command);
  } catch (error) {
    log.error({ error }, 'command failed');
    output.error(toCliError(error, true));
    return exitCodes.failure;
  }
}

interface DiscoverContext {
  readonly configuration: Configuration;
  readonly chosen: ChosenConnection;
  readonly links: LinkGateway;
  readonly output: Output;
}

interface ChosenConnection {
  readonly name: string;
  /** Null if syncbot.yml has it, or if it is REDIS_URL. */
  readonly newConnection: NewConnection | null;
  /** The URL must become REDIS_URL. */
  readonly mustSetUrl: boolean;
}

/** By the name of the connection. */
type Endpoints = Readonly<Record<string, RedisEndpoint>>;

type ChoiceResult =
  | { readonly kind: 'chosen'; readonly chosen: ChosenConnection; readonly configuration: Configuration }
  | Extract<ConfigurationResult, { kind: 'refused' }>;

/** Without a file and without REDIS_URL the given URL becomes REDIS_URL. Otherwise another Redis becomes a connection. */
function chooseConnection({ env }: ProcessIo, given: string | null, configuration: Configuration): ChoiceResult {
  const { config, environment } = configuration;
  const endpoints: Endpoints = {
    [defaultConnection]: environment.secrets.redis,
    ...config.connections,
  };
  const choose = (name: string): ChoiceResult => ({
    kind: 'chosen',
    chosen: { name, newConnection: null, mustSetUrl: false },
    configuration,
  });
  if (given === null) return choose(defaultConnection);
  if (!given.includes('://')) {
    return Object.hasOwn(endpoints, given) ? choose(given) : refuse(texts.unknownConnection(Object.keys(endpoints)));
  }
  const parsed = parseRedisUrl(given.trim());
  if (parsed.kind === 'refused') return refuse(texts.connectionUrl(parsed.message));
  const { endpoint } = parsed;
  if (!configuration.hasFile && (env['REDIS_URL'] ?? '').trim() === '') {
    const withUrl = parseEnvironment({ ...env, REDIS_URL: given });
    if (withUrl.kind === 'read') {
      return {
        kind: 'chosen',
        chosen: { name: defaultConnection, newConnection: null, mustSetUrl: true },
        configuration: { ...configuration, environment: withUrl.environment },
      };
    }
  }
  const known = Object.entries(endpoints).find(([, other]) => redisIdentity(other) === redisIdentity(endpoint));
  const name = known?.[0] ?? freeName(endpoints);
  const newConnection =
    known === undefined ? { name, variable: `${name.toUpperCase().replaceAll('-', '_')}_REDIS_URL` } : null;
  return {
    kind: 'chosen',
    chosen: { name, newConnection, mustSetUrl: false },
    // The given URL may have another user than that of the file.
    configuration: {
      ...configuration,
      config: { ...config, connections: { ...config.connections, [name]: endpoint } },
    },
  };
}

function freeName(endpoints: Endpoints): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? 'queues' : `queues-${number}`;
    if (!Object.hasOwn(endpoints, name)) return name;
  }
}

function refuse(message: string): ChoiceResult {
  return { kind: 'refused', error: { code: 'usage', message } };
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

/** By the link as it is on the chosen connection: two connections of the file can lead to one Redis. */
function knownLinks({ config, environment }: Configuration, connection: string): ReadonlyMap<string, string> {
  const endpoints: Endpoints = { ...config.connections, [defaultConnection]: environment.secrets.redis };
  const identityOf = (name: string) => {
    const endpoint = endpoints[name];
    return endpoint === undefined ? null : redisIdentity(endpoint);
  };
  const identity = identityOf(connection);
  return new Map(
    config.projects.flatMap(({ definition }) =>
      definition.links
        .filter((link) => identityOf(link.connection) === identity)
        .map((link) => [linkId({ ...link, connection }), definition.id] as const),
    ),
  );
}

type Discovered = Extract<DiscoverResult, { kind: 'discovered' }>;

async function printDiscovered(context: DiscoverContext, discovered: Discovered): Promise<ExitCode> {
  const { output, configuration, chosen } = context;
  const { configPath, hasFile } = configuration;
  const { newConnection, mustSetUrl } = chosen;
  const { queues, proposed, scan } = discovered;
  const warnings = incompleteTexts(discovered);
  const file = describeFile(discovered, newConnection, warnings);
  const isWritten = !hasFile && proposed.length > 0;
  if (isWritten) {
    const code = await writeNewFile(configPath, renderFile(file));
    if (code !== null) {
      output.error({ code: 'not_written', message: texts.notWritten(configPath, code) });
      return exitCodes.failure;
    }
  }
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
  if (isWritten) output.note(texts.afterWriting(configPath));
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

/** Creates the file. Returns null, or the code of the error. */
async function writeNewFile(path: string, text: string): Promise<string | null> {
  try {
    await writeFile(path, text, { flag: 'wx' });
    return null;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  }
}

/** What the operator must know about the queues before a project has them. */
function queueWarnings(queues: readonly DiscoveredQueue[]): string[] {
  const namesOf = (matches: (queue: DiscoveredQueue) => boolean) =>
    queues.filter(matches).map(({ link }) => linkName(link));
  const old = namesOf(isOldBullmq);
  const withoutWorker = namesOf(({ workers }) => workers === 0);
  return [
    ...(old.length === 0 ? [] : [texts.bullmq4(old)]),
    ...(withoutWorker.length === 0 ? [] : [texts.noWorker(withoutWorker)]),
  ];
}

function isOldBullmq({ observation }: DiscoveredQueue): boolean {
  return checkBullmqVersion(observation).result === 'fail';
}

function flagOf(observation: LinkObservation): 'paused' | 'running' | null {
  if (!hasQueue(observation)) return null;
  return observation.paused ? 'paused' : 'running';
}

const titles = messages.columnTitles;
const columns: readonly Column[] = [
  { title: titles.link },
  { title: titles.bullmq, maxWidth: 20 },
  { title: titles.flag },
  { title: titles.workers, align: 'right' },
  { title: titles.waiting, align: 'right' },
  { title: titles.active, align: 'right' },
  { title: titles.delayed, align: 'right' },
  { title: titles.failed, align: 'right' },
  { title: titles.project },
];

/** A `?` is what could not be read. */
function queueTable(queues: readonly DiscoveredQueue[]): string {
  const cell = (number: number | null) => (number === null ? '?' : messages.format.number(number));
  const rows = queues.map((queue) => {
    const { waiting, prioritized, active, delayed, failed } = numbersOf(queue);
    const { id, isProposed } = queue.project;
    return [
      linkName(queue.link),
      versionOf(queue) ?? '?',
      flagOf(queue.observation) ?? '?',
      cell(queue.workers),
      cell(waiting === null || prioritized === null ? null : waiting + prioritized),
      cell(active),
      cell(delayed),
      cell(failed),
      isProposed ? texts.proposedProject(id) : id,
    ];
  });
  return formatTable(columns, rows);
}

function queueJson(queue: DiscoveredQueue) {
  const flag = flagOf(queue.observation);
  return {
    ...queue.link,
    bullmq: versionOf(queue),
    paused: flag === null ? null : flag === 'paused',
    workers: queue.workers,
    ...numbersOf(queue),
    project: queue.project.isProposed ? null : queue.project.id,
  };
}

const unknownNumbers = { waiting: null, prioritized: null, active: null, delayed: null, failed: null };

function numbersOf({ observation }: DiscoveredQueue) {
  if (observation.kind !== 'read') return unknownNumbers;
  const { waiting, prioritized, active, delayed, failed } = observation;
  return { waiting, prioritized, active, delayed, failed };
}

/** `6.7.0`. Null if it is not known. */
function versionOf({ observation }: DiscoveredQueue): string | null {
  return hasQueue(observation) ? (observation.bullmqVersion?.replace(/^bullmq:/, '') ?? null) : null;
}
