import { type Arbitrary, array, constantFrom, integer, noBias, oneof, record } from 'fast-check';
import type { Action } from '../../src/domain/lifecycle.ts';
import type { LostMessage } from '../support/faulty-redis-proxy.ts';

export const users = ['U0ALICE', 'U0BOB', 'U0CAROL', 'cli:ops'] as const;
export type User = (typeof users)[number];

/** What becomes of the dialog. */
export const confirmationOutcomes = [
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
export type ConfirmationOutcome = (typeof confirmationOutcomes)[number];

export interface RequestCommand {
  readonly kind: 'ask';
  readonly project: number;
  /** `fitting`: the one that the state allows at that moment; who waits is patient also before that. */
  readonly action: Action | 'fitting';
  readonly by: User;
  readonly bot: number;
  readonly confirmation: ConfirmationOutcome;
  /** Whether the person waits for the outcome before doing anything else. */
  readonly waitForOutcome: boolean;
}

export interface PressOldButton {
  readonly kind: 'press an old button';
  readonly operationIndex: number;
  /** One that was left open, rather than any. */
  readonly preferOpen: boolean;
  readonly cancel: boolean;
  /** By somebody else than who asked. */
  readonly byOtherUser: boolean;
}

/** One command of a story. Numbers choose among what there is, modulo how many there are. */
export type Command =
  | RequestCommand
  | PressOldButton
  | { readonly kind: 'deliver again'; readonly operationIndex: number }
  | { readonly kind: 'sweep at both bots' }
  | { readonly kind: 'observe'; readonly bot: number }
  | { readonly kind: 're-apply'; readonly project: number }
  | { readonly kind: 'kill'; readonly worker: number }
  | { readonly kind: 'stop'; readonly worker: number; readonly durationMs: number }
  | { readonly kind: 'start'; readonly worker: number }
  | { readonly kind: 'cut'; readonly cut: LostMessage; readonly connectionIndex: number }
  | { readonly kind: 'delay'; readonly delayMs: number; readonly proxy: number }
  | { readonly kind: 'outage'; readonly durationMs: number; readonly proxy: number }
  | { readonly kind: 'tasks'; readonly project: number; readonly link: number; readonly count: number }
  | { readonly kind: 'poison'; readonly project: number; readonly link: number }
  | { readonly kind: 'mend'; readonly project: number }
  | { readonly kind: 'restart link worker'; readonly project: number; readonly link: number };

const anyIndex = integer({ min: 0, max: 59 });
const kind = <Kind extends Command['kind']>(of: Kind) => constantFrom(of);

const requestCommand: Arbitrary<RequestCommand> = record({
  kind: kind('ask'),
  project: anyIndex,
  action: constantFrom('fitting', 'fitting', 'fitting', 'fitting', 'fitting', 'fitting', 'start', 'pause', 'restore'),
  by: constantFrom(...users),
  bot: anyIndex,
  confirmation: constantFrom(...confirmationOutcomes, 'ok', 'ok', 'ok', 'ok', 'leave open'),
  waitForOutcome: constantFrom(true, true, false),
});

const command: Arbitrary<Command> = oneof(
  { weight: 100, arbitrary: requestCommand },
  {
    weight: 20,
    arbitrary: record({
      kind: kind('press an old button'),
      operationIndex: anyIndex,
      preferOpen: constantFrom(true, false),
      cancel: constantFrom(true, false, false, false),
      byOtherUser: constantFrom(true, false, false, false),
    }),
  },
  { weight: 12, arbitrary: record({ kind: kind('deliver again'), operationIndex: anyIndex }) },
  { weight: 6, arbitrary: record({ kind: kind('sweep at both bots') }) },
  { weight: 4, arbitrary: record({ kind: kind('observe'), bot: anyIndex }) },
  { weight: 4, arbitrary: record({ kind: kind('re-apply'), project: anyIndex }) },
  { weight: 4, arbitrary: record({ kind: kind('kill'), worker: anyIndex }) },
  {
    weight: 4,
    arbitrary: record({ kind: kind('stop'), worker: anyIndex, durationMs: constantFrom(20, 300, 1_500, 3_000) }),
  },
  { weight: 8, arbitrary: record({ kind: kind('start'), worker: anyIndex }) },
  {
    weight: 10,
    arbitrary: record({
      kind: kind('cut'),
      cut: constantFrom<LostMessage[]>('reply', 'request'),
      connectionIndex: anyIndex,
    }),
  },
  { weight: 3, arbitrary: record({ kind: kind('outage'), durationMs: constantFrom(20, 300, 2_500), proxy: anyIndex }) },
  { weight: 8, arbitrary: record({ kind: kind('delay'), delayMs: constantFrom(0, 0, 1, 5, 30), proxy: anyIndex }) },
  {
    weight: 14,
    arbitrary: record({ kind: kind('tasks'), project: anyIndex, link: anyIndex, count: integer({ min: 1, max: 6 }) }),
  },
  { weight: 3, arbitrary: record({ kind: kind('poison'), project: anyIndex, link: anyIndex }) },
  { weight: 4, arbitrary: record({ kind: kind('mend'), project: anyIndex }) },
  { weight: 3, arbitrary: record({ kind: kind('restart link worker'), project: anyIndex, link: anyIndex }) },
);

/** A story of so many commands. */
export function commandSequence(length: number): Arbitrary<Command[]> {
  return noBias(array(command, { minLength: length, maxLength: length, size: 'max' }));
}
