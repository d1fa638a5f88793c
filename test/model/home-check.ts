import { renderedText } from '../fake-slack/rendered-message.ts';
import { type BatchRecord, readBatches } from './batch-records.ts';
import { slackUsers } from './commands.ts';
import { type ProjectRecords, readRecords } from './records.ts';
import type { System } from './system.ts';

/** The states that Home has a row for, whatever alerts fire. */
const listedStates: Readonly<Record<string, string>> = { paused: 'Paused', failed: 'Failed' };
const stateNames: Readonly<Record<string, string>> = {
  ...listedStates,
  not_started: 'Not Started',
  running: 'Running',
};

/** Compares the Homes that users have opened with the records, while no operation is under way. Returns the differences. */
export async function findWrongHomes({ slack, redis, projects }: System): Promise<string> {
  const opened = await redis.hkeys('syncbot:homes');
  const viewers = slackUsers.filter((user) => opened.includes(user));
  if (viewers.length === 0) return '';
  const records = await Promise.all(projects.map(({ id }) => readRecords(redis, id)));
  const batches = await readBatches(redis);
  const differences = viewers.flatMap((user) => {
    const home = slack.views.homeOf(user);
    if (home === undefined) return [`the Home of ${user} is empty`];
    return homeDifferences(renderedText(home), { user, records, batches }).map((text) => `the Home of ${user} ${text}`);
  });
  return differences.join('\n');
}

interface Shown {
  readonly user: string;
  readonly records: readonly ProjectRecords[];
  readonly batches: readonly BatchRecord[];
}

function homeDifferences(text: string, { user, records, batches }: Shown): string[] {
  const differences: string[] = [];
  for (const [state, name] of Object.entries(stateNames)) {
    const { length } = records.filter((each) => each.state['state'] === state);
    if (length === 0) continue;
    const count = `${length} ${name}`;
    const isAll = length === records.length;
    if (!text.includes(count) && !isAll) differences.push(`does not say ${count}`);
  }
  for (const { id, state } of records) {
    const name = listedStates[state['state'] ?? ''];
    const hasAlert = Object.entries(state).some(
      ([field, json]) => field.startsWith('alert:') && json.includes('"firing"'),
    );
    if (name !== undefined && !text.includes(`*${id}* · ${name}`))
      differences.push(`does not say that ${id} is ${name}`);
    if (name === undefined && !hasAlert && /^\*[^*]+\* · (?:Paused|Failed)/m.test(rowOf(text, id)))
      differences.push(`says “${rowOf(text, id)}”`);
  }
  if (/In progress|Waits for a syncbot worker/.test(text)) differences.push('has an operation in progress');
  if (/to be paused/.test(text)) differences.push('has a pause that waits');
  const open = [
    ...records.flatMap(({ operations }) => [...operations.values()]).filter((fields) => isOpenDialog(fields, user)),
    ...batches.filter(({ state, by }) => state === 'requested' && by === user),
  ];
  const [, shown = '0'] = /Waiting for your OK: (\d+)/.exec(text) ?? [];
  if (Number(shown) !== open.length) differences.push(`shows ${shown} open dialogs, there are ${open.length}`);
  return differences.map((difference) => `${difference}: “${text}”`);
}

function rowOf(text: string, id: string): string {
  return text.split('\n').find((line) => line.startsWith(`*${id}* · `)) ?? '';
}

function isOpenDialog({ state, by, batch }: Readonly<Record<string, string>>, user: string): boolean {
  return state === 'requested' && by === user && batch === '';
}
