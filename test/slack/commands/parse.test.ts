import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actions } from '../../../src/domain/lifecycle.ts';
import { maxReasonLength } from '../../../src/domain/operation.ts';
import { projectIdSchema } from '../../../src/domain/project.ts';
import { parseSelection } from '../../../src/domain/selection.ts';
import { parseSince } from '../../../src/lib/since-time.ts';
import { type Command, verbs } from '../../../src/slack/commands/command.ts';
import { explainParseError, type ParseErrorAnswer } from '../../../src/slack/commands/errors.ts';
import { parseCommand } from '../../../src/slack/commands/parse.ts';
import { commandOf, suggestProjects } from '../../../src/slack/commands/suggestions.ts';
import { commandButton } from '../../../src/slack/views/blocks.ts';
import { escapeText, slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { hostileTextArbitrary, projectIdArbitrary } from '../arbitraries.ts';

const formatter = slackFormatter('/sync');
const actionCommand = (
  action: string,
  project: string,
  reason: string | null = null,
  hasBecause = reason !== null,
) => ({
  kind: 'change',
  action,
  project,
  reason,
  hasBecause,
});

/** What the words mean if all of `names` are projects. */
const several = (words: readonly string[], names: readonly string[], reason: string | null = null) => ({
  ...actionCommand('pause', words[0] ?? '', words.slice(1).join(' '), false),
  alternative: {
    names,
    hasBecause: reason !== null,
    command: selectionCommand([words[0], ...names].join(' '), 'pause', reason),
  },
});

const selectionCommand = (text: string, action = 'pause', reason: string | null = null) => {
  const parsed = parseSelection(text.match(/(?:[^ "]|"[^"]*")+/g) ?? []);
  if (parsed.kind === 'invalid') throw new Error(`not a selection: ${text}`);
  return { kind: 'change-selection', action, selection: parsed.selection, reason };
};

const timed = (word: string, text: string, reason: string | null = null) => ({
  ...actionCommand('pause', 'orders', reason),
  limit: { word, text },
});

const clock = (day: string, minutes: number) => ({ kind: 'clock', day, minutes });

function explain(text: string, projects: readonly string[] = ['orders', 'users']): ParseErrorAnswer {
  const command = parseCommand(text);
  return command.kind === 'invalid'
    ? explainParseError(command.error, projects, formatter)
    : { text: `parsed as ${command.kind}`, suggestions: [] };
}

const errorMessage = (text: string, projects?: readonly string[]) => explain(text, projects).text;
const suggestions = (text: string, projects?: readonly string[]) => explain(text, projects).suggestions.map(commandOf);

describe('the text after /sync', () => {
  it.each<[string, unknown]>([
    ['', { kind: 'help' }],
    ['  HELP me', { kind: 'help' }],
    ['?', { kind: 'help' }],
    ['“”', { kind: 'help' }],
    ['- —', { kind: 'help' }],
    ['WhoAmI', { kind: 'whoami' }],
    ['list', { kind: 'list', filter: '' }],
    [`list ${'x'.repeat(101)}`, { kind: 'list', filter: `${'x'.repeat(99)}…` }],
    ['List Not started', { kind: 'list', filter: 'Not started' }],
    ['list label:“two words” &lt;x&gt;', { kind: 'list', filter: 'label:“two words” x' }],
    ['show orders', { kind: 'show', project: 'orders' }],
    ['precheck orders', { kind: 'precheck', project: 'orders' }],
    ['History Orders', { kind: 'history', project: 'orders', since: null }],
    ['history', { kind: 'history', project: null, since: null }],
    ['history since 22:00', { kind: 'history', project: null, since: clock('last', 22 * 60) }],
    ['History Since “Yesterday”.', { kind: 'history', project: null, since: clock('yesterday', 0) }],
    [
      'history since yesterday at 10:30 PM',
      { kind: 'history', project: null, since: clock('yesterday', 22 * 60 + 30) },
    ],
    ['history since 2 h', { kind: 'history', project: null, since: { kind: 'ago', ms: 7_200_000 } }],
    ['history orders since 2h', { kind: 'history', project: 'orders', since: { kind: 'ago', ms: 7_200_000 } }],
    ['pause orders', actionCommand('pause', 'orders')],
    ['Pause\u00a0Orders ', actionCommand('pause', 'orders')],
    ['ＰＡＵＳＥ orders', actionCommand('pause', 'orders')],
    ['“pause” ‘orders’', actionCommand('pause', 'orders')],
    ['*pause* `orders`', actionCommand('pause', 'orders')],
    ['pause <http://orders|orders>.', actionCommand('pause', 'orders')],
    ['resume orders', actionCommand('restore', 'orders')],
    ['start orders because  we &amp; they\ndeploy', actionCommand('start', 'orders', 'we & they deploy')],
    ['pause orders because a &amp;lt; b &lt; c', actionCommand('pause', 'orders', 'a &lt; b < c')],
    ['pause *<http://orders.com|orders>*', actionCommand('pause', 'orders')],
    ['pause <orders>', actionCommand('pause', 'orders')],
    ['pause orders because OF the deploy', actionCommand('pause', 'orders', 'the deploy')],
    ['pause orders because offices move', actionCommand('pause', 'orders', 'offices move')],
    ['pause orders because of the deploy', actionCommand('pause', 'orders', 'the deploy')],
    ['pause orders — because “x”', actionCommand('pause', 'orders', '“x”')],
    ['pause orders We deploy, now!', several(['orders', 'We', 'deploy,', 'now!'], ['we', 'deploy', 'now'])],
    ['pause orders users', several(['orders', 'users'], ['users'])],
    ['pause #Orders <#C0123|users>', several(['orders', '<#C0123|users>'], ['<#C0123|users>'])],
    ['pause orders users because of x', several(['orders', 'users', 'because', 'of', 'x'], ['users'], 'x')],
    ['pause except orders', several(['except', 'orders'], ['orders'])],
    ['pause label:Prod', selectionCommand('label:prod')],
    ['restore label:“two words” state:Failed', selectionCommand('label:"two words" state:failed', 'restore')],
    [
      'pause label:prod except Orders, users because we deploy',
      selectionCommand('label:prod except orders users', 'pause', 'we deploy'),
    ],
    [
      'start source:<http://db.com|db.com> target:*warehouse*',
      selectionCommand('source:db.com target:warehouse', 'start'),
    ],
    ['resume batch:ab12', selectionCommand('batch:ab12', 'restore')],
    ['pause orders users except orders', selectionCommand('orders users except orders')],
    ['pause orders because label:prod', actionCommand('pause', 'orders', 'label:prod')],
    ['pause orders time:now', several(['orders', 'time:now'], ['time:now'])],
    ['pause #Orders', actionCommand('pause', 'orders')],
    ['pause <#C0123|orders>', actionCommand('pause', '<#C0123|orders>')],
    ['show *<#C0123>*.', { kind: 'show', project: '<#C0123>' }],
    ['show Warehouse/bull2:Orders-Full', { kind: 'show', project: 'warehouse/bull2:orders-full' }],
    ['pause acme.com', actionCommand('pause', 'acme.com')],
    ['pause orders for 2h', timed('for', '2h')],
    ['Pause Orders FOR 2 Hours', timed('for', '2 hours')],
    ['pause orders until 18:30', timed('until', '18:30')],
    ['pause orders until tomorrow at 06:00', timed('until', 'tomorrow at 06:00')],
    ['pause orders until 6 p.m.', timed('until', '6 p.m')],
    ['pause orders for 2h because schema change', timed('for', '2h', 'schema change')],
    ['pause orders for 1h 30 min because of a schema change', timed('for', '1h 30 min', 'a schema change')],
    ['pause orders for 2h schema change', timed('for', '2h', 'schema change')],
    [
      'pause orders schema change for 2h',
      {
        ...timed('for', '2h', 'schema change'),
        hasBecause: false,
        alternative: {
          names: ['schema', 'change'],
          hasBecause: false,
          command: { ...selectionCommand('orders schema change'), limit: { word: 'for', text: '2h' } },
        },
      },
    ],
    [
      'pause orders, users for 2h',
      {
        ...timed('for', '2h', 'users'),
        hasBecause: false,
        alternative: {
          names: ['users'],
          hasBecause: false,
          command: { ...selectionCommand('orders users'), limit: { word: 'for', text: '2h' } },
        },
      },
    ],
    [
      'pause orders 2 h',
      {
        ...several(['orders', '2', 'h'], ['2', 'h']),
        possibleLimit: { limit: { word: 'for', text: '2 h' }, reason: null },
      },
    ],
    [
      'pause orders 18:30 we deploy',
      {
        ...several(['orders', '18:30', 'we', 'deploy'], ['18:30', 'we', 'deploy']),
        possibleLimit: { limit: { word: 'until', text: '18:30' }, reason: 'we deploy' },
      },
    ],
    ['pause orders for 2h until 18:30', timed('for', '2h until 18:30')],
    ['pause orders until 18:30 for 2h', timed('until', '18:30 for 2h')],
    ['pause orders for 25 hours until', timed('for', '25 hours until')],
    ['pause orders for 2h for a deploy', timed('for', '2h', 'for a deploy')],
    ['pause orders for a while', timed('for', 'a while')],
    ['pause orders until we are done because x', timed('until', 'we are done', 'x')],
    ['pause orders for', timed('for', '')],
    ['restore orders until 18:30', { ...timed('until', '18:30'), action: 'restore' }],
    ['pause label:prod for 2h', { ...selectionCommand('label:prod'), limit: { word: 'for', text: '2h' } }],
    [
      'pause label:prod until monday 08:00 because we move',
      { ...selectionCommand('label:prod', 'pause', 'we move'), limit: { word: 'until', text: 'monday 08:00' } },
    ],
    ['extend orders 1h', { kind: 'extend', project: 'orders', duration: '1h' }],
    ['extend orders by 1 h 30', { kind: 'extend', project: 'orders', duration: '1 h 30' }],
    ['extend orders', { kind: 'extend', project: 'orders', duration: '' }],
  ])('%j is read as a command.', (text, command) => expect(parseCommand(text)).toEqual(command));

  it('A long reason is truncated.', () => {
    const command = parseCommand(`pause orders because ${'😀'.repeat(400)}`);
    expect(command).toMatchObject({ kind: 'change', action: 'pause' });
    if (command.kind === 'change') expect(command.reason?.length).toBeLessThanOrEqual(maxReasonLength);
  });

  it.each([
    ['an entity at its end', `pause orders because ${'&amp;'.repeat(600)}`],
    ['quotes in a word', `x${'‹'.repeat(40_000)}x`],
    ['spaces before its time', `pause orders${' '.repeat(3_000)}for 2h`],
    ['a word for a project', `pause ${'o'.repeat(3_000)}`],
  ])('Text of more than 3,000 characters with %s is refused.', (_what, text) => {
    expect(errorMessage(text)).toBe(
      'The command is longer than 3,000 characters. Nothing was changed. Shorten the reason.',
    );
  });

  it.each<[string, RegExp]>([
    ['puase ordrs', /Did you mean `\/sync pause orders`\?/],
    ['orders pause', /Did you mean `\/sync pause orders`\?/],
    ['ordres', /Did you mean `\/sync show orders`\?/],
    ['lits', /Did you mean `\/sync list`\?/],
    ['xyz', /`\/sync help`/],
    ['whomai', /Did you mean `\/sync whoami`\?/],
    ['permissions', /Did you mean `\/sync whoami`\?/],
    ['hlep', /Did you mean `\/sync help`\?/],
    ['stop orders', /Did you mean `\/sync pause orders`\?/],
    ['status', /Did you mean `\/sync list`\?/],
    ['orders', /Did you mean `\/sync show orders`\?/],
    ['pause because we deploy', /The command needs a project.*`\/sync pause orders`/],
    ['pause orders because of', /no reason after “because”/],
    ['orders now and then', /“?orders now and/],
    ['pause', /The command needs a project.*`\/sync pause orders`/],
    ['pause all', /no project called all/],
    ['pause orders because', /no reason after “because”/],
    ['pause orders for 2h because', /no reason after “because”/],
    ['pause label:prod because', /no reason after “because”.*`\/sync pause label:prod because we deploy`/],
    ['pause state:broken', /no state called “broken”/],
    ['pause label:prod except', /nothing after “except”.*`\/sync pause label:prod except orders`/],
    ['pause because label:prod', /The command needs a project/],
    ['show orders now', /`\/sync show orders`/],
    ['history because', /There is no project called because|The command needs a project/],
    ['history since', /no time after “since”.*`\/sync history since 22:00`/],
    ['history since forever', /cannot read the time “forever”.*`\/sync history since 22:00`.*at most 7 days/],
    ['history since 30d', /cannot read the time “30d”.*at most 7 days/],
    ['history orders since noon', /cannot read the time “noon”.*`\/sync history orders since 22:00`/],
    ['histroy', /Did you mean `\/sync history`\?/],
    ['histroy since 2h', /Did you mean `\/sync history since 2h`\?/],
    ['history orders 20', /`\/sync history orders`/],
    ['history orders 12h', /“12h” is a time.*Type “since” before it: `\/sync history orders since 12h`/],
    ['history yesterday 22:00', /“yesterday 22:00” is a time.*`\/sync history since yesterday 22:00`/],
    ['extend 1h', /The command needs a project before “1h”.*`\/sync extend orders 1h`/],
    ['extend by 30 min', /The command needs a project before “30 min”.*`\/sync extend orders 30 min`/],
    ['extend', /The command needs a project\. .*`\/sync extend orders 1h`/],
    ['histroy ordrs', /Did you mean `\/sync history orders`\?/],
  ])('%j is answered with an explanation.', (text, expected) => {
    expect(errorMessage(text)).toMatch(expected);
    expect(errorMessage(text)).toContain('Nothing was changed.');
  });

  it('A suggestion is made only for words that are close to a verb and a project.', () => {
    for (const text of ['xyzzy orders', 'puase xyzzy', 'pause all'])
      expect(errorMessage(text)).not.toContain('Did you mean');
    expect(errorMessage('lists', ['lists'])).toContain('Did you mean `/sync show lists`?');
    expect(errorMessage('pause', [])).toContain('`/sync pause &lt;project&gt;`');
  });

  const numbered = Array.from({ length: 9 }, (_, index) => `orders-${index}`);
  it.each<[string, readonly string[]]>([
    ['xyz', ['help']],
    ['lits', ['list']],
    ['puase ordrs', ['pause orders']],
    ['puase', ['pause orders', 'pause users']],
    ['ordres', ['show orders']],
    ['puase xyzzy', ['help']],
    ['pause all', ['list']],
    ['pause', ['pause orders', 'pause users', 'list']],
    ['history orders 20', ['history orders']],
    ['history orders 12h', ['history orders since 12h']],
    ['extend 1h', ['extend orders 1h', 'extend users 1h', 'list']],
    ['histroy', ['history']],
    ['log since 2h', ['history since 2h']],
    ['audit ordrs', ['history orders']],
    ['permissions', ['whoami']],
    ['status', ['list']],
    ['status ordres', ['show orders']],
    ['status failed', ['list']],
    ['history since noon', ['history since 2h', 'history since 22:00', 'history since yesterday']],
    [
      'history orders since noon',
      ['history orders since 2h', 'history orders since 22:00', 'history orders since yesterday'],
    ],
    [`pause ${'o'.repeat(3_000)}`, []],
  ])('%j suggests commands: %j', (text, commands) => expect(suggestions(text)).toEqual(commands));

  it('A button keeps the reason as it was typed (property).', () => {
    const reason = fc.oneof(hostileTextArbitrary, fc.constantFrom('of of late', '&lt;b&gt; &amp;lt;', 'a - b'));
    fc.assert(
      fc.property(projectIdArbitrary, reason, (project, text) => {
        const typed = parseCommand(`pause ${project} because ${text}`);
        if (typed.kind !== 'change') return;
        for (const button of suggestProjects('pause', [project], { reason: typed.reason }).map(commandButton))
          expect(parseCommand(escapeText(button.value))).toEqual(typed);
      }),
    );
  });

  it('Words that are only partly names of projects are explained, with buttons.', () => {
    const error = { code: 'unclear_names', verb: 'pause', project: 'orders', others: ['users', 'invoices'] } as const;
    const reason = 'users and invoices';
    const { text, suggestions } = explainParseError({ ...error, reason, limit: null }, [], formatter);
    expect(text).toBe(
      '“users and invoices” has the names of projects: users and invoices. Nothing was changed. If it is the reason, write “because” before it: `/sync pause orders because users and invoices`. For several projects type only their ids: `/sync pause orders users invoices`. The buttons ask for OK first.',
    );
    expect(suggestions.map(commandOf)).toEqual([
      'pause orders users invoices',
      'pause orders',
      'pause users',
      'pause invoices',
    ]);
    expect(suggestions.map(({ reason }) => reason)).toEqual([null, 'users and invoices', null, null]);
    const timed = explainParseError({ ...error, reason, limit: 'for 2h' }, [], formatter);
    expect(timed.text).toContain('`/sync pause orders for 2h because users and invoices`');
    expect(timed.suggestions.map(commandOf)).toEqual([
      'pause orders users invoices for 2h',
      'pause orders for 2h',
      'pause users for 2h',
      'pause invoices for 2h',
    ]);
  });

  it('A duration without for is explained, with a button for the pause that has it as its end.', () => {
    const error = {
      code: 'unclear_limit',
      project: 'orders',
      text: '2h we move',
      limit: 'for 2h',
      reason: 'we move',
    } as const;
    const { text, suggestions } = explainParseError(error, [], formatter);
    expect(text).toBe(
      '“2h we move” may be the end of the pause or its reason. Nothing was changed. If it is the end, type `/sync pause orders for 2h`. If it is the reason, type `/sync pause orders because 2h we move`. The button asks for OK first.',
    );
    expect(suggestions.map((each) => [commandOf(each), each.reason])).toEqual([['pause orders for 2h', 'we move']]);
  });

  it('At most five projects are suggested.', () => {
    const firstFive = numbered.slice(0, 5).map((id) => `pause ${id}`);
    expect(suggestions('puase orders-x', numbered)).toEqual(firstFive);
    expect(suggestions('pause', numbered)).toEqual([...firstFive, 'list']);
    expect(errorMessage('puase orders-x', numbered)).toMatch(
      /Did you mean (`\/sync pause orders-\d`(, | or )?){5}\? The buttons ask for OK first\.$/,
    );
  });
});

describe('parseCommand', () => {
  const verb = fc.constantFrom('pause', 'start', 'restore', 'show', 'history', 'history since', 'list', 'puase', '');
  const anyText = fc.oneof(
    hostileTextArbitrary,
    fc.string({ unit: 'grapheme' }),
    fc.tuple(verb, hostileTextArbitrary, hostileTextArbitrary).map((words) => words.join(' ')),
  );

  it('reads any text as a command or as an error with an explanation (property)', () => {
    fc.assert(
      fc.property(anyText, fc.array(projectIdArbitrary, { maxLength: 3 }), (text, projects) => {
        const command: Command = parseCommand(text);
        if (command.kind !== 'invalid') return;
        const { text: message } = explainParseError(command.error, projects, formatter);
        expect(message).toContain('Nothing was changed.');
        expect(message).not.toMatch(/<!|<@|<http/);
        expect(message.length).toBeLessThan(2_900);
      }),
      { numRuns: 500 },
    );
  });

  it('reads an action with its project and its reason (property)', () => {
    const reason = fc.stringMatching(/^[a-zA-Z0-9äöü<>&,.!]{1,20}( [a-z0-9]{1,9}){0,5}$/);
    fc.assert(
      fc.property(fc.constantFrom(...actions), projectIdArbitrary, fc.option(reason), (action, project, reason) => {
        const escapedReason = reason?.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
        const text = `${action} ${project}${escapedReason === undefined ? '' : ` because ${escapedReason}`}`;
        expect(parseCommand(text)).toEqual(actionCommand(action, project, reason));
        expect(parseCommand(text.replace(action, action.toUpperCase()))).toEqual(
          actionCommand(action, project, reason),
        );
      }),
    );
  });
});

it('The time of a history is read like that of the command line, also between projects and quotes (property)', () => {
  const time = fc.oneof(
    fc.tuple(fc.integer({ min: 1, max: 7 }), fc.constantFrom('m', 'min', 'h', 'd')).map((parts) => parts.join(' ')),
    fc.tuple(fc.nat(23), fc.nat(59)).map(([hours, minutes]) => `${hours}:${String(minutes).padStart(2, '0')}`),
    fc.constantFrom('yesterday', 'today', 'yesterday 22:00', '10 pm'),
  );
  const quote = fc.constantFrom('', '“', '*', '`');
  fc.assert(
    fc.property(fc.option(projectIdArbitrary), time, quote, (project, typed, quote) => {
      const text = `history ${project === null ? '' : `${project} `}since ${quote}${typed}${quote}`;
      expect(parseCommand(text)).toEqual({ kind: 'history', project, since: parseSince(typed) });
    }),
  );
});

it('No verb is a valid project id.', () => {
  expect(verbs.filter((verb) => projectIdSchema.safeParse(verb).success)).toEqual([]);
});
