import type { Violation, ViolationRule } from './types.ts';

export class ViolationLog {
  readonly entries: Violation[] = [];

  add(rule: ViolationRule, detail: string): void {
    this.entries.push({ rule, detail });
  }
}
