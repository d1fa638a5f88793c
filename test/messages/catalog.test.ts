import { describe, expectTypeOf, it } from 'vitest';
import { type Catalog, en } from '../../src/messages/en/catalog.ts';
import { examples } from './examples/catalog.ts';
import type { ExamplesOf } from './examples/example.ts';

/** These tests hold when they compile: `npm run check` compiles them. */
describe('a catalog of another language does not compile', () => {
  it('without a group of sentences', () => {
    const { outcomes: _missing, ...incomplete } = en;
    expectTypeOf(incomplete).not.toExtend<Catalog>();
  });

  it('without the sentence of a refusal', () => {
    const { removed: _missing, ...incomplete } = en.refusals;
    expectTypeOf({ ...en, refusals: incomplete }).not.toExtend<Catalog>();
  });

  it('without the reason why a state refuses an operation', () => {
    const { start: _missing, ...incomplete } = en.notAllowedReasons.paused;
    const notAllowedReasons = { ...en.notAllowedReasons, paused: incomplete };
    expectTypeOf({ ...en, notAllowedReasons }).not.toExtend<Catalog>();
  });

  it('without the text of an alert', () => {
    const { latency: _missing, ...incomplete } = en.alerts.firing;
    expectTypeOf({ ...en, alerts: { ...en.alerts, firing: incomplete } }).not.toExtend<Catalog>();
  });

  it('with a sentence that needs facts which the English one does not get', () => {
    const removed = (facts: { readonly code: 'removed'; readonly reason: string }) => facts.reason;
    expectTypeOf({ ...en, refusals: { ...en.refusals, removed } }).not.toExtend<Catalog>();
  });
});

it('a complete catalog compiles', () => {
  expectTypeOf({ ...en, nothingChanged: 'Rien n’a été modifié.' }).toExtend<Catalog>();
});

describe('the examples do not compile', () => {
  it('without an example of a sentence', () => {
    const { restriction: _missing, ...incomplete } = examples.access;
    expectTypeOf(incomplete).not.toExtend<ExamplesOf<Catalog['access']>>();
    expectTypeOf(examples.access).toExtend<ExamplesOf<Catalog['access']>>();
  });
});
