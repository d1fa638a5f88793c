import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { build } from '../demo/demo-process.ts';
import { waitFor } from '../support/wait.ts';
import { type Figures, grown, readFigures, readOperations, table } from './figures.ts';
import { type Said, work } from './people.ts';
import { openSoak, type SoakSystem } from './soak-system.ts';
import { makeTrouble, type Troubles } from './trouble.ts';

const minutes = Number(process.env['SOAK_MINUTES'] ?? 30);
const warmUpMs = 15_000;
const say = (text: string) => process.stdout.write(`${text}\n`);

it(`${minutes} minutes of use with faults leave nothing behind`, async () => {
  await using built = await build();
  await using system = await openSoak(built.folder);
  const said: Said = { commands: 0, answered: 0, notDelivered: 0, unanswered: 0, presses: 0 };
  const troubles: Troubles = new Map();
  const evening = new AbortController();
  const people = ['U0ALICE', 'U0BOB', 'U0CAROL'].map((user) => work(system, user, said, evening.signal));
  await delay(Math.min(warmUpMs, minutes * 20_000));
  const start = await readFigures(system);
  const trouble = makeTrouble(system, troubles, evening.signal);
  await runFor(system, said, troubles);
  evening.abort();
  await Promise.all([...people, trouble]);

  const open = await untilNothingIsOpen(system);
  const end = await readAtRest(system, start);
  const { byState } = await readOperations(system);
  say(`\nafter ${minutes} minutes\n${table(start, end)}`);
  say(`answers: ${counts(Object.entries(said))}`);
  say(`operations: ${counts([...byState].sort())}; still open: ${open.length}`);
  say(`faults: ${counts([...troubles].sort())}`);
  const { violations } = system.slack;
  say(`violations of Slack's rules: ${violations.length}`);
  const broken = violations.map(({ rule, detail }) => `Slack's rule ${rule}: ${detail}`);
  const deaths = [...system.processes].flatMap(([name, process]) => {
    const words = process.lastWords();
    return words === null ? [] : [`${name} ended: ${words}`];
  });
  expect([...grown(start.connections, end.connections), ...open, ...broken, ...deaths]).toEqual([]);
  expect(byState.get('done')).toBeGreaterThan(0);
});

async function runFor(system: SoakSystem, said: Said, troubles: Troubles): Promise<void> {
  const until = Date.now() + minutes * 60_000;
  for (let minute = 1; Date.now() < until; minute++) {
    await delay(Math.min(60_000, until - Date.now()));
    const { connections, megabytes } = await readFigures(system);
    const { byState } = await readOperations(system);
    const heaps = [...megabytes].filter(([name]) => name.startsWith('heap')).map(([, heap]) => heap.toFixed(1));
    say(
      `minute ${minute}: ${said.commands} commands, ${said.answered} answers, ${sum(byState.values())} operations (${counts([...byState].sort())}), ` +
        `${sum(troubles.values())} faults, ${sum(connections.values())} connections, heaps ${heaps.join(' ')} MB`,
    );
  }
}

/** The operations that are open when there was time enough for everything to end. */
async function untilNothingIsOpen(system: SoakSystem): Promise<string[]> {
  const isOver = async () => (await readOperations(system)).open.length === 0;
  await waitFor(isOver, { timeoutMs: 90_000 }).catch(() => {});
  return (await readOperations(system)).open;
}

/** Connections that were cut a moment ago may still be there twice. */
async function readAtRest(system: SoakSystem, start: Figures): Promise<Figures> {
  const isAtRest = async () => grown(start.connections, (await readFigures(system)).connections).length === 0;
  await waitFor(isAtRest, { timeoutMs: 30_000 }).catch(() => {});
  await waitFor(() => system.slack.socketCount === start.connections.get('sockets at Slack')).catch(() => {});
  return readFigures(system);
}

function counts(entries: readonly (readonly [string, number])[]): string {
  return entries.map(([name, count]) => `${name} ${count}`).join(', ');
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0);
}
