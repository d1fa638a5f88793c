import { describe, expect, it, test } from 'vitest';
import { RawSocket } from '../slack-fake/raw-client.ts';
import { hasty, holdAcks, list, neverMs, openedSocketBench, openSocketBench, reconnects } from './socket-bench.ts';

describe('when Slack says that it will close the socket', () => {
  test.each(['warning', 'refresh_requested'] as const)('another is opened first (%s)', async (reason) => {
    await using bench = await openedSocketBench({ slack: { closeAfterMs: 300 } });
    const { slack, door } = bench;
    slack.sockets.greeting = 'held';
    slack.disconnect(reason);
    await slack.waitFor(() => slack.sockets.tcpCount === 2, { what: 'another socket' });
    expect(door.isOpen).toBe(true);
    slack.sockets.greeting = 'at once';
    await slack.waitFor(() => slack.sockets.tcpCount === 1, { what: 'the first socket closed' });
    expect(door.isOpen).toBe(true);
    expect((await slack.command(list).acked).kind).toBe('acked');
    expect(slack.sockets.deserted).toEqual([]);
    expect(slack.violations).toEqual([]);
  });

  it('after a warning everything that Slack delivers meanwhile is heard', async () => {
    await using bench = await openedSocketBench({ slack: { closeAfterMs: 200 } });
    const { slack } = bench;
    slack.sockets.greeting = 'held';
    slack.disconnect('warning');
    await slack.waitFor(() => slack.sockets.tcpCount === 2);
    const kinds: string[] = [];
    const send = async () => kinds.push((await slack.command(list).acked).kind);
    await send();
    slack.sockets.greeting = 'at once';
    while (slack.sockets.tcpCount === 2) await send();
    await send();
    expect(new Set(kinds)).toEqual(new Set(['acked']));
    expect(bench.heard).toHaveLength(kinds.length);
    expect(slack.sockets.deserted).toEqual([]);
  });

  it('an ack under way still goes over the old socket, which is closed then', async () => {
    await using bench = await openedSocketBench();
    const { slack } = bench;
    const release = holdAcks(bench);
    const { acked } = slack.command(list);
    await slack.waitFor(() => bench.heard.length === 1);
    slack.disconnect('refresh_requested');
    await slack.waitFor(() => slack.sockets.deliverableCount === 1);
    expect(slack.sockets.tcpCount).toBe(2);
    release();
    expect((await acked).kind).toBe('acked');
    await slack.waitFor(() => slack.sockets.tcpCount === 1);
  });

  it('an old socket whose ack never comes is closed all the same', async () => {
    await using bench = await openedSocketBench({ slack: { ackLimitMs: 100 }, timing: { ackWithinMs: 100 } });
    const { slack } = bench;
    bench.beforeAck = () => new Promise(() => {});
    const { acked } = slack.command(list);
    await slack.waitFor(() => bench.heard.length === 1);
    slack.disconnect('refresh_requested');
    await slack.waitFor(() => slack.socketCount === 2);
    await slack.waitFor(() => slack.sockets.tcpCount === 1);
    expect((await acked).kind).toBe('operation_timeout');
  });

  it('a socket with a warning that Slack does not close is closed in the end', async () => {
    await using bench = await openedSocketBench({ timing: { lingerMs: 50 } });
    const { slack } = bench;
    slack.disconnect('warning');
    await slack.waitFor(() => slack.socketCount === 2);
    await slack.waitFor(() => slack.sockets.tcpCount === 1);
    expect((await slack.command(list).acked).kind).toBe('acked');
  });

  it('the old one stays while no other can be had', async () => {
    await using bench = await openedSocketBench({ timing: hasty });
    const { slack, door } = bench;
    const away = slack.fail({ method: 'apps.connections.open', status: 500, times: 100 });
    slack.disconnect('warning');
    await slack.waitFor(() => away.hits > 2);
    expect(door.isOpen).toBe(true);
    expect((await slack.command(list).acked).kind).toBe('acked');
    away.cancel();
    await slack.waitFor(() => slack.socketCount === 2, { what: 'another socket' });
  });

  it('Socket Mode switched off: says so, is not open, and comes back when it is switched on', async () => {
    await using bench = await openedSocketBench({ timing: hasty });
    const { slack, door } = bench;
    const off = slack.fail({ method: 'apps.connections.open', error: 'internal_error', times: 1_000 });
    slack.disconnect('link_disabled');
    await slack.waitFor(() => off.hits > 2);
    expect(door.isOpen).toBe(false);
    const sentence = 'Socket Mode is switched off in the settings of the Slack app';
    expect(bench.said().filter((said) => said === sentence)).toHaveLength(1);
    off.cancel();
    await slack.waitFor(() => door.isOpen && slack.sockets.tcpCount === 1);
    expect((await slack.command(list).acked).kind).toBe('acked');
  });

  it('too many sockets: says so, keeps the one it has, and gets another when there is room', async () => {
    await using bench = await openedSocketBench({ timing: hasty });
    const { slack, door } = bench;
    const others = await Promise.all(Array.from({ length: 9 }, () => RawSocket.open(slack)));
    slack.disconnect('warning', 0);
    await slack.waitFor(() => bench.said().includes('Slack has all the sockets that it allows the app'));
    expect(door.isOpen).toBe(true);
    await others.pop()?.[Symbol.asyncDispose]();
    await slack.waitFor(() => bench.said().includes('new socket to Slack'));
    await Promise.all(others.map((other) => other[Symbol.asyncDispose]()));
    expect((await slack.command(list).acked).kind).toBe('acked');
  });
});

describe('a socket that is no good', () => {
  it('without a hello is given up, and another is tried', async () => {
    await using bench = await openedSocketBench({ timing: { ...hasty, helloWithinMs: 100 } });
    const { slack, door } = bench;
    slack.sockets.greeting = 'held';
    slack.cut();
    await slack.waitFor(() => !door.isOpen);
    const seen = new Set<boolean>();
    await slack.waitFor(() => seen.add(door.isOpen) && slack.callsTo('apps.connections.open').length > 3);
    expect(seen).toEqual(new Set([false]));
    slack.sockets.greeting = 'at once';
    await slack.waitFor(() => door.isOpen);
    await slack.waitFor(() => slack.sockets.tcpCount === 1);
  });

  it('that breaks is noticed at once', async () => {
    await using bench = await openedSocketBench({ timing: { lookEveryMs: neverMs } });
    const { slack, door } = bench;
    slack.cut();
    await slack.waitFor(() => slack.sockets.deliverableCount === 1 && door.isOpen);
    expect((await slack.command(list).acked).kind).toBe('acked');
    expect(bench.said()).toEqual(expect.arrayContaining(['Slack connection lost', 'new socket to Slack']));
  });

  it('that Slack closes without an announcement is replaced, also when TCP stays open', async () => {
    await using bench = await openedSocketBench({ slack: { keepsTcpOpen: true }, timing: { pongWithinMs: neverMs } });
    const { slack, door } = bench;
    slack.sockets.hangUp();
    await slack.waitFor(() => slack.sockets.deliverableCount === 1 && door.isOpen);
    expect((await slack.command(list).acked).kind).toBe('acked');
    await slack.waitFor(() => slack.sockets.tcpCount === 1);
  });

  it('that is half open is found by its pongs', async () => {
    await using bench = await openedSocketBench({ timing: { pongWithinMs: 300, closeWithinMs: 100 } });
    const { slack } = bench;
    slack.sockets.freeze();
    await slack.waitFor(() => slack.callsTo('apps.connections.open').length === 2);
    await slack.waitFor(() => slack.sockets.deliverableCount === 2);
  });

  it('that Slack no longer pings is replaced', async () => {
    await using bench = await openedSocketBench({ timing: { pingWithinMs: 200 } });
    const { slack, door } = bench;
    slack.sockets.ping();
    await slack.waitFor(() => slack.callsTo('apps.connections.open').length === 2);
    await slack.waitFor(() => door.isOpen && slack.sockets.tcpCount === 1);
  });

  it('that closes right after its hello is not asked for again and again', async () => {
    await using bench = await openSocketBench({ timing: { firstWaitMs: neverMs, longestWaitMs: neverMs } });
    await using steady = await openedSocketBench({ timing: hasty });
    const { slack, door } = bench;
    slack.sockets.greeting = 'then closed';
    await door.open();
    await slack.waitFor(() => slack.callsTo('apps.connections.open').length === 2);
    await reconnects(steady, 3);
    expect(slack.callsTo('apps.connections.open')).toHaveLength(2);
    expect(door.isOpen).toBe(false);
  });

  it('is not asked for before Slack wants to be asked (429)', async () => {
    await using bench = await openedSocketBench({ timing: hasty });
    await using steady = await openedSocketBench({ timing: hasty });
    const { slack } = bench;
    const busy = slack.fail({ method: 'apps.connections.open', retryAfter: 3_600 });
    slack.cut();
    await busy.firstHit;
    await reconnects(steady, 3);
    expect(slack.callsTo('apps.connections.open')).toHaveLength(2);
  });

  it('a frame that cannot be read neither ends the process nor the socket', async () => {
    await using bench = await openedSocketBench();
    const { slack } = bench;
    for (const frame of ['null', '{', '{"type":"events_api","payload":{}}']) slack.sockets.say(frame);
    expect((await slack.command(list).acked).kind).toBe('acked');
    expect(bench.said().filter((said) => said === 'frame of Slack not understood')).toHaveLength(3);
  });
});

it('of two bots one hears while the other gets a new socket', async () => {
  await using bench = await openedSocketBench();
  const { slack } = bench;
  await using other = await openedSocketBench({ at: slack });
  slack.sockets.greeting = 'held';
  slack.disconnect('refresh_requested', 0);
  await slack.waitFor(() => slack.sockets.tcpCount === 3);
  for (let sent = 1; sent <= 5; sent++) {
    expect((await slack.command(list).acked).kind).toBe('acked');
    expect(other.heard).toHaveLength(sent);
  }
  slack.sockets.greeting = 'at once';
  await slack.waitFor(() => slack.sockets.deliverableCount === 2);
  for (let sent = 1; sent <= 2; sent++) expect((await slack.command(list).acked).kind).toBe('acked');
  expect(bench.heard).toHaveLength(1);
});
