import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attentionCause, attentionTotal, countProjects } from '../../../src/domain/attention.ts';
import { noOperators } from '../../../src/domain/authorization.ts';
import { alertKinds } from '../../../src/domain/conditions.ts';
import { digestSections } from '../../../src/domain/digest.ts';
import { foldHistory } from '../../../src/domain/history-lines.ts';
import { isAction } from '../../../src/domain/lifecycle.ts';
import { emptyFilter, type NoMatch } from '../../../src/domain/list-filter.ts';
import { isWaitingToCatchUp, type Operation } from '../../../src/domain/operation.ts';
import type { Refusal } from '../../../src/domain/refusal.ts';
import { messages } from '../../../src/messages/catalog.ts';
import { capitalize } from '../../../src/messages/en/format.ts';
import { alertText } from '../../../src/messages/render.ts';
import { explainParseError } from '../../../src/slack/commands/errors.ts';
import { parseCommand } from '../../../src/slack/commands/parse.ts';
import { buildAlert, buildResolvedAlert } from '../../../src/slack/views/alert.ts';
import { type Message, messageWithSuggestions } from '../../../src/slack/views/blocks.ts';
import { buildConfirmation } from '../../../src/slack/views/confirmation.ts';
import { buildDigest } from '../../../src/slack/views/digest.ts';
import { buildHistory, buildHistorySince, linesPerPage } from '../../../src/slack/views/history.ts';
import { buildLinkPage } from '../../../src/slack/views/links.ts';
import { buildEmptyList, buildList, buildUnknownFilter } from '../../../src/slack/views/list.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { buildNotObserved, buildObservedAgain } from '../../../src/slack/views/not-observed.ts';
import { buildOutcome, buildOutcomeSummary } from '../../../src/slack/views/outcome.ts';
import { buildPrecheck } from '../../../src/slack/views/precheck.ts';
import { buildRefusal } from '../../../src/slack/views/refusal.ts';
import { buildShow } from '../../../src/slack/views/show.ts';
import { buildSkippedTasks } from '../../../src/slack/views/skipped-tasks.ts';
import { actionButtons } from '../action-buttons.ts';
import {
  conditionArbitrary,
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
} from '../arbitraries.ts';

/** A phone shows this much of a notification. */
const notificationChars = 80;
/** What of an event fits beside a project id of 63 characters. */
const eventChars = 14;
const format = slackFormatter('/sync');
const observation = { kind: 'observed' } as const;
const fuzzOptions = { numRuns: 100 };

/** The first 80 characters contain the project and the state, and what follows the project begins with a capital. */
function expectFirstLine({ text }: Pick<Message, 'text'>, project: string, state: string): void {
  // `safeText` replaces an underscore that could be markup by a similar character.
  const start = text.slice(0, notificationChars).replaceAll('ˍ', '_');
  expect(start).toContain(project);
  expect(start).toContain(state);
  const rest = start.startsWith(`${project} `) ? start.slice(project.length + 1) : start;
  expect(rest).toMatch(/^(· [A-Z0-9]|is |was |[A-Z0-9])/);
}

describe('the first line of a message', () => {
  it('of an alert has the project and what happened', () => {
    fc.assert(
      fc.property(
        observedProjectArbitrary,
        firingAlertArbitrary,
        fc.boolean(),
        onCallRulesArbitrary,
        ({ project }, alert, showErrors, onCallRules) => {
          const message = buildAlert(
            { project, format, showErrors, onCallRules, target: { project: project.id }, now },
            alert,
          );
          const { event } = alertText(alert.condition, { project, format, revealReasons: showErrors });
          expectFirstLine(message, project.id, event.slice(0, eventChars));
          expect(JSON.stringify(message.blocks[0])).toContain(`"*${project.id}* · `);
        },
      ),
      fuzzOptions,
    );
  });

  it('of a resolved alert has the project and that it is resolved', () => {
    fc.assert(
      fc.property(observedProjectArbitrary, conditionArbitrary, fc.boolean(), ({ project }, condition, reveal) => {
        const { kind } = condition;
        const facts = { project, kind, condition, revealReasons: reveal, format };
        for (const occurrence of [null, { since: 1, resolvedAt: 61_000 }]) {
          const message = buildResolvedAlert({ ...facts, occurrence });
          const [state] = /Was Failed|Resolved|Ended/.exec(message.text) ?? ['no end'];
          expectFirstLine(message, project.id, state);
        }
      }),
      fuzzOptions,
    );
  });

  it('of an operation has the project and its state', () => {
    fc.assert(
      fc.property(projectIdArbitrary.chain(operationArbitrary), fc.boolean(), (operation, projectExists) => {
        expectFirstLine(buildOutcome({ operation, projectExists, format }), operation.project, eventOf(operation));
        const summary = buildOutcomeSummary({ operation, channel: 'C0SYNC', format });
        expectFirstLine(summary, operation.project, eventOf(operation));
      }),
      { numRuns: 1_000 },
    );
  });

  it('of a refusal has the project and its state, or what was not done', () => {
    fc.assert(
      fc.property(refusalArbitrary, fc.option(refusedCommandArbitrary), (refusal, command) => {
        const message = buildRefusal({ refusal, command, operators: noOperators, format });
        if (!('project' in refusal) || refusal.code === 'unknown_project') expect(message.text).toMatch(/^[A-Z]|^sync/);
        else expectFirstLine(message, refusal.project, stateOf(refusal));
      }),
      { numRuns: 1_000 },
    );
  });

  it('of an unknown project has its name', () => {
    const project = 'o'.repeat(63);
    const { text } = buildRefusal({
      refusal: { code: 'unknown_project', project, similar: [] },
      command: null,
      operators: noOperators,
      format,
    });
    expect(text.slice(0, notificationChars)).toMatch(/^There is no project called o{49}…/);
  });

  it('of a dialog, of show and of a precheck has the project and its state', () => {
    fc.assert(
      fc.property(observedProjectArbitrary, precheckItemsArbitrary, ({ project, stats }, items) => {
        const state = messages.states[project.state];
        const details = { project, stats, precheck: items, operations: [], samples: [] };
        const view = { restriction: null, format, now };
        expectFirstLine(buildShow({ ...view, details, observation, revealReasons: true }), project.id, state);
        const skipped = { restriction: null, format, project, tasks: project.skippedTasks, revealReasons: true };
        expectFirstLine(buildSkippedTasks(skipped), project.id, 'skipped');
        expectFirstLine(buildLinkPage({ project, stats, page: 1, now }), project.id, state);
        expectFirstLine(buildPrecheck({ ...view, project, items }), project.id, state);
        const [operation] = fc.sample(operationArbitrary(project.id), 1);
        if (operation === undefined) throw new Error('no operation');
        const dialog = buildConfirmation({
          operation,
          project,
          stats,
          removedTasks: 0,
          failedAgain: 0,
          otherRequests: [operation],
          format,
          now,
        });
        expectFirstLine(dialog, project.id, state);
      }),
      fuzzOptions,
    );
  });

  it('of a group of alerts has the number of projects and what happened', () => {
    const id = 'o'.repeat(63);
    const kinds = fc.constantFrom(...alertKinds);
    fc.assert(
      fc.property(kinds, fc.integer({ min: 2, max: 2_001 }), fc.nat(2_001), (kind, total, resolved) => {
        const firing = Math.max(0, total - resolved);
        const facts = { kind, firing, total, names: [id], since: now, resolvedAt: now, format };
        const count = total.toLocaleString('en-US');
        const { resolved: settled, heading, reply } = messages.alertGroups;
        const event = kind === 'project_failed' ? 'Were Failed until a restore' : 'Resolved';
        expectFirstLine({ text: settled({ ...facts, firing: 0 }) }, `${count} projects`, event);
        if (firing === 0) return;
        expectFirstLine(
          { text: heading(facts) },
          `${count} projects`,
          heading(facts).split(' · ')[1]?.slice(0, eventChars) ?? '',
        );
        const before = { firing: 1, weight: 1 };
        const ended = { kind: 'snoozed', by: 'U0ALICE', at: now, until: now } as const;
        const change = { ...facts, weight: 2, before, at: now, ended };
        expectFirstLine({ text: reply({ ...change, event: 'unconfirmed' }) }, `${count} projects`, 'Snooze ended');
        expectFirstLine({ text: reply({ ...change, event: 'worse' }) }, `${count} projects`, 'Worse since');
        expectFirstLine({ text: reply({ ...change, total: 1, event: 'again' }) }, id, 'Again since');
      }),
      fuzzOptions,
    );
  });

  it('of a list has how many projects need attention and why, or the number of projects and their states', () => {
    fc.assert(
      fc.property(observedProjectArbitrary, hostileTextArbitrary, fc.boolean(), (observed, text, isObserved) => {
        const counts = countProjects([observed.project, observed.project]);
        const filter = { ...emptyFilter, words: [text] };
        const status = isObserved ? observation : ({ kind: 'partly_observed', unobservedProjects: 3 } as const);
        const view = { observedProjects: [observed], counts, filter, page: 0, labels: [], observation: status };
        const list = buildList({ ...view, revealReasons: true, restriction: null, format, now });
        const { state } = observed.project;
        const cause = attentionCause(observed.project);
        if (cause === null) expectFirstLine(list, '2 projects', messages.states[state]);
        else expectFirstLine(list, '2 need attention', state === 'failed' ? '2 Failed' : ': 2 ');
      }),
      fuzzOptions,
    );
  });

  it('of a digest has how many projects need attention and why, or the number of projects and their states', () => {
    fc.assert(
      fc.property(fc.array(observedProjectArbitrary, { minLength: 2, maxLength: 20 }), (observed) => {
        const projects = observed.map(({ project }) => project);
        const counts = countProjects(projects);
        const history = { lines: [], lineCount: 0, projectCount: 0, isComplete: true };
        const report = { since: now, now, counts, sections: digestSections(projects), observation, gap: null, history };
        const { text } = buildDigest({ ...report, format, revealReasons: true });
        const attention = attentionTotal(counts.attention);
        const all = projects.length === 2 ? 'Both' : `All ${projects.length}`;
        if (attention === 0) expect(text).toMatch(new RegExp(`^(Digest · )?${all} projects are (well: |Running)`));
        else expect(text).toMatch(new RegExp(`^Digest · ${attention} needs? attention: [0-9]`));
      }),
      fuzzOptions,
    );
  });

  it('of a list without projects says that none matches, or is so', () => {
    const view = { filter: { ...emptyFilter, states: ['failed'] as const }, labels: [], observation, format };
    const emptyList = (reason: NoMatch) => buildEmptyList({ ...view, reason }).text;
    fc.assert(
      fc.property(hostileTextArbitrary, (text) => {
        expect(emptyList({ kind: 'unknown_label', text, similar: [] })).toMatch(/^No project has the label /);
        expect(emptyList({ kind: 'unknown_word', text, similar: ['paused'] })).toMatch(/^No project matches /);
        const unknown = { key: 'alert', value: text } as const;
        expect(buildUnknownFilter({ unknown, similar: [], format }).text).toMatch(/^There is no kind of alert called /);
      }),
      fuzzOptions,
    );
    expect(emptyList({ kind: 'none' })).toBe('No project is Failed.');
    expect(emptyList({ kind: 'no_combination' })).toMatch(/^No project matches all of “failed”\./);
  });

  it('of a history has the project, or since when it shows all projects', () => {
    fc.assert(
      fc.property(projectIdArbitrary, fc.array(historyEntryArbitrary, { maxLength: 5 }), (project, entries) => {
        const page = foldHistory(entries, { size: linesPerPage, cursor: null });
        const view = { revealReasons: true, format };
        for (const cursor of [null, { before: '1-0', shown: [] }])
          expect(buildHistory({ ...view, project, cursor, page }).text).toMatch(
            new RegExp(`^History of ${project}( |$)`),
          );
        const lines = page.lines.map((line) => ({ project, line }));
        const counts = { lineCount: lines.length, projectCount: 1, isComplete: true };
        const since = buildHistorySince({ ...view, ...counts, lines, project: null, since: now, timeZone: null });
        expect(since.text).toMatch(/^(History of 1 project|Nothing happened) since /);
      }),
      fuzzOptions,
    );
  });

  it('about a missing worker has the projects and that they are not observed', () => {
    const id = 'o'.repeat(63);
    expectFirstLine(buildNotObserved({ projects: [id], since: now, format }), id, 'Not observed');
    const many = Array.from({ length: 2_001 }, () => id);
    expectFirstLine(buildNotObserved({ projects: many, since: null, format }), '2,001 projects', 'Not observed');
    expectFirstLine(buildObservedAgain({ since: now, until: now, format }), 'All projects', 'Not observed');
  });
});

describe('a command that a message suggests', () => {
  it('after a refusal is a button', () => {
    fc.assert(
      fc.property(refusalArbitrary, fc.option(refusedCommandArbitrary), (refusal, command) =>
        expectButtons(buildRefusal({ refusal, command, operators: noOperators, format })),
      ),
      { numRuns: 1_000 },
    );
  });

  it('after an operation is a button', () => {
    fc.assert(
      fc.property(projectIdArbitrary.chain(operationArbitrary), (operation) => {
        const refusal = operation.state === 'refused' || operation.state === 'failed' ? operation.refusal : null;
        expectButtons(buildOutcome({ operation: { ...operation, refusal }, projectExists: true, format }));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    'xyz',
    'puase ordrs',
    'lits',
    'pause',
    'pause all!',
    'show orders x',
    'histroy',
    'log since 2h',
    'history orders x',
    'history since noon',
    'history orders since noon',
    'permissions',
  ])('after %j is a button', (text) => {
    const command = parseCommand(text);
    if (command.kind !== 'invalid') throw new Error(`read as ${command.kind}`);
    const answer = explainParseError(command.error, ['orders', 'orders-eu'], format);
    expectButtons(messageWithSuggestions(answer.text, answer.suggestions));
  });
});

function eventOf(operation: Operation): string {
  const { action, state, outcome } = operation;
  const { label, doing, done } = messages.actions[action];
  if (state === 'requested') return 'Waits for OK';
  if (isWaitingToCatchUp(operation)) return 'is to be paused';
  if (state === 'confirmed' || state === 'running') return `${doing}…`;
  if (state === 'done') return action === 'retry' ? 'Retried ' : `was ${done}`;
  if (state === 'cancelled' || state === 'expired') return capitalize(messages.operationStates[state]);
  if (state === 'superseded') return 'Replaced';
  if (state !== 'failed' || outcome === null) return `Not ${done}`;
  return isAction(action) ? 'Became Failed' : `${label} failed`;
}

function stateOf(refusal: Extract<Refusal, { project: string }>): string {
  if ('state' in refusal) return messages.states[refusal.state];
  switch (refusal.code) {
    case 'precheck_failed':
      return 'Not Started';
    case 'claim_timeout':
      return `Not ${messages.actions[refusal.action].done}`;
    case 'adopt_mixed':
      return 'Not adopted';
    case 'removed':
      return 'Removed';
    case 'alert_held':
      return refusal.held === 'owned' ? 'Taken by ' : 'Snoozed by ';
    case 'no_reminder':
    case 'deadline_moved':
    case 'no_limit':
      return 'Paused';
    case 'invalid_limit':
      return refusal.verb === 'extend' ? 'Not extended' : 'Not paused';
    case 'limit_passed':
    case 'not_caught_up':
      return 'Not paused';
    case 'limit_not_possible':
    case 'catch_up_not_possible':
      return `Not ${messages.actions[refusal.action].done}`;
    default:
      return 'Not done';
  }
}

/** Every command in the text has a button that does the same. A command with a placeholder or a reason is an example. */
function expectButtons({ text, blocks }: Message): void {
  const buttons = actionButtons(blocks);
  const suggestion = text.replace(/^syncbot has no command `[^`]*`/, '');
  const commands = [...suggestion.matchAll(/`\/sync ([^`]*)`/g)].map(([, command = '']) => command);
  for (const command of commands.filter((it) => !/&lt;| because /.test(it))) {
    const [verb = '', project = ''] = command.split(' ');
    const matching = buttons.filter(
      ({ action_id, value }) =>
        value === command ||
        value.startsWith(`${command} because `) ||
        (action_id.endsWith(`:${verb}`) && value === project),
    );
    expect(matching, `${command}: ${text}`).not.toEqual([]);
  }
}
