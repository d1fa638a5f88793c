import { allowedAction } from '../../domain/lifecycle.ts';
import type { ProjectId } from '../../domain/project.ts';
import type { MessageShortcut } from '../requests.ts';
import { requestConfirmation } from './confirmation.ts';
import type { ListenerContext, ListenerResult } from './listener.ts';
import { showDetails, showList } from './queries.ts';

/**
 * The message shortcut. On a message about one project, or in the thread of its alert, it requests what brings the project
 * back: Restore, or Start. Otherwise, and for people who may only look, it shows the project. Without a project it shows the
 * list.
 */
export async function onMessageShortcut(context: ListenerContext, request: MessageShortcut): Promise<ListenerResult> {
  const id = request.project ?? (await projectOfAlert(context, request));
  if (id === null) return showList(context, request, { page: 0, filter: '' });
  const project = await context.projects.read(id);
  const action = project === null ? null : allowedAction(project.state);
  if (action === null || action === 'pause') return showDetails(context, request, id);
  const refusal = await context.authorizer.authorizeRequest(request);
  if (refusal !== null) return showDetails(context, request, id);
  return requestConfirmation(context, request, { action, project: id, reason: null });
}

/** The only project of the alert group whose message begins the thread. */
async function projectOfAlert(
  { alertGroups }: ListenerContext,
  { channel, threadTs }: MessageShortcut,
): Promise<ProjectId | null> {
  if (threadTs === null) return null;
  const { alerts } = await alertGroups.read(channel);
  const group = [...alerts.groups.values()].find(({ message }) => message?.ts === threadTs);
  const [project = null, ...others] = group?.members.keys() ?? [];
  return others.length > 0 ? null : project;
}
