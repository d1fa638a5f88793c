import { describe, expect, it } from 'vitest';
import { historyEntrySchema } from '../../../src/domain/history.ts';
import { buildHistory, maxEntriesShown } from '../../../src/slack/views/history.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { exampleNow } from '../../support/example-records.ts';

const format = slackFormatter('/sync');

/** The message with these entries, the first one a minute ago, each one a minute older than the one before it. */
function build(entries: readonly object[]) {
  const message = buildHistory({
    project: 'orders',
    entries: entries.map((entry, index) =>
      historyEntrySchema.parse({ id: `${index}`, at: exampleNow - (index + 1) * 60_000, event: 'changed', ...entry }),
    ),
    revealReasons: false,
    format,
    now: exampleNow,
  });
  const sections = message.blocks.flatMap((block) => (block.type === 'section' ? [block.text.text] : []));
  const footer = message.blocks.flatMap((block) => (block.type === 'context' ? [block.elements[0]?.text] : []));
  return { text: message.text, sections, footer };
}

describe('the history', () => {
  it('has one line for each entry, and the newest one in its text', () => {
    const lines = [
      '1 min ago · <@U0BOB> · asked to pause it · because we deploy · in <#C0SYNC>',
      '2 min ago · the request to start it expired before it was confirmed',
    ];
    const { text, sections, footer } = build([
      { event: 'requested', by: 'U0BOB', action: 'pause', reason: 'we deploy', channel: 'C0SYNC' },
      { event: 'expired', action: 'start' },
    ]);
    expect(text).toBe(`History of orders · ${lines[0]}`);
    expect(sections).toEqual([`*History of orders*\n${lines.join('\n')}`]);
    expect(footer).toEqual(['Only you can see this']);
  });

  it('says that there is Nothing yet', () => {
    expect(build([])).toMatchObject({
      text: 'History of orders · Nothing yet',
      sections: ['*History of orders*\nNothing yet'],
    });
  });

  it('names the command that shows older entries, if there are any', () => {
    const full = Array<object>(maxEntriesShown).fill({});
    expect(build(full).footer).toEqual(['Only you can see this']);
    const withOlder = build([...full, { by: 'cli:older' }]);
    expect(withOlder.footer).toEqual(['Only you can see this · older ones: `syncbot history orders`']);
    expect(withOlder.sections.join()).not.toContain('cli:older');
  });

  it('is split into sections that are as full as possible', () => {
    const reason = 'x'.repeat(100);
    const { sections } = build(
      Array<object>(maxEntriesShown).fill({
        event: 'failed',
        operation: 'op1',
        action: 'pause',
        outcome: null,
        code: reason,
        by: reason,
      }),
    );
    const lines = sections.flatMap((section) => section.split('\n'));
    expect(lines).toHaveLength(maxEntriesShown + 1);
    const requested = build(
      Array<object>(maxEntriesShown).fill({
        event: 'requested',
        by: 'cli:root',
        action: 'pause',
        reason: '&'.repeat(120),
        channel: 'C0SYNC',
      }),
    ).sections;
    expect(requested.length).toBeGreaterThan(0);
    for (const section of requested) expect(section.length).toBeLessThanOrEqual(2_900);
  });
});
