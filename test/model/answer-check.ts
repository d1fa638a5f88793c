import type { Replayed } from './history-check.ts';
import { roads } from './model.ts';
import type { ProjectRecords } from './records.ts';
import type { Observed } from './so-far.ts';

/** What people were answered, against what the history says has happened. */
export function untrueAnswers(
  { asked, pressed }: Observed,
  histories: ReadonlyMap<string, Replayed & { readonly records: ProjectRecords }>,
): string[] {
  const violations: string[] = [];
  for (const { project, action, answer } of asked) {
    if (answer.kind === 'requested') continue;
    const { refusal } = answer;
    const standings = histories.get(project)?.standings ?? [];
    // A precheck says "no" for what is so at that moment only: a link's worker that is just being restarted.
    if (refusal.code === 'precheck_failed') continue;
    const isTrue =
      refusal.code === 'not_allowed' &&
      roads[action]?.from.includes(refusal.state) === false &&
      standings.some(({ state, since, by }) => state === refusal.state && since === refusal.since && by === refusal.by);
    if (!isTrue) violations.push(`${project}: ${action} was refused with ${JSON.stringify(refusal)}`);
  }
  const winners = new Map<string, number>();
  for (const { operation, by, settlement, answer } of pressed) {
    const kept = histories.get(operation.project)?.records.operations.get(operation.id);
    const say = (violation: string) => violations.push(`${operation.project}: ${operation.id} ${violation}`);
    if (answer.kind === 'refused') {
      const { code } = answer.refusal;
      if (code !== 'not_requester' || by === operation.by) say(`${settlement} by ${by} was refused with ${code}`);
      continue;
    }
    if (by !== operation.by) say(`was settled for ${by}, asked by ${operation.by}`);
    if (answer.kind === 'settled') winners.set(operation.id, (winners.get(operation.id) ?? 0) + 1);
    if (String(answer.operation.settledAt) !== kept?.['settledAt']) say('was answered with another settlement');
    const { state } = answer.operation;
    if (answer.kind === 'settled' && !settledAs[settlement].includes(state)) say(`${settlement} made it ${state}`);
    if (state === 'requested') say('is not settled by a press');
  }
  for (const [id, count] of winners) if (count > 1) violations.push(`${id} was settled ${count} times`);
  return violations;
}

const settledAs = { confirm: ['confirmed', 'expired'], cancel: ['cancelled', 'expired'] };
