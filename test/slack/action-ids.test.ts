import { describe, expect, it } from 'vitest';
import {
  commandActionIdPattern,
  filterActionIdPattern,
  handledActionIds,
  historyPageActionIdPattern,
  outdatedActionIdPattern,
  pageActionIdPattern,
  requestActionIdPattern,
} from '../../src/slack/action-ids.ts';

describe('action ids', () => {
  it('have one listener each: current ids their own, all others the one for outdated buttons', () => {
    for (const id of handledActionIds) expect(id).not.toMatch(outdatedActionIdPattern);
    for (const id of ['sync:v0:ok', 'sync:v1:ok2', 'sync:v1:ask:stop', 'x', '', 'a\nsync:v1:ok']) {
      expect(id).toMatch(outdatedActionIdPattern);
      expect(id).not.toMatch(requestActionIdPattern);
      expect(id).not.toMatch(pageActionIdPattern);
      expect(id).not.toMatch(historyPageActionIdPattern);
      expect(id).not.toMatch(commandActionIdPattern);
      expect(id).not.toMatch(filterActionIdPattern);
    }
  });
});
