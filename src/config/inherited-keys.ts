import { parseDuration } from '../lib/parse-duration.ts';
import { messages } from '../messages/catalog.ts';
import type { KeyError } from './errors.ts';
import { inheritableKeys, inheritableLinkKeys } from './project-schema.ts';
import { isRecord, toList, toRecord } from './raw-values.ts';

export interface InheritedKeys {
  /** The file, in which each project has the keys of its labels and of `defaults` that it does not set itself. */
  readonly value: unknown;
  /** Labels of one project that disagree. */
  readonly errors: readonly KeyError[];
  /** Whether the value at this path is inherited. Then its errors are those of the section that has it. */
  isInherited(path: readonly PropertyKey[]): boolean;
}

type RawSection = Readonly<Record<string, unknown>>;

/**
 * A project that does not set a key gets it from its labels, else from `defaults`. Reads the raw file: so the other checks see
 * each project complete, and a wrong value is reported where it is written.
 */
export function inheritKeys(file: unknown): InheritedKeys {
  const raw = toRecord(file);
  const [defaults, labels, projects] = [toRecord(raw['defaults']), toRecord(raw['labels']), toRecord(raw['projects'])];
  if (Object.keys(defaults).length + Object.keys(labels).length === 0) {
    return { value: file, errors: [], isInherited: () => false };
  }
  const completed = Object.entries(projects).map(([id, project]) => ({
    id,
    ...completeProject(project, { labels, defaults }),
  }));
  return {
    value: { ...raw, projects: Object.fromEntries(completed.map(({ id, project }) => [id, project])) },
    errors: completed.flatMap(({ id, disagreements }) =>
      disagreements.map((key) => ({ path: ['projects', id, 'labels'], ...messages.config.labelsDisagree(key) })),
    ),
    isInherited: (path) => isInherited(projects, path),
  };
}

interface Sources {
  readonly labels: RawSection;
  readonly defaults: RawSection;
}

interface CompletedProject {
  readonly project: unknown;
  /** The keys of which its labels have different values. */
  readonly disagreements: readonly string[];
}

function completeProject(project: unknown, { labels, defaults }: Sources): CompletedProject {
  if (!isRecord(project)) return { project, disagreements: [] };
  const names = toList(project['labels']).filter((label) => typeof label === 'string');
  const rules = names.flatMap((name) => (Object.hasOwn(labels, name) ? [toRecord(labels[name])] : []));
  const links = project['links'];
  const linkSources = { rules: rules.map(linkSection), defaults: linkSection(defaults) };
  const ofProject = addMissing(project, inheritableKeys, { rules, defaults });
  const ofLinks = toList(links).map((link) =>
    isRecord(link) ? addMissing(link, inheritableLinkKeys, linkSources) : { section: link, disagreements: [] },
  );
  return {
    project: Array.isArray(links)
      ? { ...ofProject.section, links: ofLinks.map(({ section }) => section) }
      : ofProject.section,
    disagreements: [ofProject, ...ofLinks].flatMap(({ disagreements }) => disagreements),
  };
}

function addMissing(
  own: RawSection,
  keys: readonly string[],
  { rules, defaults }: { readonly rules: readonly RawSection[]; readonly defaults: RawSection },
): { readonly section: RawSection; readonly disagreements: readonly string[] } {
  const section: Record<string, unknown> = { ...own };
  const disagreements: string[] = [];
  for (const key of keys.filter((name) => !isSet(own[name]))) {
    const values = rules.map((rule) => rule[key]).filter(isSet);
    if (key !== 'pauseMax' && new Set(values.map((value) => JSON.stringify(value))).size > 1) disagreements.push(key);
    const inherited = (key === 'pauseMax' ? values.sort(byDuration) : values)[0] ?? defaults[key];
    if (isSet(inherited)) section[key] = inherited;
  }
  return { section, disagreements };
}

/** The shortest one first. A value that is not a duration is an error of its label. */
function byDuration(a: unknown, b: unknown): number {
  const [first, second] = [a, b].map((value) => parseDuration(String(value)) ?? 0);
  return (first ?? 0) - (second ?? 0);
}

function isInherited(projects: RawSection, [section, id, key, index, linkKey]: readonly PropertyKey[]): boolean {
  const project = typeof id === 'string' && section === 'projects' ? projects[id] : null;
  if (!isRecord(project) || key === undefined) return false;
  const name = String(key);
  if (inheritableKeys.includes(name)) return !isSet(project[name]);
  const link = toList(project['links'])[Number(index)];
  return (
    name === 'links' && isRecord(link) && inheritableLinkKeys.includes(String(linkKey)) && !isSet(link[String(linkKey)])
  );
}

function linkSection(section: RawSection): RawSection {
  return toRecord(section['link']);
}

/** A key without a value counts as left out. */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}
