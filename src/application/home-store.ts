/** The people who have opened their Home tab lately. At most `maxHomeViewers`, those who opened it last. */
export interface HomeStore {
  /** Records that a person opens Home now. `filter`: null to keep the one that they chose. */
  open(viewer: OpenedHome): Promise<void>;
  /** Those who opened it within the last day, the last one first. */
  listViewers(): Promise<HomeViewer[]>;
  /** Records what the person sees, if the person is still a viewer. */
  savePublished(user: string, published: PublishedHome): Promise<void>;
  /** The person gets no further updates until they open Home again. */
  remove(user: string): Promise<void>;
}

export interface OpenedHome {
  readonly user: string;
  readonly team: string | null;
  /** As `parseListFilter` reads it. */
  readonly filter: string | null;
}

export interface HomeViewer {
  readonly user: string;
  readonly team: string | null;
  readonly filter: string;
  /** Epoch ms. */
  readonly openedAt: number;
  /** Null if nothing was published since the person became a viewer. */
  readonly published: PublishedHome | null;
}

export interface PublishedHome {
  /** Epoch ms. */
  readonly at: number;
  /** Equal as long as the person would see the same. */
  readonly digest: string;
  /** Slack's hash of the view. */
  readonly hash: string;
}
