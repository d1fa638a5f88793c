import type { Acknowledgement } from '../domain/acknowledgement.ts';
import type { GroupEvent } from '../domain/alert-group.ts';
import type { Operators } from '../domain/authorization.ts';
import type { Batch, BatchItem, RefusedItem } from '../domain/batch.ts';
import type { AlertKind, Condition } from '../domain/conditions.ts';
import type { ProjectStats } from '../domain/observation.ts';
import type { Operation } from '../domain/operation.ts';
import type { CheckResult } from '../domain/precheck.ts';
import type { Project } from '../domain/project.ts';
import type { Formatter, TextContext } from './format.ts';

/** The facts and the texts of the longer messages. The same for every language. */

/** Nothing of the project: it may change after the message is settled. */
export interface OutcomeFacts {
  readonly operation: Operation;
  readonly format: Formatter;
}

/** The headline, the attribution and one line for each of `more`. The headline is complete without the others. */
export interface OutcomeText {
  readonly headline: string;
  /** Who asked, why, and when it ended: what the headline does not say already. */
  readonly attribution: string;
  readonly more: readonly string[];
}

export interface AlertContext {
  readonly project: Pick<Project, 'id' | 'state' | 'definition'>;
  readonly format: Formatter;
  /** Whether the masked reason of a failed task may be shown here. */
  readonly revealReasons: boolean;
}

/** An alert without the name of its project. */
export interface AlertText {
  /** What was observed: `No worker`. */
  readonly event: string;
  /** Its cause or its scope: `orders-full and 9 more`. */
  readonly details: readonly string[];
  /** What it means, and what to do. */
  readonly advice: string;
}

export interface ResolvedAlertFacts {
  readonly kind: AlertKind;
  readonly project: Pick<Project, 'id' | 'state' | 'since' | 'definition'>;
  /** What was observed last. Null when it is not known. */
  readonly condition: Condition | null;
  /** Whether the masked reason of a failed task may be shown here. */
  readonly revealReasons: boolean;
  /** Epoch ms of the bot's Redis server. Null when they are not known. */
  readonly occurrence: { readonly since: number; readonly resolvedAt: number } | null;
  readonly format: Formatter;
}

/** Alerts of one kind of several projects, in one message. Times are epoch ms of the bot's Redis server. */
export interface AlertGroupFacts {
  readonly kind: AlertKind;
  readonly firing: number;
  readonly total: number;
  /** Ids of projects, the worst first. At least one. */
  readonly names: readonly string[];
  /** When the first alert began. */
  readonly since: number;
  /** When the last alert ended. Null if none has, or if it is not known. */
  readonly resolvedAt: number | null;
  readonly format: Formatter;
}

/** What has happened since people were notified last. */
export interface AlertReplyFacts extends Omit<AlertGroupFacts, 'since' | 'resolvedAt'> {
  readonly event: Exclude<GroupEvent, 'resolved'>;
  /** The highest weight. */
  readonly weight: number;
  /** What people were notified of. */
  readonly before: { readonly firing: number; readonly weight: number };
  /** When it happened. */
  readonly at: number;
  /** Of `unconfirmed`: the acknowledgement that ended last. */
  readonly ended: Acknowledgement | null;
}

export interface HistoryContext {
  readonly format: Formatter;
  /** Whether the masked reason of a failed task may be shown here. */
  readonly revealReasons: boolean;
}

/** What a person may do from a channel, and who else may. */
export interface AccessFacts {
  readonly user: string;
  /** The entry of `policy.operators` that makes the person an operator. Null if they are none, or if that is not known. */
  readonly operatorEntry: string | null;
  readonly operators: Operators;
}

export interface ConfirmationFacts extends TextContext {
  readonly project: Project;
  readonly stats: ProjectStats;
  /** The failed tasks that a restore would retry. Null when a link did not answer. */
  readonly failedTasks: number | null;
  /** The failed tasks that were removed and cannot be retried, at least. */
  readonly removedTasks: number;
  readonly operation: Pick<Operation, 'action' | 'tasks' | 'pauseUntil' | 'catchUpMs'>;
  /** How many of the tasks that a restore would retry have failed again after a retry. */
  readonly failedAgain: number;
  /** The newest open request of each other person for this project. */
  readonly otherRequests: readonly Pick<Operation, 'by' | 'action'>[];
}

/** Texts about one key of syncbot.yml or one environment variable: for error hints and for docs/configuration.md. */
export interface KeyDocs {
  /** What the value is, with its bounds: `a duration from 1s to 24h`. */
  readonly expected?: string | undefined;
  readonly example?: string | undefined;
  /** How to correct the value. Needed where `expected` and `example` do not make a good hint. */
  readonly hint?: string | undefined;
  /** What the key is for. */
  readonly description?: string | undefined;
}

/** An item of a precheck or of `doctor`, as people read it and as `--json` prints it. */
export interface CheckText extends CheckOutcome {
  readonly item: string;
}

/** A check without the name of its item. */
export interface CheckOutcome {
  readonly result: CheckResult;
  readonly message: string;
}

/** What the dialog of a batch shows. */
export interface BatchRequestFacts extends Pick<Batch, 'action' | 'waves' | 'catchUpMs'> {
  readonly items: readonly BatchItem[];
  readonly refused: readonly RefusedItem[];
  /** Of the projects that it acts on. */
  readonly links: number;
}

/** A batch, or the part of it that one channel shows. */
export interface BatchFacts {
  readonly items: readonly BatchItem[];
  readonly refused: readonly RefusedItem[];
  readonly batch: Batch;
  readonly format: Formatter;
}
