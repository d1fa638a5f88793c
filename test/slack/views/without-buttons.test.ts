import { describe, expect, it } from 'vitest';
import { buildAlert } from '../../../src/slack/views/alert.ts';
import { buildAlertGroup } from '../../../src/slack/views/alert-group.ts';
import { buildBatch } from '../../../src/slack/views/batch.ts';
import type { Message } from '../../../src/slack/views/blocks.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { buildOutcome } from '../../../src/slack/views/outcome.ts';
import { messageFor } from '../../../src/slack/views/without-buttons.ts';
import {
  exampleBatch,
  exampleLink,
  exampleNow,
  exampleOperation,
  exampleOutcome,
  exampleProject,
} from '../../support/example-records.ts';

const format = slackFormatter('/sync');
const links = { total: 1, first: [exampleLink('orders-full')] };
const target = { channel: 'C0SYNC', group: 'latency:1' };
const firing = { state: 'firing', absentOnce: false, since: 1, seq: 7, changedAt: 1, version: 1 } as const;
const project = exampleProject({ state: 'paused' });
const drift = { kind: 'unexpectedly_running', links, cause: 'resumed' } as const;
const view = { format, showErrors: false, onCallRules: [], target, now: exampleNow };

const build = (message: Message) =>
  messageFor('C0SYNC', message, { channelsWithoutButtons: ['C0MANY', 'C0SYNC'], format });
const hasElements = ({ blocks }: Message) => /"(actions|accessory)"/.test(JSON.stringify(blocks));

describe('a message in a channel without buttons', () => {
  it('names the commands of what its buttons do', () => {
    const outcome = buildOutcome({
      operation: exampleOperation({ state: 'done', toState: 'paused', outcome: exampleOutcome }),
      projectExists: true,
      format,
    });
    expect(hasElements(outcome)).toBe(true);
    expect(build(outcome).text).toBe(`${outcome.text}\nUse \`/sync restore orders\`.`);
    expect(hasElements(build(outcome))).toBe(false);
  });

  it('about an alert names show, which has the buttons without a command, and the runbook', () => {
    const definition = { ...project.definition, runbook: 'https://wiki.example.com/orders' };
    const alert = buildAlert({ ...view, project: { ...project, definition } }, { ...firing, condition: drift });
    expect(build(alert).text).toBe(
      `${alert.text}\nUse \`/sync show orders\`.\nRunbook: https://wiki.example.com/orders`,
    );
    expect(hasElements(build(alert))).toBe(false);
  });

  it('about several alerts names a command for each of the worst, and the list', () => {
    const facts = { kind: drift.kind, firing: 2, total: 2, names: ['orders'], since: 1, resolvedAt: null, format };
    const rows = [{ project, alert: { ...firing, condition: drift } }];
    const group = buildAlertGroup({ ...view, facts, rows, calls: [], acknowledgements: [null, null] });
    expect(build(group).text).toContain('\nUse `/sync show orders` or `/sync list alert:unexpectedly_running`.');
    expect(hasElements(build(group))).toBe(false);
  });

  it('about several projects names no project for a button of all of them', () => {
    const batch = exampleBatch({
      id: '92e346fd2a4189689bd2c192',
      catchUpMs: 1_800_000,
      catchingUp: { projects: 2, until: 1 },
    });
    const message = buildBatch({ batch, channel: null, format });
    expect(hasElements(message)).toBe(true);
    expect(build(message).text).toBe(message.text);
    expect(hasElements(build(message))).toBe(false);
  });

  it('about several projects that were paused names the command that restores them', () => {
    const done = {
      state: 'done',
      refusal: null,
      linksDone: 1,
      stateEndedAt: null,
      failedAt: null,
      limitChange: null,
    } as const;
    const results = { carts: done, orders: done, users: done };
    const batch = exampleBatch({ id: 'b1', state: 'done', finishedAt: 1, results });
    const message = buildBatch({ batch, channel: null, format });
    expect(build(message).text).toBe(`${message.text}\nUse \`/sync restore batch:b1\`.`);
  });

  it('is the same as elsewhere if it has no button', () => {
    const message: Message = { text: 'orders', blocks: [] };
    expect(build(message)).toEqual(message);
    const other = buildAlert({ ...view, project }, { ...firing, condition: drift });
    expect(messageFor('C0OTHER', other, { channelsWithoutButtons: ['C0SYNC'], format })).toBe(other);
  });
});
