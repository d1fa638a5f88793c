import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { buildSyncbot, type SyncbotBuild } from '../demo/demo-process.ts';
import { listenOnFreePort } from '../support/listen-on-free-port.ts';
import type { RunningProgram } from '../support/running-program.ts';
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

/** Takes connections and never answers. */
function listenSilently(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}));
  onTestFinished(() => void server.close());
  return listenOnFreePort(server);
}

const anyRole: Record<string, Situation> = {
  'that is idle': startRunning,
  'whose Redis was never there': async (fixture, role) => {
    const program = fixture.startProgram(role, { REDIS_URL: (await unreachableRedis()).url });
    await fixture.waitForLog(program, 'waiting for Redis');
    return program;
  },
  'whose Redis takes connections and never answers': async (fixture, role) => {
    const program = fixture.startProgram(role, { REDIS_URL: `redis://127.0.0.1:${await listenSilently()}` });
    await fixture.waitForLog(program, 'waiting for Redis');
    return program;
  },
  'whose Redis hangs': async (fixture, role) => {
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
  'whose Slack was never there': async (fixture, role) => {
    const program = fixture.startProgram(role, { SLACK_API_URL: 'http://127.0.0.1:1/api/' });
    await fixture.waitForLog(program, 'waiting for Slack');
    return program;
  },
  'whose Slack takes connections and never answers': async (fixture, role) => {
    const call = fixture.slack.injectFault({ method: 'auth.test', hang: true });
    const program = fixture.startProgram(role);
    await call.firstHit;
    return program;
  },
  'that opens its socket in vain': async (fixture, role) => {
    const call = fixture.slack.injectFault({ method: 'apps.connections.open', hang: true, times: 9 });
    const program = fixture.startProgram(role);
    await call.firstHit;
    return program;
  },
  'before Slack has said hello': async (fixture, role) => {
    fixture.slack.sockets.helloMode = 'held';
    const program = fixture.startProgram(role);
    await fixture.slack.waitFor(() => fixture.slack.sockets.tcpConnectionCount === 1, { timeoutMs: 40_000 });
    return program;
  },
  'whose WebSocket Slack does not answer': async (fixture, role) => {
    fixture.slack.sockets.helloMode = 'unanswered';
    const program = fixture.startProgram(role);
    await fixture.slack.waitFor(() => fixture.slack.sockets.tcpConnectionCount === 1, { timeoutMs: 40_000 });
    return program;
  },
  'that gets another socket in vain': async (fixture, role) => {
    const program = await startRunning(fixture, role);
    const call = fixture.slack.injectFault({ method: 'apps.connections.open', hang: true, times: 9 });
    fixture.slack.announceDisconnect('warning');
    await call.firstHit;
    return program;
  },
  'that comes back in vain': async (fixture, role) => {
    const program = await startRunning(fixture, role);
    const call = fixture.slack.injectFault({ method: 'apps.connections.open', hang: true, times: 9 });
    fixture.slack.terminateSocket();
    await call.firstHit;
    return program;
  },
};

const withWorker: Record<string, Situation> = {
  'in the middle of an operation': async (fixture, role) => {
    const program = await startRunning(fixture, role);
    fixture.services.server('far').kill('SIGSTOP');
    await fixture.services.requestAndConfirm('far', 'pause');
    await waitFor(async () => (await fixture.services.deps.projects.read('far'))?.state === 'pausing');
    return program;
  },
  'in the middle of an operation whose Redis hangs': async (fixture, role) => {
    const program = await withWorker['in the middle of an operation']?.(fixture, role);
    fixture.services.server().kill('SIGSTOP');
    return program ?? expect.unreachable();
  },
};

const whileNotifying: Record<string, Situation> = {
  'in the middle of telling a Slack that hangs': async (fixture, role) => {
    const program = await startRunning(fixture, role);
    const call = fixture.slack.injectFault({ method: 'chat.postMessage', hang: true, times: 9 });
    await fixture.services.requestAndConfirm('near', 'pause');
    await call.firstHit;
    return program;
  },
};

const table = [
  ...(['all', 'bot', 'worker'] as const).flatMap((role) => situationsOf(role, anyRole)),
  ...(['all', 'bot'] as const).flatMap((role) => situationsOf(role, withSlack)),
  ...(['all', 'worker'] as const).flatMap((role) => situationsOf(role, withWorker)),
  ...situationsOf('all', whileNotifying),
];

function situationsOf(role: Role, situations: Record<string, Situation>) {
  return Object.entries(situations).map(([description, situation]) => [role, description, situation] as const);
}

test.each(table)('SIGTERM ends the role %s %s: exit 0', async (role, _what, situation) => {
  const fixture = await createOutageFixture(built);
  const program = await situation(fixture, role);
  program.kill('SIGTERM');
  const finished = await program.exited;
  expect(finished).toMatchObject({ code: 0, stdout: '' });
  expect(fixture.logMessages(program)).toContain('stopped');
});
