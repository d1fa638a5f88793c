import { describe, expect, it } from 'vitest';
import { historyEntrySchema } from '../../../src/domain/history.ts';
import { foldHistory, type HistoryCursor } from '../../../src/domain/history-lines.ts';
import { buildHistory, linesPerPage } from '../../../src/slack/views/history.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { exampleNow } from '../../support/example-records.ts';
import { actionButtons } from '../action-buttons.ts';

const format = slackFormatter('/sync');
const minutesAgo = (minutes: number) => exampleNow - minutes * 60_000;

/** The message with these entries, the first one a minute ago, each one a minute older than the one before it. */
function build(entries: readonly object[], cursor: HistoryCursor | null = null) {
  const parsed = entries.map((entry, index) =>
    historyEntrySchema.parse({ id: `${9_000 - index}-0`, at: minutesAgo(index + 1), event: 'changed', ...entry }),
  );
  const page = foldHistory(parsed, { size: linesPerPage, cursor });
  const message = buildHistory({ project: 'orders', cursor, page, revealReasons: false, format });
  const sections = message.blocks.flatMap((block) => (block.type === 'section' ? [block.text.text] : []));
  const footer = message.blocks.flatMap((block) => (block.type === 'context' ? [block.elements[0]?.text] : []));
  const buttons = actionButtons(message.blocks);
  return { text: message.text, sections, footer, buttons, labels: buttons.map(({ text }) => text.text) };
}

const operation = { operation: 'op1', action: 'pause', by: 'U0BOB', reason: 'we deploy', channel: 'C0SYNC' };
const outcome = { linksTotal: 2, linksDone: 2, unreconciled: [], missing: [], inFlight: 3, retriedTasks: 0 };
const alert = (state: object) => ({
  absentOnce: false,
  since: minutesAgo(9),
  seq: 1,
  changedAt: 1,
  version: 1,
  ...state,
});
const condition = { kind: 'latency', latencyMs: 9, limitMs: 1 };

describe('the history', () => {
  it('has one line with clock times for each operation, alert and other entry, and the newest one in its text', () => {
    const { text, sections, footer, labels } = build([
      { ...operation, event: 'drained', by: null },
      { ...operation, event: 'done', outcome },
      { ...operation, event: 'requested' },
      { event: 'alert_resolved', alertKind: 'latency', alert: alert({ state: 'resolved' }) },
      { event: 'alert_firing', alertKind: 'latency', alert: alert({ state: 'firing', condition }) },
      { event: 'expired', operation: 'op0', action: 'start' },
      { event: 'requested', operation: 'op00', action: 'restore', by: 'U0ALICE', reason: 'fixed', channel: 'C0OPS' },
    ]);
    const lines = [
      `${format.time(minutesAgo(2))} · <@U0BOB> · paused 2 of 2 links · 3 tasks still in flight then · because we deploy · in <#C0SYNC> · the last task in flight ended ${format.at(minutesAgo(1))}`,
      `${format.time(minutesAgo(9))} – ${format.time(minutesAgo(4))} · alert: it was too far behind`,
      `${format.time(minutesAgo(6))} · the request to start it expired before it was confirmed`,
      `${format.time(minutesAgo(7))} · <@U0ALICE> · asked to restore it · because fixed · in <#C0OPS>`,
    ];
    expect(text).toBe(`History of orders · ${lines[0]}`);
    expect(sections).toEqual([`*History of orders*\n${lines.join('\n')}`]);
    expect(footer).toEqual(['Only you can see this']);
    expect(labels).toEqual([]);
  });

  it('says that there is Nothing yet, or Nothing older', () => {
    expect(build([])).toMatchObject({
      text: 'History of orders · Nothing yet',
      sections: ['*History of orders*\nNothing yet'],
    });
    expect(build([], { before: '1-0', shown: [] }).text).toBe('History of orders · Nothing older');
  });

  it('has the button Older while there are older lines, and Newest on the other pages', () => {
    const full = Array<object>(linesPerPage).fill({});
    expect(build(full).labels).toEqual([]);
    const first = build([...full, { by: 'cli:older' }]);
    expect(first.labels).toEqual(['Older']);
    expect(first.sections.join()).not.toContain('cli:older');
    const cursor = { before: '9500-0', shown: [] };
    expect(build(full, cursor).labels).toEqual(['Newest']);
    expect(build([...full, {}], cursor).labels).toEqual(['Older', 'Newest']);
  });

  it('names the command line instead of Older if a button cannot have all that later pages must not repeat', () => {
    const shown = Array.from({ length: 100 }, (_, index) => `operation:${'x'.repeat(20)}${index}`);
    const { labels, footer } = build(Array<object>(linesPerPage + 1).fill({}), { before: '9500-0', shown });
    expect(labels).toEqual(['Newest']);
    expect(footer).toEqual(['Only you can see this · older ones: `syncbot history orders`']);
  });

  it('is split into sections that are as full as possible, with lines that are cut', () => {
    const { sections } = build(
      Array.from({ length: linesPerPage }, (_, index) => ({
        ...operation,
        event: 'requested',
        operation: `op${index}`,
        by: 'cli:root',
        reason: '&'.repeat(120),
        channel: '&'.repeat(200),
      })),
    );
    expect(sections.flatMap((section) => section.split('\n'))).toHaveLength(linesPerPage + 1);
    expect(sections.length).toBeLessThanOrEqual(3);
    for (const section of sections) expect(section.length).toBeLessThanOrEqual(2_900);
  });
});
