import type { Operators } from '../../domain/authorization.ts';
import { alternativeTo } from '../../domain/lifecycle.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { messages } from '../../messages/catalog.ts';
import type { Formatter } from '../../messages/format.ts';
import { refusalText } from '../../messages/render.ts';
import type { ProjectVerb } from '../commands/command.ts';
import {
  changesProject,
  suggestedHelp,
  suggestedList,
  suggestProjects,
  suggestSkipped,
} from '../commands/suggestions.ts';
import { takeOverButton } from './acknowledgement.ts';
import { boldId } from './alert.ts';
import {
  askAgainButton,
  type Button,
  commandButton,
  type Message,
  messageWithButtons,
  requestButton,
  showButton,
} from './blocks.ts';
import { sectionBudgetChars } from './limits.ts';
import { truncateMrkdwn } from './mrkdwn.ts';

/** What was refused. A suggestion repeats it with the right project. */
export interface RefusedCommand {
  readonly verb: ProjectVerb;
  readonly reason: string | null;
  /** As in a suggestion. */
  readonly limit?: string | null;
}

export interface RefusalView {
  readonly refusal: Refusal;
  /** Null when the request was not for a project. */
  readonly command: RefusedCommand | null;
  /** The operators whom a person can ask who is not an operator. */
  readonly operators: Operators;
  readonly format: Formatter;
}

/** A refusal, with a button for each thing that it suggests. */
export function buildRefusal(view: RefusalView): Message {
  const { refusal, command, format } = view;
  const sentences = [refusalText(refusal, format), ...hints(view)].join(' ');
  const text = truncateMrkdwn(sentences, sectionBudgetChars);
  const shown = 'project' in refusal ? boldId(text, refusal.project) : text;
  return messageWithButtons(text, 'refusal', buttonsFor(refusal, command), shown);
}

function hints({ refusal, command, operators, format }: RefusalView): string[] {
  if (refusal.code === 'not_operator') return [messages.access.askToChange({ user: refusal.user, operators }, format)];
  const suggestsChange = command !== null && changesProject(command);
  if (refusal.code !== 'unknown_project' || refusal.similar.length === 0 || !suggestsChange) return [];
  return [messages.commandErrors.asksFirst(refusal.similar.length)];
}

function buttonsFor(refusal: Refusal, command: RefusedCommand | null): Button[] {
  switch (refusal.code) {
    case 'unknown_project':
      return refusal.similar.length === 0
        ? [commandButton(suggestedList)]
        : suggestProjects(command?.verb ?? 'show', refusal.similar, command ?? {}).map(commandButton);
    case 'not_allowed': {
      const instead = alternativeTo(refusal.state, refusal.action);
      return [...(instead === null ? [] : [requestButton(instead, refusal.project)]), showButton(refusal.project)];
    }
    case 'precheck_failed':
      return [...suggestProjects('precheck', [refusal.project]).map(commandButton), showButton(refusal.project)];
    case 'adopt_mixed':
      return [showButton(refusal.project), requestButton('reapply', refusal.project)];
    case 'claim_timeout':
      return [askAgainButton(refusal.action, refusal.project), showButton(refusal.project)];
    case 'no_task_to_skip':
      return [requestButton('restore', refusal.project), showButton(refusal.project)];
    case 'too_many_skipped':
    case 'not_skipped':
      return [commandButton(suggestSkipped(refusal.project))];
    case 'operation_active':
    case 'changed':
    case 'links_unreachable':
    case 'no_drift':
    case 'task_not_found':
    case 'not_paused':
    case 'no_reminder':
    case 'limit_above_max':
    case 'limit_passed':
    case 'not_caught_up':
    case 'not_waiting':
    case 'deadline_moved':
      return [showButton(refusal.project)];
    case 'pause_waits':
      return [requestButton('pause', refusal.project), showButton(refusal.project)];
    case 'catch_up_not_possible':
    case 'limit_not_possible':
      return [...(refusal.action === 'retry' ? [] : [requestButton(refusal.action, refusal.project)])];
    case 'no_limit':
      return [requestButton('restore', refusal.project), showButton(refusal.project)];
    case 'alert_held':
      return [
        ...(refusal.held === 'owned' ? [takeOverButton({ target: refusal.target, now: refusal.seenAt })] : []),
        showButton(refusal.project),
      ];
    case 'removed':
      return [commandButton(suggestedList)];
    case 'unknown_operation':
      return [commandButton(suggestedHelp)];
    default:
      return [];
  }
}
