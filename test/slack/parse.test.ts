import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxReason } from '../../src/domain/operation.ts';
import { actions, projectIdSchema } from '../../src/domain/project.ts';
import { slackVoice } from '../../src/slack/mrkdwn.ts';
import { type Command, parseCommand, verbs } from '../../src/slack/parse.ts';
import { explainMisreading } from '../../src/slack/suggest.ts';
import { nastyText, projectId } from './arbitraries.ts';

const voice = slackVoice('/sync');
const act = (action: string, project: string, reason: string | null = null) => ({
  kind: 'act',
  action,
  project,
  reason,
});

function sentence(text: string, projects: readonly string[] = ['orders', 'users']): string {
  const command = parseCommand(text);
  return command.kind === 'misread'
    ? explainMisreading(command.misreading, projects, voice)
    : `read as ${command.kind}`;
}

describe('what is typed behind /sync', () => {
  it.each<[string, unknown]>([
    ['', { kind: 'help' }],
    ['  HELP me', { kind: 'help' }],
    ['list', { kind: 'list', filter: '' }],
    ['List Not started', { kind: 'list', filter: 'not started' }],
    ['show orders', { kind: 'show', project: 'orders' }],
    ['precheck orders', { kind: 'precheck', project: 'orders' }],
    ['History Orders', { kind: 'history', project: 'orders' }],
    ['pause orders', act('pause', 'orders')],
    ['Pause\u00a0Orders ', act('pause', 'orders')],
    ['ＰＡＵＳＥ orders', act('pause', 'orders')],
    ['“pause” ‘orders’', act('pause', 'orders')],
    ['*pause* `orders`', act('pause', 'orders')],
    ['pause <http://orders|orders>.', act('pause', 'orders')],
    ['resume orders', act('restore', 'orders')],
    ['start orders because  we &amp; they\ndeploy', act('start', 'orders', 'we & they deploy')],
    ['pause orders because of the deploy', act('pause', 'orders', 'the deploy')],
    ['pause orders — because “x”', act('pause', 'orders', '“x”')],
  ])('%j', (text, command) => expect(parseCommand(text)).toEqual(command));

  it('keeps a reason to its length', () => {
    const command = parseCommand(`pause orders because ${'😀'.repeat(400)}`);
    expect(command).toMatchObject({ kind: 'act', action: 'pause' });
    if (command.kind === 'act') expect(command.reason?.length).toBeLessThanOrEqual(maxReason);
  });

  it.each<[string, RegExp]>([
    ['puase ordrs', /Did you mean `\/sync pause orders`\?/],
    ['orders pause', /Did you mean `\/sync pause orders`\?/],
    ['ordres', /Did you mean `\/sync show orders`\?/],
    ['lits', /Did you mean `\/sync list`\?/],
    ['xyz', /`\/sync help`/],
    ['pause', /Which project\?.*`\/sync pause orders`/],
    ['pause acme.com', /no project called acme\.com/],
    ['pause all', /no project called all/],
    ['pause orders users', /one project at a time/i],
    ['pause orders for 2h', /cannot be said yet/],
    ['restore orders until 18:30', /cannot be said yet/],
    ['pause orders because', /no reason behind because/],
    ['pause orders we deploy now', /reason goes behind the word because/],
    ['show orders now', /`\/sync show orders`/],
    ['history', /Which project\?.*`\/sync history orders`/],
    ['history orders 20', /`\/sync history orders`/],
    ['histroy ordrs', /Did you mean `\/sync history orders`\?/],
  ])('%j is answered with a sentence', (text, expected) => {
    expect(sentence(text)).toMatch(expected);
    expect(sentence(text)).toContain('Nothing was changed.');
  });

  it('repairs with one project, and names none of several', () => {
    expect(sentence('puase', ['orders'])).toContain('`/sync pause orders`');
    expect(sentence('puase')).toContain('`/sync pause &lt;project&gt;`');
  });
});

describe('any text at all', () => {
  const verb = fc.constantFrom('pause', 'start', 'restore', 'show', 'history', 'list', 'puase', '');
  const anything = fc.oneof(
    nastyText,
    fc.string({ unit: 'grapheme' }),
    fc.tuple(verb, nastyText, nastyText).map((words) => words.join(' ')),
  );

  it('is a command or a sentence, never a crash', () => {
    fc.assert(
      fc.property(anything, fc.array(projectId, { maxLength: 3 }), (text, projects) => {
        const command: Command = parseCommand(text);
        if (command.kind !== 'misread') return;
        const said = explainMisreading(command.misreading, projects, voice);
        expect(said).toContain('Nothing was changed.');
        expect(said).not.toMatch(/<!|<@|<http/);
        expect(said.length).toBeLessThan(2_900);
      }),
      { numRuns: 500 },
    );
  });

  it('that says an action is read as that action', () => {
    const reason = fc.stringMatching(/^[a-zA-Z0-9äöü<>&,.!]{1,20}( [a-z0-9]{1,9}){0,5}$/);
    fc.assert(
      fc.property(fc.constantFrom(...actions), projectId, fc.option(reason), (action, project, why) => {
        const sent = why?.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
        const text = `${action} ${project}${sent === undefined ? '' : ` because ${sent}`}`;
        expect(parseCommand(text)).toEqual(act(action, project, why));
        expect(parseCommand(text.replace(action, action.toUpperCase()))).toEqual(act(action, project, why));
      }),
    );
  });
});

it('no project may be called like a verb', () => {
  expect(verbs.filter((verb) => projectIdSchema.safeParse(verb).success)).toEqual([]);
});
