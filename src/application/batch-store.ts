import type { Batch, BatchMessage } from '../domain/batch.ts';
import type { NewDialog } from '../domain/operation.ts';
import type { Actor } from '../domain/project.ts';
import type { Decision } from './operation-store.ts';
import type { WriteResult } from './project-store.ts';

/** The batches. Each write may be repeated. */
export interface BatchStore {
  read(id: string): Promise<Batch | null>;
  /** The ids of the batches that are open, or whose message is out of date. */
  listOpen(): Promise<string[]>;
  /** Writes a batch as `requested`. */
  request(batch: NewBatch): Promise<Batch>;
  /** Resolves the dialog. As `OperationStore.resolve`. */
  resolve(step: {
    readonly id: string;
    readonly decision: Decision;
    readonly by: Actor | null;
    readonly dialog: NewDialog | null;
  }): Promise<BatchResolution>;
  /** Changes a batch by compare-and-set on its version. Its messages are due. */
  update(batch: Pick<Batch, 'id' | 'version' | 'state'>, change: BatchChange): Promise<WriteResult>;
  /** Records which version the messages show. */
  markNotified(id: string, notified: NotifiedBatch): Promise<void>;
  /** Removes a batch from the open ones that has ended and whose message is up to date, or that does not exist any more. */
  close(id: string): Promise<void>;
}

export type NewBatch = Pick<
  Batch,
  | 'id'
  | 'action'
  | 'by'
  | 'reason'
  | 'selection'
  | 'after'
  | 'origin'
  | 'channel'
  | 'threadTs'
  | 'items'
  | 'refused'
  | 'waves'
  | 'catchUpMs'
> & {
  /** How long the dialog can be answered, ms. */
  readonly ttlMs: number;
};

export type BatchChange = Partial<
  Pick<
    Batch,
    'state' | 'released' | 'started' | 'waveFrom' | 'waveEndedAt' | 'stoppedBy' | 'results' | 'unclaimed' | 'catchingUp'
  >
>;

export interface NotifiedBatch {
  readonly version: number;
  /** The messages that were posted or edited, by channel. */
  readonly messages: Readonly<Record<string, BatchMessage>>;
  readonly dialogUses: number;
}

export type BatchResolution =
  | { readonly kind: 'resolved' | 'repeated'; readonly batch: Batch }
  | { readonly kind: 'not_requester'; readonly by: Actor }
  | { readonly kind: 'unknown' };
