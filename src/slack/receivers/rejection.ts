/** Why a request got nothing done: what stood at the door, or (`other_team`) who it came from. */
export type RejectionReason =
  /** Not the path that Slack is told. */
  | 'wrong_path'
  /** Not a POST. */
  | 'wrong_method'
  /** Neither a form nor JSON. */
  | 'wrong_type'
  /** Headers or body larger than anything that Slack sends. */
  | 'oversized'
  /** Not complete in the time that Slack gives its own requests. */
  | 'slow'
  /** Not HTTP, cut off, or signed and yet not readable. */
  | 'malformed'
  /** Signed and readable, but nothing that this bot hears. */
  | 'unheard'
  /** Without signature or timestamp. */
  | 'unsigned'
  /** Not signed with our secret, or changed on the way. */
  | 'forged'
  /** Signed more than five minutes ago by our clock. */
  | 'stale'
  /** Signed more than five minutes ahead of our clock. */
  | 'future'
  /** The very same request has been here. */
  | 'replayed'
  /** By somebody of another workspace. */
  | 'other_team';

/** A request that is refused over HTTP, with the status that it gets. */
export interface HttpRejection {
  readonly reason: RejectionReason;
  readonly status: number;
  /** Of a stale or future request: how far its timestamp is ahead of our clock, in seconds. */
  readonly secondsAhead?: number;
}

export type OnRequestRejected = (reason: RejectionReason) => void;
