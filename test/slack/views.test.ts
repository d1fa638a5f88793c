import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HistoryEntry, historyEvents } from '../../src/domain/history.ts';
import type { Link } from '../../src/domain/project.ts';
import { countStates } from '../../src/domain/state-counts.ts';
import type { Message } from '../../src/slack/blocks.ts';
import { faultsOf } from '../../src/slack/limits.ts';
import { isSlackUser, slackVoice } from '../../src/slack/mrkdwn.ts';
import { buildAlert, buildAlertOver } from '../../src/slack/views/alert.ts';
import { buildConfirmation } from '../../src/slack/views/confirmation.ts';
import { buildHelp } from '../../src/slack/views/help.ts';
import { buildHistory, entriesShown } from '../../src/slack/views/history.ts';
import { buildList, projectsPerPage } from '../../src/slack/views/list.ts';
import { buildOutcome } from '../../src/slack/views/outcome.ts';
import { buildPrecheck } from '../../src/slack/views/precheck.ts';
import { buildRefusal } from '../../src/slack/views/refusal.ts';
import { buildShow } from '../../src/slack/views/show.ts';
import { blockFaults } from '../support/slack/block-limits.ts';
import {
  alert,
  finding,
  historyEntry,
  nastyText,
  now,
  observed,
  operationOf,
  precheckItems,
  projectId,
  refusal,
} from './arbitraries.ts';
import { exampleLink } from './examples.ts';

/** A moment in the reader's time zone: the one command of Slack that our words hold. */
const dateToken = /<!date\^\d+\^\{date_short_pretty\} \{time\}\|[^<>|]*>/g;

const scene = { voice: slackVoice('/sync'), now };
const runs = { numRuns: 60 };

/** What holds for every message, whatever it is about. */
function expectFit(message: Message): void {
  expect(faultsOf(message)).toEqual([]);
  expect(blockFaults(JSON.parse(JSON.stringify(message.blocks)))).toEqual([]);
  expect(message.text.trim()).not.toBe('');
  for (const said of [message.text, ...strings(message.blocks)]) {
    const text = said.replace(dateToken, '');
    expect(text).not.toMatch(/<!|[\u202a-\u202e\u2066-\u2069\u200b]/);
    for (const [, inside = ''] of text.matchAll(/<([^>]*)>/g)) expect(inside).toMatch(/^[@#][UWCGD][A-Z0-9]+$/);
    expect(text.replace(/&(amp|lt|gt);/g, '')).not.toContain('&');
    expect(text).not.toMatch(/\p{Cs}/u);
  }
}

function expectHistoryFit(message: Message, entries: number): void {
  expectFit(message);
  const lines = strings(message.blocks).join('\n').split('\n');
  expect(lines.filter((line) => / ago · /.test(line))).toHaveLength(Math.min(entries, entriesShown));
  expect(lines.at(-1)?.includes('older ones')).toBe(entries > entriesShown);
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [];
  if (Array.isArray(value)) return value.flatMap(strings);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'text' && typeof inner === 'string' ? [inner] : strings(inner),
  );
}

describe('every view is within the limits of Slack, and mentions nobody but people and channels', () => {
  it('list', () => {
    const page = fc.array(observed, { maxLength: projectsPerPage });
    fc.assert(
      fc.property(page, nastyText, fc.nat(5), (shown, filter, pageNumber) => {
        const counts = countStates(shown.map(({ project }) => project));
        const short = filter.slice(0, 100);
        expectFit(buildList({ ...scene, counts, shown, page: pageNumber, filter: short }));
      }),
      { numRuns: 25 },
    );
  });

  it('show', () => {
    fc.assert(
      fc.property(
        observed.chain((seen) => fc.tuple(fc.constant(seen), fc.array(operationOf(seen.project.id), { maxLength: 5 }))),
        precheckItems,
        fc.boolean(),
        ([seen, operations], precheck, revealReasons) => {
          expectFit(buildShow({ ...scene, details: { ...seen, operations, precheck }, revealReasons }));
        },
      ),
      runs,
    );
  });

  it('precheck', () => {
    fc.assert(
      fc.property(observed, precheckItems, ({ project }, items) =>
        expectFit(buildPrecheck({ ...scene, project, items })),
      ),
      runs,
    );
  });

  it('confirmation', () => {
    fc.assert(
      fc.property(
        observed.chain((seen) => fc.tuple(fc.constant(seen), operationOf(seen.project.id))),
        ([seen, operation]) => expectFit(buildConfirmation({ ...scene, ...seen, operation })),
      ),
      runs,
    );
  });

  it('outcome', () => {
    fc.assert(
      fc.property(
        observed.chain((seen) => fc.tuple(fc.option(fc.constant(seen.project)), operationOf(seen.project.id))),
        ([project, operation]) => expectFit(buildOutcome({ ...scene, project, operation })),
      ),
      { numRuns: 200 },
    );
  });

  it('alert', () => {
    fc.assert(
      fc.property(observed, alert, finding, fc.boolean(), ({ project }, each, found, showErrors) => {
        expectFit(buildAlert({ ...scene, project, alert: each, showErrors }, found));
        expectFit(
          buildAlertOver({ ...scene, project, showErrors, kind: found.kind }, each.fading ? null : each.changedAt),
        );
      }),
      runs,
    );
  });

  it('history', () => {
    const entries = fc.array(historyEntry, { maxLength: entriesShown + 1, size: 'max' });
    fc.assert(
      fc.property(projectId, entries, fc.boolean(), (project, told, revealReasons) =>
        expectHistoryFit(buildHistory({ ...scene, project, entries: told, revealReasons }), told.length),
      ),
      { numRuns: 200 },
    );
  });

  it('history, each of its lines as long as they get', () => {
    for (const long of ['"', '\\', '<', '👨‍👩‍👧‍👦'].map((unit) => unit.repeat(500))) {
      const links = Array<Link>(9).fill({ queue: long, connection: long, prefix: long });
      const outcome = { linksTotal: 1e9, linksDone: 1e9, unreachable: links, missing: [], inFlight: 1e9, putBack: 1e9 };
      const failure = { link: links[0] ?? exampleLink('q'), taskId: null, reason: long, at: 0 };
      const refusal = { code: 'links_unreachable' as const, project: 'orders', links };
      const someLinks = { total: 9, first: links.slice(0, 5) };
      const finding = { kind: 'loose' as const, links: someLinks, cause: 'resumed' as const };
      const alerted = {
        alert: { since: 0, open: true, seq: 1, changedAt: 1, version: 1, fading: false, finding },
        told: { seq: 1, since: 0, message: { channel: long, ts: '1.1' }, over: false },
        kind: 'loose' as const,
      };
      const about = { id: '1-0', at: 0, by: long, action: 'restore', reason: long, channel: long } as const;
      const rest = {
        origin: null,
        version: null,
        state: null,
        code: long,
        outcome,
        failure,
        refusal,
        links,
        cause: null,
        ...alerted,
      };
      for (const event of [...historyEvents, long]) {
        for (const operation of ['op1', null]) {
          const entries = Array<HistoryEntry>(entriesShown + 1).fill({ ...about, ...rest, event, operation });
          const message = buildHistory({ ...scene, project: 'o'.repeat(63), entries, revealReasons: true });
          expectHistoryFit(message, entries.length);
        }
      }
    }
  });

  it('refusal and help', () => {
    fc.assert(
      fc.property(refusal, fc.option(projectId), (each, verb) =>
        expectFit(buildRefusal({ ...scene, refusal: each, verb })),
      ),
      { numRuns: 200 },
    );
    expectFit(buildHelp(scene.voice));
  });
});

describe('the voice of Slack', () => {
  it('mentions people whom Slack knows, and writes out everybody else', () => {
    expect(scene.voice.person('U0ALICE')).toBe('<@U0ALICE>');
    expect(scene.voice.person('cli:root')).toBe('cli:root');
    expect(scene.voice.person('U0ALICE> <!channel')).toBe('U0ALICE&gt; &lt;!channel');
    expect(isSlackUser('u0alice')).toBe(false);
  });
});
