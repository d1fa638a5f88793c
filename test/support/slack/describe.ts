import type { Directory } from './directory.ts';
import { buttonsOf, textOf } from './eyes.ts';
import type { ApiCall, MessageView, Notice, SlackChannel, Violation } from './types.ts';

const LAST_CALLS = 20;

interface Scene {
  readonly directory: Directory;
  readonly seenBy: (user: string, channel: string) => readonly MessageView[];
  readonly notices: readonly Notice[];
  readonly calls: readonly ApiCall[];
  readonly violations: readonly Violation[];
}

/** What everybody sees, for the message of a failing test. */
export function describeSlack(scene: Scene): string {
  const lines = [...scene.directory.channels.values()].flatMap((channel) => describeChannel(scene, channel));
  return [
    'What everybody sees:',
    ...(lines.length > 0 ? lines : ['  nothing']),
    ...section('Slack told people:', scene.notices, (it) => `${it.user} in ${it.channel}: ${it.error}`),
    ...section('Last calls:', scene.calls.slice(-LAST_CALLS), (it) => `${it.method} -> ${it.result}`),
    ...section('Violations:', scene.violations, (it) => `${it.rule}: ${it.detail}`),
  ].join('\n');
}

function describeChannel(scene: Scene, channel: SlackChannel): string[] {
  const views = new Map<string, MessageView>();
  for (const user of scene.directory.users.values())
    for (const view of scene.seenBy(user.id, channel.id)) views.set(view.ts, view);
  const sorted = [...views.values()].sort((a, b) => a.ts.localeCompare(b.ts));
  return sorted.map((view) => {
    const to = view.ephemeralFor === undefined ? '' : ` (only ${view.ephemeralFor})`;
    const buttons = buttonsOf(view).map((it) => `[${it.label}]`);
    return `  #${channel.name} ${view.ts}${to}: ${textOf(view).replaceAll('\n', ' / ')} ${buttons.join(' ')}`;
  });
}

function section<T>(title: string, items: readonly T[], line: (item: T) => string): string[] {
  return items.length === 0 ? [] : [title, ...items.map((item) => `  ${line(item)}`)];
}
