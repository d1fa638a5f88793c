import { alertDue } from '../domain/alert.ts';
import type { Alert, Project, ProjectId } from '../domain/project.ts';
import { put } from './channel-message.ts';
import type { TellerOptions } from './teller.ts';
import { buildAlert, buildAlertOver } from './views/alert.ts';

/**
 * Tells a channel of a failure, once, and in the same message that it is over. First the end of an older one, then the new
 * one: both may be due. Throws RetryLater when Slack asks for that.
 */
export async function tellAlert(options: TellerOptions, id: ProjectId): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    const project = await options.store.read(id);
    const due = project === null ? null : alertDue(project);
    if (project === null || due === null) return;
    const alert = due === 'open' ? await open(options, project) : await close(options, project);
    await options.store.alerted(id, alert);
  }
}

async function open({ slack, store, voice, log, showErrors }: TellerOptions, project: Project): Promise<Alert> {
  const channel = project.definition.channel ?? (await lastChannel(store, project));
  const nowhere = { since: project.since, message: null, closed: true };
  if (channel === null) {
    log.warn({ project: project.id }, 'failure could not be told: the project names no channel');
    return nowhere;
  }
  const placed = await put(slack, buildAlert({ project, voice, showErrors }), { ref: null, channel }, log);
  if (placed.kind === 'put') return { since: project.since, message: placed.ref, closed: false };
  log.warn({ project: project.id, channel, code: placed.code }, 'failure could not be told in the channel');
  return nowhere;
}

async function close({ slack, voice, log }: TellerOptions, project: Project): Promise<Alert> {
  const { since = project.since, message = null } = project.alert ?? {};
  if (message !== null) {
    const over = buildAlertOver({ project, since, voice });
    await put(slack, over, { ref: message, channel: message.channel }, log);
  }
  return { since, message, closed: true };
}

/** Without a channel of its own a project's failure is told where it was last dealt with. */
async function lastChannel(store: TellerOptions['store'], { id, lastOperation }: Project): Promise<string | null> {
  if (lastOperation === null) return null;
  const operation = await store.readOperation({ project: id, operation: lastOperation });
  return operation?.channel ?? null;
}
