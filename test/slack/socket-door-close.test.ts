import { channel } from 'node:diagnostics_channel';
import { describe, expect, it, test } from 'vitest';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { waitFor } from '../support/wait.ts';
import { openResources, overhear } from './resources.ts';
import {
  hasty,
  holdAcks,
  list,
  neverMs,
  openedSocketBench,
  openSocketBench,
  reconnects,
  type SocketBench,
} from './socket-bench.ts';

const opens = (slack: StrictSlack) => slack.callsTo('apps.connections.open').length;

/** Where the door is when it is closed; each resolves when it is there, with what has to end then. */
const moments: Record<string, (bench: SocketBench) => Promise<[Promise<void>] | void>> = {
  'while Slack does not answer its first call': async ({ slack, door }) => {
    const call = slack.fail({ method: 'apps.connections.open', hang: true });
    const opening = door.open().catch(() => {});
    await call.firstHit;
    return [opening];
  },
  'before its first hello': async ({ slack, door }) => {
    slack.sockets.greeting = 'held';
    const opening = door.open().catch(() => {});
    await slack.waitFor(() => slack.sockets.tcpCount === 1);
    return [opening];
  },
  'before its first WebSocket': async ({ slack, door }) => {
    slack.sockets.greeting = 'unanswered';
    const opening = door.open().catch(() => {});
    await slack.waitFor(() => slack.sockets.tcpCount === 1);
    return [opening];
  },
  'while it is open': ({ door }) => door.open(),
  'while its socket is half open': async ({ slack, door }) => {
    await door.open();
    slack.sockets.freeze();
  },
  'in an overlap, while Slack does not answer': async ({ slack, door }) => {
    await door.open();
    const call = slack.fail({ method: 'apps.connections.open', hang: true });
    slack.disconnect('warning');
    await call.firstHit;
  },
  'in an overlap, before the hello': async ({ slack, door }) => {
    await door.open();
    slack.sockets.greeting = 'held';
    slack.disconnect('refresh_requested');
    await slack.waitFor(() => slack.sockets.tcpCount === 2);
  },
  'in an overlap, while the old socket stays': async ({ slack, door }) => {
    await door.open();
    slack.disconnect('warning');
    await slack.waitFor(() => slack.socketCount === 2);
  },
  'before the WebSocket of a new try': async ({ slack, door }) => {
    await door.open();
    slack.sockets.greeting = 'unanswered';
    slack.cut();
    await slack.waitFor(() => slack.sockets.tcpCount === 1 && opens(slack) === 2);
  },
  'between two tries': async ({ slack, door, said }) => {
    await door.open();
    slack.fail({ method: 'apps.connections.open', status: 500, times: 99 });
    slack.cut();
    await slack.waitFor(() => said().includes('Slack connection not back yet'));
  },
};

describe.each([true, false])('a door is closed (Slack leaves TCP open: %s)', (keepsTcpOpen) => {
  test.each(Object.entries(moments))('%s: nothing is left', async (_what, arrive) => {
    const before = openResources();
    using overheard = overhear();
    // Neither the next try nor the library's own watch comes to help.
    await using bench = await openSocketBench({
      slack: { keepsTcpOpen },
      timing: { closeWithinMs: 100, pongWithinMs: neverMs, firstWaitMs: neverMs, longestWaitMs: neverMs },
    });
    const { slack, door } = bench;
    const [opening] = (await arrive(bench)) ?? [];
    await door.close();
    await opening;
    expect(door.isOpen).toBe(false);
    await slack.waitFor(() => slack.sockets.tcpCount === 0, { what: 'no socket left' });
    const opened = opens(slack);
    await slack[Symbol.asyncDispose]();
    expect(opens(slack)).toBe(opened);
    await waitFor(() => openResources() <= before, { describe: 'no timer and no connection left' });
    expect(channel('undici:websocket:ping').hasSubscribers).toBe(false);
    expect(channel('undici:websocket:pong').hasSubscribers).toBe(false);
    expect(overheard.faults).toEqual([]);
  });
});

it('whenever it is closed after Slack has answered with an address, no socket is opened or it is closed', async () => {
  await using slack = await StrictSlack.start();
  slack.sockets.greeting = 'held';
  for (let turns = 0; turns < 150; turns++) {
    let closing: Promise<void> | undefined;
    const close = async (bench: SocketBench) => {
      for (let turn = 0; turn < turns; turn++) await null;
      await bench.door.close();
    };
    const bench: SocketBench = await openSocketBench({
      at: slack,
      timing: { closeWithinMs: 100 },
      async fetch(url, init) {
        const answer = await fetch(url, init);
        const { status, headers } = answer;
        const body = await answer.text();
        closing = close(bench);
        return new Response(body, { status, headers });
      },
    });
    await expect(bench.door.open()).rejects.toThrow('could not be reached');
    await closing;
    await slack.waitFor(() => slack.sockets.tcpCount === 0, {
      what: `no socket after ${turns} turns`,
      timeoutMs: 3_000,
    });
  }
});

it('an ack under way is still sent at the close', async () => {
  await using bench = await openedSocketBench();
  const { slack, door } = bench;
  const release = holdAcks(bench);
  const { acked } = slack.command(list);
  await slack.waitFor(() => bench.heard.length === 1);
  const closed = door.close();
  release();
  expect((await acked).kind).toBe('acked');
  await closed;
  await slack.waitFor(() => slack.sockets.tcpCount === 0);
});

it('a door that could not be opened leaves nothing', async () => {
  await using bench = await openSocketBench({ timing: { helloWithinMs: 600, closeWithinMs: 50 } });
  const { slack, door } = bench;
  slack.sockets.greeting = 'held';
  await expect(door.open()).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('hello_timeout'),
  });
  await slack.waitFor(() => slack.sockets.tcpCount === 0);
  expect(opens(slack)).toBe(1);
});

it('a token that Slack takes no more: told once, nothing is tried again', async () => {
  await using bench = await openedSocketBench({ timing: hasty });
  await using steady = await openedSocketBench({ timing: hasty });
  const { slack, lost } = bench;
  slack.fail({ method: 'apps.connections.open', error: 'invalid_auth', times: 9 });
  slack.cut();
  await slack.waitFor(() => lost.length > 0);
  await reconnects(steady, 3);
  expect(lost.map(({ code }) => code)).toEqual(['invalid_auth']);
  expect(opens(slack)).toBe(2);
});
