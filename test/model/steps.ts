import { type Arbitrary, array, constantFrom, integer, noBias, oneof, record } from 'fast-check';
import type { Action } from '../../src/domain/project.ts';
import type { Cut } from '../support/cutting-proxy.ts';

export const people = ['U0ALICE', 'U0BOB', 'U0CAROL', 'cli:ops'] as const;
export type Person = (typeof people)[number];

/** What becomes of the dialog. */
export const endings = [
  'ok',
  'ok twice',
  'ok at both bots',
  'ok against cancel',
  'cancel',
  'another person first',
  'expire',
  'ok when it has changed',
  'ok and the job is lost',
  'leave open',
] as const;
export type DialogEnding = (typeof endings)[number];

export interface Ask {
  readonly kind: 'ask';
  readonly project: number;
  /** `fitting`: the one that the state allows at that moment; who waits is patient also before that. */
  readonly action: Action | 'fitting';
  readonly by: Person;
  readonly bot: number;
  readonly ending: DialogEnding;
  /** Whether the person waits for the outcome before doing anything else. */
  readonly waits: boolean;
}

export interface PressOld {
  readonly kind: 'press an old button';
  readonly old: number;
  /** One that was left open, rather than any. */
  readonly left: boolean;
  readonly cancel: boolean;
  /** By somebody else than who asked. */
  readonly other: boolean;
}

/** One command of a story. Numbers choose among what there is, modulo how many there are. */
export type Step =
  | Ask
  | PressOld
  | { readonly kind: 'deliver again'; readonly old: number }
  | { readonly kind: 'sweep at both bots' }
  | { readonly kind: 'observe'; readonly bot: number }
  | { readonly kind: 're-apply'; readonly project: number }
  | { readonly kind: 'kill'; readonly worker: number }
  | { readonly kind: 'stop'; readonly worker: number; readonly forMs: number }
  | { readonly kind: 'start'; readonly worker: number }
  | { readonly kind: 'cut'; readonly cut: Cut; readonly chosen: number }
  | { readonly kind: 'delay'; readonly ms: number; readonly proxy: number }
  | { readonly kind: 'outage'; readonly forMs: number; readonly proxy: number }
  | { readonly kind: 'tasks'; readonly project: number; readonly link: number; readonly count: number }
  | { readonly kind: 'poison'; readonly project: number; readonly link: number }
  | { readonly kind: 'mend'; readonly project: number }
  | { readonly kind: 'restart link worker'; readonly project: number; readonly link: number };

const any = integer({ min: 0, max: 59 });
const kind = <Kind extends Step['kind']>(of: Kind) => constantFrom(of);

const ask: Arbitrary<Ask> = record({
  kind: kind('ask'),
  project: any,
  action: constantFrom('fitting', 'fitting', 'fitting', 'fitting', 'fitting', 'fitting', 'start', 'pause', 'restore'),
  by: constantFrom(...people),
  bot: any,
  ending: constantFrom(...endings, 'ok', 'ok', 'ok', 'ok', 'leave open'),
  waits: constantFrom(true, true, false),
});

const step: Arbitrary<Step> = oneof(
  { weight: 100, arbitrary: ask },
  {
    weight: 20,
    arbitrary: record({
      kind: kind('press an old button'),
      old: any,
      left: constantFrom(true, false),
      cancel: constantFrom(true, false, false, false),
      other: constantFrom(true, false, false, false),
    }),
  },
  { weight: 12, arbitrary: record({ kind: kind('deliver again'), old: any }) },
  { weight: 6, arbitrary: record({ kind: kind('sweep at both bots') }) },
  { weight: 4, arbitrary: record({ kind: kind('observe'), bot: any }) },
  { weight: 4, arbitrary: record({ kind: kind('re-apply'), project: any }) },
  { weight: 4, arbitrary: record({ kind: kind('kill'), worker: any }) },
  { weight: 4, arbitrary: record({ kind: kind('stop'), worker: any, forMs: constantFrom(20, 300, 1_500, 3_000) }) },
  { weight: 8, arbitrary: record({ kind: kind('start'), worker: any }) },
  {
    weight: 10,
    arbitrary: record({ kind: kind('cut'), cut: constantFrom<Cut[]>('reply', 'request'), chosen: any }),
  },
  { weight: 3, arbitrary: record({ kind: kind('outage'), forMs: constantFrom(20, 300, 2_500), proxy: any }) },
  { weight: 8, arbitrary: record({ kind: kind('delay'), ms: constantFrom(0, 0, 1, 5, 30), proxy: any }) },
  {
    weight: 14,
    arbitrary: record({ kind: kind('tasks'), project: any, link: any, count: integer({ min: 1, max: 6 }) }),
  },
  { weight: 3, arbitrary: record({ kind: kind('poison'), project: any, link: any }) },
  { weight: 4, arbitrary: record({ kind: kind('mend'), project: any }) },
  { weight: 3, arbitrary: record({ kind: kind('restart link worker'), project: any, link: any }) },
);

/** A story of so many commands. */
export function storyOf(commands: number): Arbitrary<Step[]> {
  return noBias(array(step, { minLength: commands, maxLength: commands, size: 'max' }));
}
