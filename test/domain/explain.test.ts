import { describe, expect, it } from 'vitest';
import { explain } from '../../src/domain/explain.ts';
import { type Action, actions, type ProjectState, projectStates } from '../../src/domain/project.ts';
import {
  type PrecheckItem,
  type Refusal,
  type RefusalCode,
  type RefusalOf,
  refusalSchema,
} from '../../src/domain/refusal.ts';
import type { Voice } from '../../src/domain/words.ts';

const hostile = '<!channel> *x* & "y"';
const tame = (raw: string) => raw.replaceAll('<', '‹').replaceAll('&', '+');
const voice: Voice = {
  text: tame,
  person: (actor) => `@${tame(actor)}`,
  channel: (id) => `#${tame(id)}`,
  link: ({ queue }) => tame(queue),
  moment: (at) => `at ${at}`,
  command: (words) => `/sync ${tame(words)}`,
};
const now = 1_000_000;
const link = { queue: hostile, connection: hostile, prefix: hostile };
const facts: Omit<RefusalOf<'not_allowed'>, 'code'> = {
  project: hostile,
  since: now - 12_000,
  by: hostile,
  state: 'paused',
  action: 'pause',
};

/** One for every code: a new code without an example does not compile. */
const examples: { readonly [Code in RefusalCode]: RefusalOf<Code> } = {
  not_allowed: { code: 'not_allowed', ...facts },
  unknown_project: { code: 'unknown_project', project: hostile, similar: hostile },
  held: { code: 'held', ...facts, state: 'pausing' },
  changed: { code: 'changed', ...facts },
  too_late: { code: 'too_late', project: hostile, action: 'pause' },
  precheck_failed: {
    code: 'precheck_failed',
    project: hostile,
    items: [{ item: hostile, result: 'fail', message: hostile }],
  },
  links_unreachable: { code: 'links_unreachable', project: hostile, links: [link, link, link, link, link] },
  no_drift: { code: 'no_drift', project: hostile, state: 'paused' },
  adopt_mixed: { code: 'adopt_mixed', project: hostile, running: [link], paused: [link, link], missing: [link] },
  removed: { code: 'removed', project: hostile },
  no_operators: { code: 'no_operators', user: hostile },
  not_operator: { code: 'not_operator', user: hostile },
  other_team: { code: 'other_team', user: hostile },
  group_unknown: { code: 'group_unknown', user: hostile, group: hostile },
  channel_not_allowed: { code: 'channel_not_allowed', channel: hostile, allowed: [hostile, hostile] },
  channel_shared: { code: 'channel_shared', channel: hostile },
  channel_unknown: { code: 'channel_unknown', channel: hostile },
  not_requester: { code: 'not_requester', by: hostile },
  unknown_operation: { code: 'unknown_operation' },
};

describe('the sentence of a refusal', () => {
  it.each(Object.entries(examples))('%s: says that nothing was changed, and what to do', (code, refusal) => {
    const said = explain(refusal, voice, now);
    expect(refusalSchema.parse(refusal)).toEqual(refusal);
    expect(said).toContain('Nothing was changed.');
    expect(said).toMatch(/[A-Z].*\.$/s);
    expect(said).not.toContain('\n');
    expect(said).not.toMatch(/undefined|null|NaN|\[object/);
    expect(said, code).not.toContain('<!channel>');
    expect(said.slice(said.indexOf('Nothing was changed.') + 20).length).toBeGreaterThan(10);
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
    expect(explain(refusal, voice, now)).toBe(
      'orders is Paused, for 12 s, by @U0BOB: it is paused already. Nothing was changed. Try /sync restore orders.',
    );
  });

  const refused = (projectStates as readonly ProjectState[]).flatMap((state) =>
    (actions as readonly Action[]).map((action) => [state, action] as const),
  );
  it.each(refused)('there is one for every refused pair: %s, %s', (state, action) => {
    const said = explain(
      { code: 'not_allowed', project: 'orders', since: now, by: 'U0BOB', state, action },
      voice,
      now,
    );
    expect(said).toMatch(/^orders is [A-Z].*, for 0 s, by @U0BOB: .+\. Nothing was changed\./);
  });

  it('only what failed of a precheck is told', () => {
    const items: PrecheckItem[] = [
      { item: 'a', result: 'pass', message: 'fine' },
      { item: 'b', result: 'unknown', message: 'who knows' },
      { item: 'c', result: 'fail', message: 'no worker' },
    ];
    const said = explain({ code: 'precheck_failed', project: 'orders', items }, voice, now);
    expect(said).toContain('no worker');
    expect(said).not.toMatch(/fine|who knows/);
  });
});
