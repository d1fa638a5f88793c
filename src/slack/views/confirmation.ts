import { deletedLinks, groupObservations } from '../../domain/drift.ts';
import { desiredLinkState, stateFromLinks } from '../../domain/lifecycle.ts';
import { logRetainedUntil, oldestUnprocessedAt } from '../../domain/log-retention.ts';
import type { ProjectStats } from '../../domain/observation.ts';
import type { Operation } from '../../domain/operation.ts';
import type { Link, Project } from '../../domain/project.ts';
import { maskFailureReason } from '../../logging/redact.ts';
import {
  actionLabels,
  formatBacklog,
  formatDuration,
  formatInFlight,
  formatLatency,
  formatNumber,
  formatReason,
  formatTimeLeft,
  joinDots,
  pluralize,
  stateClause,
  summarizeNames,
} from '../../messages/format.ts';
import { actionIds, blockId, operationRefValue } from '../contract.ts';
import { actionsBlock, button, contextBlock, type Message, sectionBlock } from './blocks.ts';
import { failedTaskCount, formatLinkCount, stateTitle, type ViewContext } from './context.ts';
import { safeText } from './mrkdwn.ts';

export interface ConfirmationView extends ViewContext {
  readonly operation: Operation;
  readonly project: Project;
  readonly stats: ProjectStats;
}

/**
 * The console's OK/Cancel dialog: what would happen, to how much, and what it means. Only the requester sees
 * it, who is an operator: so failed tasks' reasons are shown, masked.
 */
export function buildConfirmation(view: ConfirmationView): Message {
  const { operation, project, stats, format, now } = view;
  const question = `${actionLabels[operation.action].imperative} ${project.id}?`;
  const effect = effectPhrase(view);
  const expiry = formatTimeLeft(operation.expiresAt - now);
  const value = operationRefValue({ project: project.id, operation: operation.id });
  const reason = formatReason(operation.reason, format);
  return {
    text: `${question} ${effect} Answer OK or Cancel within ${expiry}.`,
    blocks: [
      sectionBlock([`*${question}*`, effect]),
      sectionBlock(
        joinDots(`${stateTitle(project.state)} now`, formatBacklog(stats), formatLatency(stats), formatInFlight(stats)),
      ),
      ...(operation.action === 'restore' ? failedTasksSection(view) : []),
      ...(reason === null ? [] : [sectionBlock(`Reason: ${reason}`)]),
      actionsBlock(blockId('confirm', operation.id, operation.seq), [
        button({
          label: 'OK',
          actionId: actionIds.ok,
          value,
          primary: true,
          accessibilityLabel: `OK: ${question.replace('?', '')}`,
        }),
        button({ label: 'Cancel', actionId: actionIds.cancel, value, accessibilityLabel: 'Cancel: change nothing' }),
      ]),
      contextBlock(`Asked by ${format.person(operation.by)} · only you can see this · expires in ${expiry}`),
    ],
  };
}

function effectPhrase(view: ConfirmationView): string {
  const { operation, project, stats } = view;
  const links = formatLinkCount(project);
  const verbSuffix = project.definition.links.length === 1 ? 's' : '';
  switch (operation.action) {
    case 'start':
      return `${links} begin${verbSuffix} to take tasks.`;
    case 'pause':
      return `${links} stop${verbSuffix} taking tasks; tasks in flight finish by themselves. Latency will grow until restored.${logRetentionPhrase(view)}`;
    case 'restore':
      return `${links} take${verbSuffix} tasks again. ${retryFailedPhrase(failedTaskCount(stats.links))}`;
    case 'reapply':
      return reapplyPhrase(view);
    case 'adopt': {
      const state = stateFromLinks(desiredLinkState(project.state));
      return `All of its links are ${state} already. ${project.id} becomes ${stateTitle(state)}; no link is touched.${state === 'paused' ? logRetentionPhrase(view) : ''}`;
    }
  }
}

function reapplyPhrase({ project, stats, format }: ConfirmationView): string {
  const { running, paused, missing, unreachable } = groupObservations(stats.links);
  const shouldBePaused = desiredLinkState(project.state) === 'paused';
  const names = (links: readonly Link[]) => summarizeNames(links.map(format.link), 'link');
  const clause = (links: readonly Link[], singular: string, plural: string) =>
    links.length === 0 ? [] : [`${names(links)} ${links.length === 1 ? singular : plural}`];
  const deleted = deletedLinks(project, missing);
  const parts = [
    ...(shouldBePaused
      ? clause(running, 'stops taking tasks', 'stop taking tasks')
      : clause(paused, 'takes tasks again', 'take tasks again')),
    ...clause(deleted, 'has no queue, and it goes on without it', 'have no queue, and it goes on without them'),
    ...clause(
      unreachable,
      'does not answer now, and is tried for two minutes',
      'do not answer now, and are tried for two minutes',
    ),
  ];
  return `${parts.join('; ')}, since ${stateClause(project.id, project.state)}.`;
}

/** Until when a restore will still find everything. */
function logRetentionPhrase({ project, stats, format, now }: ConfirmationView): string {
  const until = logRetainedUntil(project.definition, oldestUnprocessedAt({ now, latencyMs: stats.latencyMs }));
  return until === null ? '' : ` The source keeps its log until ${format.time(until)}: restore it before then.`;
}

function retryFailedPhrase(failed: number | null): string {
  if (failed === null)
    return 'Tasks that failed are put back before newer ones; how many is unknown, a link does not answer.';
  if (failed === 0) return 'No failed task has to be put back.';
  return `${pluralize(failed, 'failed task')} will be put back before newer ones.`;
}

/** The failed tasks that will be put back, the oldest first: three by name, the rest counted. */
function failedTasksSection({ project, stats, format, now }: ConfirmationView) {
  const failures = stats.links.flatMap((observation) =>
    observation.kind === 'read' ? observation.oldestFailures.map((task) => ({ link: observation.link, ...task })) : [],
  );
  const oldest = failures.sort((a, b) => a.at - b.at).slice(0, 3);
  const { failure } = project;
  const shown =
    oldest.length > 0
      ? oldest.map(({ link, reason, at }) => ({ link, reason: maskFailureReason(reason), at }))
      : failure === null
        ? []
        : [failure];
  if (shown.length === 0) return [];
  const total = failedTaskCount(stats.links);
  const remaining = total === null ? 0 : total - shown.length;
  return [
    sectionBlock([
      `*Failed task${shown.length === 1 ? '' : 's'}*`,
      ...shown.map(
        ({ link, reason, at }) => `${format.link(link)} ${formatDuration(now - at)} ago: ${safeText(reason, 300)}`,
      ),
      ...(remaining > 0 ? [`and ${formatNumber(remaining)} more`] : []),
    ]),
  ];
}
