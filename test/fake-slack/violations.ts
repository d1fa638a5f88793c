export type ViolationRule =
  | 'missing_text'
  | 'broadcast_mention'
  | 'link_names'
  | 'thread_of_reply'
  | 'invalid_message'
  | 'invalid_call'
  | 'ack_too_late'
  | 'double_ack'
  | 'unexpected_ack'
  | 'invalid_ack'
  | 'response_url_expired'
  | 'response_url_used_up'
  | 'response_url_unknown';

/** Something that the app did and that Slack does not allow or this project forbids. */
export interface Violation {
  readonly rule: ViolationRule;
  readonly detail: string;
}

export class ViolationLog {
  readonly entries: Violation[] = [];

  add(rule: ViolationRule, detail: string): void {
    this.entries.push({ rule, detail });
  }
}
