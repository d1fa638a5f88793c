import { expect, it } from 'vitest';
import {
  type FaultCase,
  type FaultScenario,
  type InjectFault,
  type SendOverride,
  startFaultScenario,
  withTitles,
} from '../support/fault-scenario.ts';
import type { PinoLine } from '../support/slack-harness.ts';

const cases = [
  {
    fault: 'Slack asks for a new socket (refresh_requested)',
    during: 'the command',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'Slack asks for a new socket (refresh_requested)',
    during: 'OK',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'Slack asks for a new socket while the operation runs (refresh_requested)',
    during: 'the execution',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'Slack warns that the socket will close (warning)',
    during: 'OK',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the socket breaks before the ack, and Slack delivers again',
    during: 'the command',
    sees: 'alice: orders was paused; channel: orders was paused; Slack itself: operation_timeout',
  },
  {
    fault: 'the socket breaks before the ack, and Slack delivers again',
    during: 'OK',
    sees: 'alice: orders was paused; channel: orders was paused; Slack itself: operation_timeout',
  },
  {
    fault: 'the socket breaks after the ack',
    during: 'the command',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the socket breaks after the ack',
    during: 'OK',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the socket breaks',
    during: 'the execution',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'no socket is open until alice repeats her request',
    during: 'the command',
    sees: 'alice: orders was paused; channel: orders was paused; Slack itself: dispatch_failed',
  },
  {
    fault: 'no socket is open until alice repeats her request',
    during: 'OK',
    sees: 'alice: orders was paused; channel: orders was paused; Slack itself: dispatch_failed',
  },
  {
    fault: 'Slack delivers twice',
    during: 'the command',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'Slack delivers twice',
    during: 'OK',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'Slack delivers twice, over the sockets of two bots',
    during: 'the command',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'Slack delivers twice, over the sockets of two bots',
    during: 'OK',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the bot acknowledges too late',
    during: 'the command',
    sees: 'alice: orders was paused; channel: orders was paused; Slack itself: operation_timeout',
  },
  {
    fault: 'the bot acknowledges too late',
    during: 'OK',
    sees: 'alice: orders was paused; channel: orders was paused; Slack itself: operation_timeout',
  },
  {
    fault: 'Slack refuses all connections until the operation has ended',
    during: 'the execution',
    meanwhile: 'alice: orders · Pausing…; channel: orders · Pausing…',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'Slack answers every call with 503 until the operation has ended',
    during: 'OK',
    meanwhile: 'alice: Pause orders?',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
] as const satisfies readonly FaultCase[];

/** How long the fake Slack waits for an acknowledgement in this test. */
const ackLimitMs = 400;
const waitForSocket = ({ harness }: FaultScenario) =>
  harness.slack.waitFor(() => harness.slack.sockets.deliverableSocketCount > 0 && harness.bot.slackApp.isConnected());
const waitForDisconnect = ({ harness }: FaultScenario) =>
  harness.slack.waitFor(() => !harness.bot.slackApp.isConnected());

const sendWith =
  (sendOverride: (scenario: FaultScenario) => SendOverride): InjectFault =>
  (scenario) => {
    scenario.sendNext = sendOverride(scenario);
  };

const deliverTwice = (scenario: FaultScenario): SendOverride => {
  return async (deliver) => {
    const delivery = deliver();
    await Promise.all([delivery.acked, scenario.harness.slack.redeliver(delivery).acked]);
    // The bot recognizes a repeated command by its trigger_id, and a repeated press by the state of the operation.
    const reportsDuplicate = ({ msg, kind }: PinoLine) =>
      msg === 'second delivery dropped' || (msg === 'operation resolved' && kind === 'repeated');
    await scenario.harness.slack.waitFor(() => scenario.harness.logLines.some(reportsDuplicate));
  };
};

const injectors: Record<(typeof cases)[number]['fault'], InjectFault> = {
  'Slack asks for a new socket (refresh_requested)': sendWith((scenario) => async (deliver) => {
    scenario.harness.slack.announceDisconnect('refresh_requested');
    await waitForSocket(scenario);
    expect((await deliver().acked).kind).toBe('acked');
  }),
  'Slack asks for a new socket while the operation runs (refresh_requested)': (scenario) => {
    scenario.harness.slack.announceDisconnect('refresh_requested');
  },
  'Slack warns that the socket will close (warning)': sendWith((scenario) => async (deliver) => {
    scenario.harness.slack.announceDisconnect('warning');
    expect((await deliver().acked).kind).toBe('acked');
    expect(scenario.harness.bot.slackApp.isConnected()).toBe(true);
  }),
  'the socket breaks before the ack, and Slack delivers again': sendWith((scenario) => async (deliver) => {
    const delivery = deliver();
    scenario.harness.slack.terminateSocket();
    await waitForDisconnect(scenario);
    await waitForSocket(scenario);
    expect((await scenario.harness.slack.redeliver(delivery).acked).kind).toBe('acked');
    await delivery.acked;
  }),
  'the socket breaks after the ack': sendWith((scenario) => async (deliver) => {
    expect((await deliver().acked).kind).toBe('acked');
    scenario.harness.slack.terminateSocket();
    await waitForDisconnect(scenario);
    await waitForSocket(scenario);
  }),
  'the socket breaks': async (scenario) => {
    scenario.harness.slack.terminateSocket();
    await waitForDisconnect(scenario);
  },
  'no socket is open until alice repeats her request': sendWith((scenario) => async (deliver) => {
    scenario.harness.slack.terminateSocket();
    await scenario.harness.slack.waitFor(() => scenario.harness.slack.socketCount === 0);
    expect((await deliver().acked).kind).toBe('dispatch_failed');
    await waitForSocket(scenario);
    expect((await deliver().acked).kind).toBe('acked');
  }),
  'Slack delivers twice': sendWith(deliverTwice),
  'Slack delivers twice, over the sockets of two bots': async (scenario) => {
    await scenario.harness.addBot();
    await scenario.harness.slack.waitForSockets(2);
    scenario.sendNext = deliverTwice(scenario);
  },
  'the bot acknowledges too late': sendWith(() => async (deliver) => {
    const delivery = deliver();
    // Blocks the event loop in real time, so that the bot sends its ack after Slack's limit.
    const busyUntil = performance.now() + 2 * ackLimitMs;
    while (performance.now() < busyUntil);
    expect((await delivery.acked).kind).toBe('operation_timeout');
  }),
  'Slack refuses all connections until the operation has ended': async (scenario) => {
    await scenario.harness.slack.goDown();
    return async () => {
      await scenario.harness.slack.waitFor(() =>
        scenario.harness.logLines.some(({ msg }) => msg === 'Slack connection not back yet'),
      );
      await scenario.harness.slack.recover();
      scenario.skipRetryDelays();
      await waitForSocket(scenario);
    };
  },
  'Slack answers every call with 503 until the operation has ended': (scenario) => {
    const fault = scenario.harness.slack.injectFault({ method: '*', status: 503, times: 1_000 });
    return async () => {
      await scenario.harness.slack.waitFor(() => fault.hits > 2);
      fault.cancel();
      scenario.skipRetryDelays();
    };
  },
};

it.each(withTitles(cases))('%s', async (_title, { fault, during, sees, ...faultCase }) => {
  await using scenario = await startFaultScenario({ slack: { ackLimitMs } });
  await scenario.run(during, injectors[fault], 'meanwhile' in faultCase ? faultCase.meanwhile : undefined);
  await scenario.expectMessages(sees);
  await scenario.expectPaused();
  expect(await scenario.harness.services.context.operations.listRecent('orders', 9)).toHaveLength(1);
  await waitForSocket(scenario);
  await scenario.harness.runCommand('list', { user: 'U0BOB' });
  const expectedViolations = fault === 'the bot acknowledges too late' ? ['ack_too_late'] : [];
  expect(scenario.harness.slack.violations.map(({ rule }) => rule)).toEqual(expectedViolations);
});
