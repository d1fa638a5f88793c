import { actionIds } from '../../src/slack/action-ids.ts';
import { pauseEndValue } from '../../src/slack/button-values.ts';
import type { ListenerResult } from '../../src/slack/listeners/listener.ts';
import { onExtendPause, onKeepPausedBeyondEnd } from '../../src/slack/listeners/project-buttons.ts';
import { onCommand } from '../../src/slack/listeners/sync-command.ts';
import { readBlockAction, readSlashCommand } from '../../src/slack/requests.ts';
import type { ModelBot } from './bot.ts';
import { readPausedUntil } from './paused-until.ts';
import { deliver, watchPermission } from './requests.ts';
import { buttonBody, commandBody } from './slack-users.ts';
import type { ModelProject } from './system.ts';
import type { ModelRun } from './trace.ts';

export interface EndChange {
  readonly kind: 'extend_pause' | 'press_extend' | 'keep_beyond_end';
  readonly project: ModelProject;
  readonly by: string;
}

/** A user moves the end of a pause, or removes it. A button shows the end that the pause has now. */
export async function changePauseEnd(run: ModelRun, bot: ModelBot, { kind, project, by }: EndChange): Promise<void> {
  const { redis, slack } = run.system;
  const permission = await watchPermission(run.system, by);
  const { id } = project;
  let results: readonly ListenerResult[];
  if (kind === 'extend_pause') {
    const body = commandBody(slack, by, `extend ${id} 30m`);
    results = await deliver(run, [bot], { listener: { decode: readSlashCommand, run: onCommand }, body });
  } else {
    const end = readPausedUntil(await redis.hget(`syncbot:{p:${id}}:state`, 'pausedUntil'));
    if (end === null) return;
    const isExtension = kind === 'press_extend';
    const actionId = isExtension ? actionIds.pauseEnd.extend : actionIds.pauseEnd.keep;
    const body = buttonBody(slack, by, { actionId, value: pauseEndValue({ project: id, until: end.at }) });
    const listener = { decode: readBlockAction, run: isExtension ? onExtendPause : onKeepPausedBeyondEnd };
    results = await deliver(run, [bot], { listener, body });
  }
  const [result] = results;
  if (result === undefined) return;
  run.trace.endChanges.push({
    project: id,
    by,
    kind: kind === 'keep_beyond_end' ? 'kept' : 'extended',
    permission: await permission(),
    refusal: result.kind === 'refusal' ? result.refusal : null,
  });
}
