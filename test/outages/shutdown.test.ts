import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenOnFreePort } from '../support/listen-on-free-port.ts';
import type { RunningProgram } from '../support/running-program.ts';
import { buildSyncbot, type SyncbotBuild } from '../support/syncbot-build.ts';
import { waitFor } from '../support/wait-for.ts';
import { createOutageFixture, type OutageFixture, unreachableRedis } from './outage-fixture.ts';

let built: SyncbotBuild;
beforeAll(async () => {
  built = await buildSyncbot();
});
afterAll(() => built[Symbol.asyncDispose]());

type Role = 'all' | 'bot' | 'worker';
type Situation = (fixture: OutageFixture, role: Role) => Promise<RunningProgram>;

async function startRunning(fixture: OutageFixture, role: Role): Promise<RunningProgram> {
  const program = fixture.startProgram(role);
  await fixture.waitForLog(program, 'running');
  return program;
}

/** Starts a server that accepts connections and never answers. Returns its port. */
function listenSilently({ onTestFinished }: OutageFixture): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}));
  onTestFinished(() => void server.close());
  return listenOnFreePort(server);
}

const anyRole: Record<string, Situation> = {
  'that is idle': startRunning,
  'whose Redis was never up': async (fixture, role) => {
    const program = fixture.startProgram(role, { REDIS_URL: (await unreachableRedis()).url });
    await fixture.waitForLog(program, 'waiting for Redis');
    return program;
  },
  'whose Redis accepts connections and never answers': async (fixture, role) => {
    const program = fixture.startProgram(role, { REDIS_URL: `redis://127.0.0.1:${await listenSilently(fixture)}` });
    await fixture.waitForLog(program, 'waiting for Redis');
    return program;
  },
  'whose Redis is suspended': async (fixture, role) => {
    const program = await startRunning(fixture, role);
    fixture.services.server().kill('SIGSTOP');
    return program;
  },
  'whose Redis has died': async (fixture, role) => {
    const program = await startRunning(fixture, role);
    fixture.services.server().kill('SIGKILL');
    await fixture.services.server().exited;
    await fixture.waitForLog(program, 'Redis connection failed');
    return program;
  },
};

const withSlack: Record<string, Situation> = {
  'whose Slack was never up': async (fixture, role) => {
    const program = fixture.startProgram(role, { SLACK_API_URL: 'http://127.0.0.1:1/api/' });
    await fixture.waitForLog(program, 'waiting for Slack');
    return program;
  },
  'whose Slack accepts connections and never answers': async (fixture, role) => {
    const call = fixture.slack.injectFault({ method: 'auth.test', hang: true });
    const program = fixture.startProgram(role);
    await call.firstHit;
    return program;
  },
  'that cannot open its first socket': async (fixture, role) => {
    const call = fixture.slack.injectFault({ method: 'apps.connections.open', hang: true, times: 9 });
    const program = fixture.startProgram(role);
    await call.firstHit;
    return program;
  },
  'whose socket has not received hello': async (fixture, role) => {
    fixture.slack.sockets.helloMode = 'held';
    const program = fixture.startProgram(role);
    await fixture.slack.waitFor(() => fixture.slack.sockets.tcpConnectionCount === 1);
    return program;
  },
  'whose WebSocket handshake Slack does not answer': async (fixture, role) => {
    fixture.slack.sockets.helloMode = 'unanswered';
    const program = fixture.startProgram(role);
    await fixture.slack.waitFor(() => fixture.slack.sockets.tcpConnectionCount === 1);
    return program;
  },
  'that cannot replace its socket': async (fixture, role) => {
    const program = await startRunning(fixture, role);
    const call = fixture.slack.injectFault({ method: 'apps.connections.open', hang: true, times: 9 });
    fixture.slack.announceDisconnect('warning');
    await call.firstHit;
    return program;
  },
  'that cannot reconnect': async (fixture, role) => {
    const program = await startRunning(fixture, role);
    const call = fixture.slack.injectFault({ method: 'apps.connections.open', hang: true, times: 9 });
    fixture.slack.terminateSocket();
    await call.firstHit;
    return program;
  },
};

const withWorker: Record<string, Situation> = {
  'that runs an operation': async (fixture, role) => {
    const program = await startRunning(fixture, role);
    fixture.services.server('far').kill('SIGSTOP');
    await fixture.services.requestAndConfirm('far', 'pause');
    await waitFor(async () => (await fixture.services.context.projects.read('far'))?.state === 'pausing');
    return program;
  },
  'that runs an operation while Redis is suspended': async (fixture, role) => {
    const program = await withWorker['that runs an operation']?.(fixture, role);
    fixture.services.server().kill('SIGSTOP');
    return program ?? expect.unreachable();
  },
};

const whileNotifying: Record<string, Situation> = {
  'that waits for a Slack that does not answer chat.postMessage': async (fixture, role) => {
    const program = await startRunning(fixture, role);
    const call = fixture.slack.injectFault({ method: 'chat.postMessage', hang: true, times: 9 });
    await fixture.services.requestAndConfirm('near', 'pause');
    await call.firstHit;
    return program;
  },
};

const cases = [
  ...(['all', 'bot', 'worker'] as const).flatMap((role) => situationsOf(role, anyRole)),
  ...(['all', 'bot'] as const).flatMap((role) => situationsOf(role, withSlack)),
  ...(['all', 'worker'] as const).flatMap((role) => situationsOf(role, withWorker)),
  ...situationsOf('all', whileNotifying),
];

function situationsOf(role: Role, situations: Record<string, Situation>) {
  return Object.entries(situations).map(([description, situation]) => [role, description, situation] as const);
}

// Each test has its own servers, and mostly waits for them.
test.concurrent.for(cases)('SIGTERM ends the role %s %s with exit code 0', async ([role, , situation], context) => {
  const fixture = await createOutageFixture(built, context);
  const program = await situation(fixture, role);
  program.kill('SIGTERM');
  const finished = await program.exited;
  expect(finished).toMatchObject({ code: 0, stdout: '' });
  expect(fixture.logMessages(program)).toContain('stopped');
});
