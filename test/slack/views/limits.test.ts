import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countProjects } from '../../../src/domain/attention.ts';
import { noOperators } from '../../../src/domain/authorization.ts';
import { digestSections } from '../../../src/domain/digest.ts';
import { type HistoryEntry, historyEvents } from '../../../src/domain/history.ts';
import { foldHistory } from '../../../src/domain/history-lines.ts';
import type { Link } from '../../../src/domain/link.ts';
import { emptyFilter, parseListFilter } from '../../../src/domain/list-filter.ts';
import type { ObservationStatus } from '../../../src/domain/observation-status.ts';
import { messages } from '../../../src/messages/catalog.ts';
import { buildAlert, buildResolvedAlert } from '../../../src/slack/views/alert.ts';
import {
  buildAlertGroup,
  buildAlertReply,
  buildResolvedAlertGroup,
  groupRows,
} from '../../../src/slack/views/alert-group.ts';
import type { Message } from '../../../src/slack/views/blocks.ts';
import { buildConfirmation } from '../../../src/slack/views/confirmation.ts';
import { buildDigest } from '../../../src/slack/views/digest.ts';
import { buildHelp } from '../../../src/slack/views/help.ts';
import {
  buildHistory,
  buildHistorySince,
  type HistoryView,
  linesPerPage,
  maxLinesSince,
} from '../../../src/slack/views/history.ts';
import { validateMessage } from '../../../src/slack/views/limits.ts';
import { buildLinkPage } from '../../../src/slack/views/links.ts';
import { buildEmptyList, buildList, projectsPerPage } from '../../../src/slack/views/list.ts';
import { slackFormatter, withoutMentions } from '../../../src/slack/views/mrkdwn.ts';
import { buildOutcome, buildOutcomeSummary } from '../../../src/slack/views/outcome.ts';
import { buildPrecheck } from '../../../src/slack/views/precheck.ts';
import { buildRefusal } from '../../../src/slack/views/refusal.ts';
import { buildShow } from '../../../src/slack/views/show.ts';
import { buildSkippedTasks } from '../../../src/slack/views/skipped-tasks.ts';
import { buildWhoami } from '../../../src/slack/views/whoami.ts';
import { blockErrors } from '../../fake-slack/block-limits.ts';
import { exampleLink } from '../../support/example-records.ts';
import { selects } from '../action-buttons.ts';
import {
  acknowledgementArbitrary,
  firingAlertArbitrary,
  historyEntryArbitrary,
  hostileTextArbitrary,
  now,
  observedProjectArbitrary,
  onCallRulesArbitrary,
  operationArbitrary,
  precheckItemsArbitrary,
  projectIdArbitrary,
  refusalArbitrary,
  refusedCommandArbitrary,
  samplesArbitrary,
} from '../arbitraries.ts';

/** A date in the reader's time zone, and a user group: the only special mentions of Slack that our texts contain. */
const dateOrUserGroup = /<!date\^\d+\^\{date_short_pretty\}(?: at)? \{time\}\|[^<>|]*>|<!subteam\^S[A-Z0-9]+>/g;

const observation: ObservationStatus = { kind: 'not_observed', since: 0 };
const viewContext = { observation, restriction: null, format: slackFormatter('/sync'), now };
const acknowledgementView = {
  target: { channel: 'C'.repeat(20), group: `log_retention_100:${now}:${'C'.repeat(20)}` },
  acknowledgements: fc.sample(fc.option(acknowledgementArbitrary), 100),
};
const fuzzOptions = { numRuns: 60 };

/** What must hold for every message. */
function expectWithinLimits(message: Message): void {
  expect(validateMessage(message)).toEqual([]);
  expect(blockErrors(JSON.parse(JSON.stringify(message.blocks)))).toEqual([]);
  expect(message.text.trim()).not.toBe('');
  for (const rawText of [message.text, ...collectStrings(message.blocks)]) {
    const text = rawText.replace(dateOrUserGroup, '');
    expect(text).not.toMatch(/<!|[\u202a-\u202e\u2066-\u2069\u200b]/);
    for (const [, inside = ''] of text.matchAll(/<([^>]*)>/g)) expect(inside).toMatch(/^[@#][UWCGD][A-Z0-9]+$/);
    expect(text.replace(/&(amp|lt|gt);/g, '')).not.toContain('&');
    expect(text).not.toMatch(/\p{Cs}/u);
  }
}

function expectHistoryWithinLimits(
  view: Omit<HistoryView, 'page' | 'cursor' | 'format'>,
  entries: HistoryEntry[],
): void {
  const page = foldHistory(entries, { size: linesPerPage, cursor: null });
  for (const cursor of [null, { before: '7-0', shown: [] }]) {
    const message = buildHistory({ ...view, ...viewContext, cursor, page });
    expectWithinLimits(message);
    const lines = collectStrings(message.blocks).join('\n').split('\n');
    expect(lines.filter((line) => line.startsWith('<!date^'))).toHaveLength(page.lines.length);
  }
}

/** Newest first. */
function withIds(entries: readonly HistoryEntry[]): HistoryEntry[] {
  return entries.map((entry, index) => ({ ...entry, id: `${9_000 - index}-0` }));
}

function collectStrings(value: unknown): string[] {
  if (typeof value === 'string') return [];
  if (Array.isArray(value)) return value.flatMap(collectStrings);
  // Slack reads no mention and no markup in a plain text.
  if (value === null || typeof value !== 'object' || ('type' in value && value.type === 'plain_text')) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'text' && typeof inner === 'string' ? [inner] : collectStrings(inner),
  );
}

describe('the limits of Slack, and the rule to mention only users and channels', () => {
  it('hold for a list', () => {
    const observed = fc.array(observedProjectArbitrary, { maxLength: projectsPerPage });
    const anyLabels = fc.oneof(
      fc.array(hostileTextArbitrary, { maxLength: 30 }),
      fc.constant(Array.from({ length: 200 }, (_, index) => `label-${index}-${'x'.repeat(index % 70)}`)),
    );
    fc.assert(
      fc.property(observed, hostileTextArbitrary, anyLabels, fc.nat(5), (observedProjects, text, labels, page) => {
        const counts = countProjects(observedProjects.map(({ project }) => project));
        const parsed = parseListFilter(`running label:"${text.slice(0, 60)}" ${text.slice(0, 40)}`);
        if (parsed.kind === 'unknown') return;
        const { filter } = parsed;
        const view = { ...viewContext, filter, labels, revealReasons: true };
        expectWithinLimits(buildList({ ...view, counts, observedProjects, page }));
        expectWithinLimits(buildEmptyList({ ...view, reason: { kind: 'none' } }));
      }),
      { numRuns: 25 },
    );
  });

  it('hold for a digest, which mentions no person until it is edited', () => {
    const entries = fc.array(historyEntryArbitrary, { maxLength: 30, size: 'max' });
    const observed = fc.array(observedProjectArbitrary, { maxLength: 30, size: 'max' });
    fc.assert(
      fc.property(observed, entries, fc.boolean(), (observedProjects, some, isComplete) => {
        const projects = observedProjects.map(({ project }) => project);
        const { lines } = foldHistory(withIds(some), { size: Number.POSITIVE_INFINITY, cursor: null });
        const history = {
          lines: lines.map((line) => ({ project: 'o'.repeat(63), line })),
          lineCount: lines.length,
          projectCount: 1,
          isComplete,
        };
        const report = { counts: countProjects(projects), sections: digestSections(projects), history };
        const view = { ...viewContext, ...report, since: 1, gap: { from: 1, to: 2 }, revealReasons: true };
        expectWithinLimits(buildDigest(view));
        const silent = buildDigest({ ...view, format: withoutMentions(view.format) });
        expectWithinLimits(silent);
        expect(JSON.stringify(silent)).not.toMatch(/<@|<!subteam/);
      }),
      { numRuns: 25 },
    );
  });

  it('hold for the menu of labels, which has as many as fit', () => {
    const labels = Array.from({ length: 200 }, (_, index) => `label-${index}`);
    const counts = countProjects([]);
    const view = { ...viewContext, labels, counts, observedProjects: [], page: 0, revealReasons: true };
    const list = buildList({ ...view, filter: emptyFilter });
    expectWithinLimits(list);
    const [, menu] = selects(list.blocks);
    expect(menu?.options.length).toBeGreaterThan(50);
    expect(JSON.stringify(list.blocks)).toContain('filters by a label that is not in the menu');
  });

  it('hold for the details of a project', () => {
    fc.assert(
      fc.property(
        observedProjectArbitrary.chain((observed) =>
          fc.tuple(fc.constant(observed), fc.array(operationArbitrary(observed.project.id), { maxLength: 5 })),
        ),
        precheckItemsArbitrary,
        samplesArbitrary,
        fc.boolean(),
        ([observed, operations], precheck, samples, revealReasons) => {
          expectWithinLimits(
            buildShow({ ...viewContext, details: { ...observed, operations, precheck, samples }, revealReasons }),
          );
          for (const page of [0, 4, 9]) expectWithinLimits(buildLinkPage({ ...observed, page, now }));
        },
      ),
      fuzzOptions,
    );
  });

  it('hold for a precheck', () => {
    fc.assert(
      fc.property(observedProjectArbitrary, precheckItemsArbitrary, ({ project }, items) =>
        expectWithinLimits(buildPrecheck({ ...viewContext, project, items })),
      ),
      fuzzOptions,
    );
  });

  it('hold for a confirmation', () => {
    fc.assert(
      fc.property(
        observedProjectArbitrary.chain((observed) =>
          fc.tuple(fc.constant(observed), operationArbitrary(observed.project.id)),
        ),
        ([observed, operation]) =>
          expectWithinLimits(
            buildConfirmation({
              ...viewContext,
              ...observed,
              operation,
              removedTasks: 7,
              failedAgain: 7,
              otherRequests: [operation, operation, operation, operation],
            }),
          ),
      ),
      fuzzOptions,
    );
  });

  it('hold for a list of skipped tasks', () => {
    fc.assert(
      fc.property(observedProjectArbitrary, ({ project }) => {
        const tasks = project.skippedTasks;
        expectWithinLimits(buildSkippedTasks({ ...viewContext, project, tasks, revealReasons: true }));
      }),
      fuzzOptions,
    );
  });

  it('hold for an outcome', () => {
    fc.assert(
      fc.property(projectIdArbitrary.chain(operationArbitrary), fc.boolean(), (operation, projectExists) => {
        expectWithinLimits(buildOutcome({ ...viewContext, operation, projectExists }));
        expectWithinLimits(buildOutcomeSummary({ ...viewContext, operation, channel: 'C0SYNC' }));
      }),
      { numRuns: 200 },
    );
  });

  it('hold for an alert that fires or is resolved', () => {
    fc.assert(
      fc.property(
        observedProjectArbitrary,
        firingAlertArbitrary,
        fc.boolean(),
        onCallRulesArbitrary,
        ({ project }, alert, showErrors, onCallRules) => {
          expectWithinLimits(
            buildAlert({ ...viewContext, ...acknowledgementView, onCallRules, project, showErrors }, alert),
          );
          const occurrence = alert.absentOnce ? null : { since: alert.since, resolvedAt: alert.changedAt };
          const { condition } = alert;
          const facts = { ...viewContext, project, kind: condition.kind, condition, revealReasons: showErrors };
          expectWithinLimits(buildResolvedAlert({ ...facts, occurrence }));
        },
      ),
      fuzzOptions,
    );
  });

  it('hold for a group of alerts and for a reply', () => {
    const rows = fc.array(fc.tuple(observedProjectArbitrary, firingAlertArbitrary), {
      minLength: 2,
      maxLength: groupRows,
    });
    fc.assert(
      fc.property(rows, fc.array(hostileTextArbitrary), ([first, ...others], calls) => {
        if (first === undefined) return;
        const { kind } = first[1].condition;
        const names = Array.from({ length: 2_001 }, () => 'o'.repeat(63));
        const facts = { ...viewContext, kind, firing: 2_001, total: 2_001, names, since: 1, resolvedAt: null };
        const shown = [first, ...others].map(([{ project }, alert]) => ({ project, alert }));
        expectWithinLimits(
          buildAlertGroup({ ...viewContext, ...acknowledgementView, facts, rows: shown, calls, showErrors: true }),
        );
        expectWithinLimits(buildResolvedAlertGroup({ ...facts, firing: 0, resolvedAt: 2 }));
        const change = { event: 'worse', weight: 2, before: { firing: 1, weight: 1 }, at: 1, ended: null } as const;
        expectWithinLimits(buildAlertReply({ ...facts, ...change }, calls));
      }),
      fuzzOptions,
    );
  });

  it('hold for a history', () => {
    const entries = fc.array(historyEntryArbitrary, { maxLength: 2 * linesPerPage, size: 'max' });
    fc.assert(
      fc.property(projectIdArbitrary, entries, fc.boolean(), (project, some, revealReasons) =>
        expectHistoryWithinLimits({ project, revealReasons }, withIds(some)),
      ),
      { numRuns: 200 },
    );
  });

  it('hold for a history with the longest lines', () => {
    for (const longText of ['"', '\\', '<', '👨‍👩‍👧‍👦'].map((unit) => unit.repeat(500))) {
      const links = Array<Link>(9).fill({ queue: longText, connection: longText, prefix: longText });
      const outcome = {
        linksTotal: 1e9,
        linksDone: 1e9,
        unreconciled: links,
        missing: [],
        inFlight: 1e9,
        retriedTasks: 1e9,
      };
      const link = links[0] ?? exampleLink('q');
      const failure = { kind: 'task_failed' as const, link, taskId: longText, reason: longText, at: 0 };
      const refusal = { code: 'links_unreachable' as const, project: 'orders', links };
      const linkSample = { total: 9, first: links.slice(0, 5) };
      const condition = { kind: 'unexpectedly_running' as const, links: linkSample, cause: 'resumed' as const };
      const alertRecord = {
        alert: { state: 'firing' as const, absentOnce: false, condition, since: 0, seq: 1, changedAt: 1, version: 1 },
        delivered: { seq: 1, since: 0, message: { channel: longText, ts: '1.1' }, resolved: false },
        alertKind: 'unexpectedly_running' as const,
      };
      const entryFields = {
        id: '1-0',
        at: 0,
        by: longText,
        action: 'restore',
        reason: longText,
        channel: longText,
      } as const;
      const entryDetails = {
        origin: null,
        version: null,
        state: null,
        code: longText,
        outcome,
        failure,
        refusal,
        links,
        until: 5,
        catchUpMs: 1_800_000,
        cause: null,
        tasks: null,
        ...alertRecord,
      };
      for (const event of [...historyEvents, longText]) {
        for (const operation of ['op1', null]) {
          const entries = Array.from({ length: linesPerPage + 1 }, (_, index) => ({
            ...entryFields,
            ...entryDetails,
            event,
            operation: operation === null ? null : `${operation}${index}`,
            alert: { ...alertRecord.alert, since: index },
          }));
          expectHistoryWithinLimits({ project: 'o'.repeat(63), revealReasons: true }, withIds(entries));
        }
      }
    }
  });

  it('hold for what happened in many projects since a time', () => {
    const entries = fc.array(historyEntryArbitrary, { maxLength: 2 * maxLinesSince, size: 'max' });
    fc.assert(
      fc.property(fc.option(projectIdArbitrary), projectIdArbitrary, entries, fc.boolean(), (asked, id, some, flag) => {
        const { lines } = foldHistory(withIds(some), { size: Number.POSITIVE_INFINITY, cursor: null });
        const message = buildHistorySince({
          ...viewContext,
          project: asked,
          since: 0,
          lines: lines.slice(0, maxLinesSince).map((line) => ({ project: asked ?? id, line })),
          lineCount: lines.length,
          projectCount: lines.length === 0 ? 0 : 1,
          isComplete: flag,
          timeZone: flag ? 'America/Argentina/ComodRivadavia' : null,
          revealReasons: flag,
        });
        expectWithinLimits(message);
        const texts = collectStrings(message.blocks).join('\n').split('\n');
        const shownCount = texts.filter((text) => text.startsWith('<!date^')).length;
        const notShown = Number(/(\d+) older lines? not shown/.exec(texts.at(-1) ?? '')?.[1] ?? 0);
        expect(shownCount + notShown).toBe(lines.length);
      }),
      { numRuns: 100 },
    );
  });

  it('hold for what a person may do, and for the note to a person who can only look', () => {
    const ids = fc.array(fc.oneof(fc.constantFrom('U0ALICE', 'U0BOB'), hostileTextArbitrary), { maxLength: 30 });
    fc.assert(
      fc.property(fc.option(refusalArbitrary), ids, ids, ids, (refusal, people, unreadGroups, channels) => {
        const operators = { people, unreadGroups };
        const operatorEntry = unreadGroups[0] ?? null;
        const view = { refusal, operators, operatorEntry, channels, user: people[0] ?? 'U0CAROL' };
        expectWithinLimits(buildWhoami({ ...view, format: viewContext.format }));
        if (refusal === null) return;
        const restriction = messages.access.restriction(refusal, operators, viewContext.format);
        expect(restriction.length).toBeLessThan(1_000);
        expectWithinLimits(buildHelp({ ...viewContext, restriction }));
      }),
      { numRuns: 200 },
    );
  });

  it('hold for a refusal, and for the help', () => {
    fc.assert(
      fc.property(refusalArbitrary, fc.option(refusedCommandArbitrary), (refusal, command) =>
        expectWithinLimits(buildRefusal({ ...viewContext, refusal, command, operators: noOperators })),
      ),
      { numRuns: 200 },
    );
    expectWithinLimits(buildHelp(viewContext));
  });
});

describe('the formatter of Slack', () => {
  it('mentions Slack users, and writes out other actors', () => {
    expect(viewContext.format.person('U0ALICE')).toBe('<@U0ALICE>');
    expect(viewContext.format.person('cli:root')).toBe('root on the command line');
    expect(viewContext.format.person('U0ALICE> <!channel')).toBe('U0ALICE&gt; &lt;!channel');
    expect(viewContext.format.person('u0alice')).toBe('u0alice');
  });
});
