import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Built, build } from '../demo/demo-process.ts';
import { listenHere } from '../support/listen.ts';
import type { Running } from '../support/program.ts';
import { waitFor } from '../support/wait.ts';
import { nowhere, openStage, type Stage } from './stage.ts';

let built: Built;
beforeAll(async () => {
  built = await build();
});
afterAll(() => built[Symbol.asyncDispose]());

type Role = 'all' | 'bot' | 'worker';
type Situation = (stage: Stage, role: Role) => Promise<Running>;

async function running(stage: Stage, role: Role): Promise<Running> {
  const program = stage.run(role);
  await stage.says(program, 'running');
  return program;
}

/** Takes connections and never answers. */
function silentPort(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}));
  onTestFinished(() => void server.close());
  return listenHere(server);
}

const always: Record<string, Situation> = {
  'that is idle': running,
  'whose Redis was never there': async (stage, role) => {
    const program = stage.run(role, { REDIS_URL: (await nowhere()).url });
    await stage.says(program, 'waiting for Redis');
    return program;
  },
  'whose Redis takes connections and never answers': async (stage, role) => {
    const program = stage.run(role, { REDIS_URL: `redis://127.0.0.1:${await silentPort()}` });
    await stage.says(program, 'waiting for Redis');
    return program;
  },
  'whose Redis hangs': async (stage, role) => {
    const program = await running(stage, role);
    stage.world.server().kill('SIGSTOP');
    return program;
  },
  'whose Redis has died': async (stage, role) => {
    const program = await running(stage, role);
    stage.world.server().kill('SIGKILL');
    await stage.world.server().exited;
    await stage.says(program, 'redis connection trouble');
    return program;
  },
};

const withSlack: Record<string, Situation> = {
  'whose Slack was never there': async (stage, role) => {
    const program = stage.run(role, { SLACK_API_URL: 'http://127.0.0.1:1/api/' });
    await stage.says(program, 'waiting for Slack');
    return program;
  },
  'whose Slack takes connections and never answers': async (stage, role) => {
    const call = stage.slack.fail({ method: 'auth.test', hang: true });
    const program = stage.run(role);
    await call.firstHit;
    return program;
  },
  'that opens its socket in vain': async (stage, role) => {
    const call = stage.slack.fail({ method: 'apps.connections.open', hang: true, times: 9 });
    const program = stage.run(role);
    await call.firstHit;
    return program;
  },
  'before Slack has said hello': async (stage, role) => {
    stage.slack.sockets.greeting = 'held';
    const program = stage.run(role);
    await stage.slack.waitFor(() => stage.slack.sockets.tcpCount === 1, { timeoutMs: 40_000 });
    return program;
  },
  'whose WebSocket Slack does not answer': async (stage, role) => {
    stage.slack.sockets.greeting = 'unanswered';
    const program = stage.run(role);
    await stage.slack.waitFor(() => stage.slack.sockets.tcpCount === 1, { timeoutMs: 40_000 });
    return program;
  },
  'that gets another socket in vain': async (stage, role) => {
    const program = await running(stage, role);
    const call = stage.slack.fail({ method: 'apps.connections.open', hang: true, times: 9 });
    stage.slack.disconnect('warning');
    await call.firstHit;
    return program;
  },
  'that comes back in vain': async (stage, role) => {
    const program = await running(stage, role);
    const call = stage.slack.fail({ method: 'apps.connections.open', hang: true, times: 9 });
    stage.slack.cut();
    await call.firstHit;
    return program;
  },
};

const withWorker: Record<string, Situation> = {
  'in the middle of an operation': async (stage, role) => {
    const program = await running(stage, role);
    stage.world.server('far').kill('SIGSTOP');
    await stage.world.act('far', 'pause');
    await waitFor(async () => (await stage.world.deps.store.read('far'))?.state === 'pausing');
    return program;
  },
  'in the middle of an operation whose Redis hangs': async (stage, role) => {
    const program = await withWorker['in the middle of an operation']?.(stage, role);
    stage.world.server().kill('SIGSTOP');
    return program ?? expect.unreachable();
  },
};

const telling: Record<string, Situation> = {
  'in the middle of telling a Slack that hangs': async (stage, role) => {
    const program = await running(stage, role);
    const call = stage.slack.fail({ method: 'chat.postMessage', hang: true, times: 9 });
    await stage.world.act('near', 'pause');
    await call.firstHit;
    return program;
  },
};

const table = [
  ...(['all', 'bot', 'worker'] as const).flatMap((role) => situationsOf(role, always)),
  ...(['all', 'bot'] as const).flatMap((role) => situationsOf(role, withSlack)),
  ...(['all', 'worker'] as const).flatMap((role) => situationsOf(role, withWorker)),
  ...situationsOf('all', telling),
];

function situationsOf(role: Role, situations: Record<string, Situation>) {
  return Object.entries(situations).map(([what, situation]) => [role, what, situation] as const);
}

test.each(table)('SIGTERM ends the role %s %s: exit 0', async (role, _what, situation) => {
  const stage = await openStage(built);
  const program = await situation(stage, role);
  program.kill('SIGTERM');
  const finished = await program.exited;
  expect(finished).toMatchObject({ code: 0, stdout: '' });
  expect(stage.said(program)).toContain('stopped');
});
