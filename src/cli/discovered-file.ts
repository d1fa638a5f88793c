import { addProjects } from '../config/add-projects.ts';
import { schemaComment } from '../config/json-schema.ts';
import { defaultConnection, type Link } from '../domain/link.ts';
import type { ProposedProject } from '../domain/propose-projects.ts';
import { createFile, FileError, readIfExists, replaceFile } from '../lib/text-file.ts';
import { messages } from '../messages/catalog.ts';

const texts = messages.discover.file;

export interface DiscoveredFile {
  readonly projects: readonly ProposedProject[];
  /** A connection that syncbot.yml does not have yet, with the variable of its URL. */
  readonly newConnection: NewConnection | null;
  /** Lines that end the comment at the top. */
  readonly warnings: readonly string[];
  /** Whether some links of a project are paused and some are not. */
  readonly hasMixedFlags: (project: ProposedProject) => boolean;
  readonly hasOldBullmq: (link: Link) => boolean;
}

export interface NewConnection {
  readonly name: string;
  readonly variable: string;
}

export type WriteResult =
  | { readonly kind: 'written' }
  /** The file has projects, or a form that only a person can extend. */
  | { readonly kind: 'kept' }
  | { readonly kind: 'failed'; readonly code: string };

/** Creates the file. If there is one without projects, adds to it. */
export async function writeDiscoveredFile(path: string, file: DiscoveredFile): Promise<WriteResult> {
  try {
    const text = await readIfExists(path);
    if (text === null) {
      await createFile(path, renderFile(file));
      return { kind: 'written' };
    }
    const added = addProjects(text, renderAddition(file));
    if (added === null) return { kind: 'kept' };
    await replaceFile(path, added);
    return { kind: 'written' };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    // SYNCBOT_CONFIG can be a folder.
    return error.code === 'EISDIR' ? { kind: 'kept' } : { kind: 'failed', code: error.code };
  }
}

/** A syncbot.yml for queues in use, with comments that say what to do next. */
export function renderFile(file: DiscoveredFile): string {
  const lines = [
    schemaComment,
    ...[...Object.values(texts.head), ...file.warnings].map((line) => `# ${line}`),
    ...connectionLines(file),
    'policy:',
    `  operators: [] # ${texts.operators}`,
    ...projectLines(file, `# ${texts.channel}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** The keys to add to a syncbot.yml that exists. */
export function renderAddition(file: DiscoveredFile): string {
  return [...connectionLines(file), ...projectLines(file)].join('\n');
}

function connectionLines({ newConnection }: DiscoveredFile): string[] {
  if (newConnection === null) return [];
  return ['connections:', `  ${newConnection.name}: \${${newConnection.variable}} # ${texts.setVariable}`];
}

/** `firstComment`: a line in the first project. */
function projectLines({ projects, hasMixedFlags, hasOldBullmq }: DiscoveredFile, firstComment?: string): string[] {
  const lines = projects.flatMap((project, index) => [
    `  ${scalar(project.id)}:`,
    ...(hasMixedFlags(project) ? [`    # ${texts.mixedFlags}`] : []),
    ...(index === 0 && firstComment !== undefined ? [`    ${firstComment}`] : []),
    ...(index === 0 ? [`    # ${texts.onFailure}`] : []),
    index === 0 ? `    adopt: true # ${texts.adopt}` : '    adopt: true',
    '    links:',
    ...project.links.map((link) => `      - ${linkText(link)}${hasOldBullmq(link) ? ` # ${texts.bullmq4}` : ''}`),
  ]);
  return ['projects:', ...lines];
}

function linkText({ queue, connection, prefix }: Link): string {
  const keys = [
    `queue: ${scalar(queue)}`,
    ...(connection === defaultConnection ? [] : [`connection: ${scalar(connection)}`]),
    ...(prefix === 'bull' ? [] : [`prefix: ${scalar(prefix)}`]),
  ];
  return keys.length === 1 ? keys.join('') : `{ ${keys.join(', ')} }`;
}

/** A text of YAML. A `${` in the name of a queue is no variable. */
function scalar(text: string): string {
  if (/^[a-z][a-z0-9_.-]*$/i.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)) return text;
  const quoted = JSON.stringify(text.replaceAll('${', '$$${'));
  return quoted.replaceAll(/[\p{Cf}\p{Zl}\p{Zp}]/gu, (sign) => `\\U${codePoint(sign)}`);
}

function codePoint(sign: string): string {
  return (sign.codePointAt(0) ?? 0).toString(16).padStart(8, '0');
}
