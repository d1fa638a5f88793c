import { buttonsOf, renderedText } from './rendered-message.ts';
import type { ApiCall, ClientError, MessageView, SlackChannel } from './types.ts';
import type { VisibleView } from './view-users.ts';
import type { Violation } from './violations.ts';
import type { Workspace } from './workspace.ts';

const maxCallsShown = 20;

interface WorkspaceView {
  readonly workspace: Workspace;
  readonly visibleTo: (user: string, channel: string) => readonly MessageView[];
  readonly views: readonly VisibleView[];
  readonly clientErrors: readonly ClientError[];
  readonly calls: readonly ApiCall[];
  readonly violations: readonly Violation[];
}

/** Describes every message, error, recent call and violation, for the error of a failed test. */
export function describeWorkspace(view: WorkspaceView): string {
  const lines = [...view.workspace.channels.values()].flatMap((channel) => describeChannel(view, channel));
  return [
    'Messages:',
    ...(lines.length > 0 ? lines : ['  none']),
    ...section('Views:', view.views, describeView),
    ...section(
      'Errors shown by Slack:',
      view.clientErrors,
      ({ user, channel, error }) => `${user} in ${channel}: ${error}`,
    ),
    ...section('Last calls:', view.calls.slice(-maxCallsShown), ({ method, result }) => `${method} -> ${result}`),
    ...section('Violations:', view.violations, ({ rule, detail }) => `${rule}: ${detail}`),
  ].join('\n');
}

function describeChannel(view: WorkspaceView, channel: SlackChannel): string[] {
  const messageViews = new Map<string, MessageView>();
  for (const user of view.workspace.users.values())
    for (const messageView of view.visibleTo(user.id, channel.id)) messageViews.set(messageView.ts, messageView);
  const sorted = [...messageViews.values()].sort((a, b) => a.ts.localeCompare(b.ts));
  return sorted.map((view) => {
    const audience = view.ephemeralFor === undefined ? '' : ` (only ${view.ephemeralFor})`;
    const buttons = buttonsOf(view).map(({ label }) => `[${label}]`);
    return `  #${channel.name} ${view.ts}${audience}: ${renderedText(view).replaceAll('\n', ' / ')} ${buttons.join(' ')}`;
  });
}

function describeView({ id, type, title, blocks, submit }: VisibleView): string {
  const buttons = [...buttonsOf({ blocks }).map(({ label }) => label), ...(submit === '' ? [] : [submit])];
  const text = renderedText({ blocks }).replaceAll('\n', ' / ');
  return `${type} ${id} ${title}: ${text} ${buttons.map((label) => `[${label}]`).join(' ')}`;
}

function section<T>(title: string, items: readonly T[], line: (item: T) => string): string[] {
  return items.length === 0 ? [] : [title, ...items.map((item) => `  ${line(item)}`)];
}
