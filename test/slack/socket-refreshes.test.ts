import { channel } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import type { Delivery } from '../support/slack/people.ts';
import { waitFor } from '../support/wait.ts';
import { openResources, overhear } from './resources.ts';
import { list, openedSocketBench } from './socket-bench.ts';

const refreshes = 200;

test('two hundred refreshes lose nothing, double nothing and leave nothing', async () => {
  using overheard = overhear();
  await using bench = await openedSocketBench({ slack: { closeAfterMs: 40 }, timing: { steadyAfterMs: 0 } });
  const { slack, door } = bench;
  const sent: Delivery[] = [];
  const send = () => sent.push(slack.command(list));
  send();
  await sent[0]?.acked;
  const before = openResources();
  const seen = new Set<boolean>();
  for (let refresh = 1; refresh <= refreshes; refresh++) {
    const reason = refresh % 2 === 0 ? 'warning' : 'refresh_requested';
    send();
    slack.disconnect(reason, slack.socketCount - 1);
    if (reason === 'warning') send();
    const renewed = () => bench.said().filter((said) => said === 'new socket to Slack').length === refresh;
    await slack.waitFor(() => seen.add(door.isOpen) && renewed());
    send();
  }
  expect(seen).toEqual(new Set([true]));
  const outcomes = await Promise.all(sent.map(({ acked }) => acked));
  expect(outcomes.map(({ kind }) => kind)).toEqual(sent.map(() => 'acked'));
  expect([...bench.heard].sort()).toEqual(sent.map(({ triggerId }) => triggerId).sort());
  expect(slack.sockets.deserted).toEqual([]);
  expect(slack.violations).toEqual([]);
  await slack.waitFor(() => slack.sockets.tcpCount === 1);
  await waitFor(() => openResources() <= before, { describe: `no more than ${before} timers and connections` });
  await door.close();
  expect(channel('undici:websocket:ping').hasSubscribers).toBe(false);
  expect(overheard.faults).toEqual([]);
});
