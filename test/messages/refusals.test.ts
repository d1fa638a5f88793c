import { describe, expect, it } from 'vitest';
import { type Action, actions } from '../../src/domain/lifecycle.ts';
import type { PrecheckItem } from '../../src/domain/precheck.ts';
import { type Refusal, type RefusalCode, type RefusalOf, refusalSchema } from '../../src/domain/refusal.ts';
import { type ProjectState, projectStates } from '../../src/domain/state.ts';
import type { Formatter } from '../../src/messages/format.ts';
import { refusalText } from '../../src/messages/render.ts';

const hostileText = '<!channel> *x* & "y"';
const escapeText = (raw: string) => raw.replaceAll('<', '‹').replaceAll('&', '+');
const formatter: Formatter = {
  text: escapeText,
  person: (actor) => `@${escapeText(actor)}`,
  channel: (id) => `#${escapeText(id)}`,
  link: ({ queue }) => escapeText(queue),
  time: (at) => `at ${at}`,
  command: (words) => `/sync ${escapeText(words)}`,
};
const now = 1_000_000;
const link = { queue: hostileText, connection: hostileText, prefix: hostileText };
const refusalFacts: Omit<RefusalOf<'not_allowed'>, 'code'> = {
  project: hostileText,
  since: now - 12_000,
  by: hostileText,
  state: 'paused',
  action: 'pause',
};

/** One for every code: a new code without an example does not compile. */
const examples: { readonly [Code in RefusalCode]: RefusalOf<Code> } = {
  not_allowed: { code: 'not_allowed', ...refusalFacts },
  unknown_project: { code: 'unknown_project', project: hostileText, similar: hostileText },
  operation_active: { code: 'operation_active', ...refusalFacts, state: 'pausing' },
  changed: { code: 'changed', ...refusalFacts },
  claim_timeout: { code: 'claim_timeout', project: hostileText, action: 'pause' },
  precheck_failed: {
    code: 'precheck_failed',
    project: hostileText,
    items: [{ item: hostileText, result: 'fail', message: hostileText }],
  },
  links_unreachable: { code: 'links_unreachable', project: hostileText, links: [link, link, link, link, link] },
  no_drift: { code: 'no_drift', project: hostileText, state: 'paused' },
  adopt_mixed: { code: 'adopt_mixed', project: hostileText, running: [link], paused: [link, link], missing: [link] },
  removed: { code: 'removed', project: hostileText },
  no_operators: { code: 'no_operators', user: hostileText },
  not_operator: { code: 'not_operator', user: hostileText },
  other_team: { code: 'other_team', user: hostileText },
  group_unknown: { code: 'group_unknown', user: hostileText, group: hostileText },
  channel_not_allowed: { code: 'channel_not_allowed', channel: hostileText, allowed: [hostileText, hostileText] },
  channel_shared: { code: 'channel_shared', channel: hostileText },
  channel_unknown: { code: 'channel_unknown', channel: hostileText },
  not_requester: { code: 'not_requester', by: hostileText },
  unknown_operation: { code: 'unknown_operation' },
};

describe('the sentence of a refusal', () => {
  it.each(Object.entries(examples))('%s: says that nothing was changed, and what to do', (code, refusal) => {
    const text = refusalText(refusal, formatter, now);
    expect(refusalSchema.parse(refusal)).toEqual(refusal);
    expect(text).toContain('Nothing was changed.');
    expect(text).toMatch(/[A-Z].*\.$/s);
    expect(text).not.toContain('\n');
    expect(text).not.toMatch(/undefined|null|NaN|\[object/);
    expect(text, code).not.toContain('<!channel>');
    expect(text.slice(text.indexOf('Nothing was changed.') + 20).length).toBeGreaterThan(10);
  });

  it('there is an example of every code of the schema', () => {
    expect(Object.keys(examples).sort()).toEqual(refusalSchema.options.map(({ shape }) => shape.code.value).sort());
  });

  it('tells the state, since when, by whom, why not, and what fits instead', () => {
    const refusal: Refusal = {
      code: 'not_allowed',
      project: 'orders',
      since: now - 12_000,
      by: 'U0BOB',
      state: 'paused',
      action: 'pause',
    };
    expect(refusalText(refusal, formatter, now)).toBe(
      'orders is Paused, for 12 s, by @U0BOB: it is paused already. Nothing was changed. Try /sync restore orders.',
    );
  });

  const refused = (projectStates as readonly ProjectState[]).flatMap((state) =>
    (actions as readonly Action[]).map((action) => [state, action] as const),
  );
  it.each(refused)('there is one for every refused pair: %s, %s', (state, action) => {
    const text = refusalText(
      { code: 'not_allowed', project: 'orders', since: now, by: 'U0BOB', state, action },
      formatter,
      now,
    );
    expect(text).toMatch(/^orders is [A-Z].*, for 0 s, by @U0BOB: .+\. Nothing was changed\./);
  });

  it('only what failed of a precheck is told', () => {
    const items: PrecheckItem[] = [
      { item: 'a', result: 'pass', message: 'fine' },
      { item: 'b', result: 'unknown', message: 'who knows' },
      { item: 'c', result: 'fail', message: 'no worker' },
    ];
    const text = refusalText({ code: 'precheck_failed', project: 'orders', items }, formatter, now);
    expect(text).toContain('no worker');
    expect(text).not.toMatch(/fine|who knows/);
  });
});
