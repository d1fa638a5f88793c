import { trace } from '@opentelemetry/api';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { confirm } from '../../src/application/confirm.ts';
import { execute } from '../../src/application/execute.ts';
import { requestAction } from '../../src/application/request-action.ts';
import type { CliApp, Role } from '../../src/cli/cli-app.ts';
import { parseEnvironment } from '../../src/config/environment.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { startTracing } from '../../src/tracing/start-tracing.ts';
import { openAppOn, runCliInProcess, writeConfigFile } from '../cli/cli-fixture.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { runApp } from '../metrics/running-app.ts';
import { type UserActions, userActions } from '../support/slack-harness.ts';
import { requestAndConfirm, startTestServices, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { type OtlpCollector, pathOf, startOtlpCollector } from './otlp-collector.ts';

let services: TestServices;
let slack: FakeSlack;
let users: UserActions;
beforeAll(async () => {
  services = await startTestServices();
  slack = await FakeSlack.start();
  users = userActions(slack);
  const links = [await services.createLink('orders-full'), await services.createLink('orders-incr')];
  await services.createProject('orders', links, { channel: 'C0SYNC' });
});
afterAll(async () => {
  await services[Symbol.asyncDispose]();
  await slack[Symbol.asyncDispose]();
});

test('A pause is one trace, from the slash command to each link and to the message.', async () => {
  await using collector = await startOtlpCollector();
  const app = await runAll(collector);
  const reason = 'Maria asked for it';
  const dialog = await users.runCommand(`pause orders because ${reason}`);
  users.press('OK', dialog);
  await users.waitForMessage('orders was paused', { user: 'U0BOB' });
  const operation = await waitForNotified();
  await app[Symbol.asyncDispose]();

  const { spans, resources } = collector;
  const paths = spans.map((span) => pathOf(span, spans));
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(paths.filter((path) => !path.startsWith('request pause'))).toEqual([]);
  const toWorker = 'request pause > confirm pause > add actions.execute > process actions';
  expect(paths.filter((path) => path === `${toWorker} > pause link`)).toHaveLength(2);
  const isMessage =
    /^request pause > confirm pause >.* add notifications.notify-operation > process notifications > chat.postMessage$/;
  expect(paths.filter((path) => isMessage.test(path))).toHaveLength(1);

  const ids = { 'syncbot.project': 'orders', 'syncbot.action': 'pause', 'syncbot.operation_id': operation.id };
  const attributesOf = (name: string) => spans.filter((span) => span.name === name).map(({ attributes }) => attributes);
  expect(attributesOf('confirm pause')).toEqual([
    { 'syncbot.request': 'button', 'syncbot.action_id': 'sync:v1:ok', ...ids },
  ]);
  expect(attributesOf('process actions')).toEqual([
    {
      'messaging.system': 'bullmq',
      'messaging.destination.name': 'actions',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.message.id': `execute-${operation.id}`,
      'syncbot.job': 'execute',
      'syncbot.outcome': 'done',
      ...ids,
    },
  ]);
  const linkOutcome = {
    'messaging.operation.name': 'pause',
    'syncbot.link.connection': 'default',
    'syncbot.outcome': 'applied',
  };
  expect(attributesOf('pause link')).toEqual([
    expect.objectContaining({ 'messaging.destination.name': 'orders-full', ...linkOutcome }),
    expect.objectContaining({ 'messaging.destination.name': 'orders-incr', ...linkOutcome }),
  ]);
  expect(resources[0]).toMatchObject({ 'service.name': 'syncbot', 'service.version': '1.2.3', 'syncbot.role': 'all' });
  expect(spans.filter(({ status, events }) => status.code !== 0 || events.length > 0)).toEqual([]);
  for (const secret of [reason, 'U0ALICE', 'C0SYNC', '127.0.0.1', slack.botToken, 'hooks'])
    expect(collector.received()).not.toContain(secret);
  const ended = app.logLines.find(({ msg }) => msg === 'operation ended');
  expect(ended).toMatchObject({ operationId: operation.id, traceId: spans[0]?.traceId });
});

test('An action works while the collector is down. One log line tells so, and one that it is back.', async () => {
  await using collector = await startOtlpCollector();
  const app = await runAll(collector);
  const outageLines = () => app.logLines.map(({ msg }) => msg).filter((message) => message.startsWith('traces'));
  collector.goDown();
  await users.requestAndPressOk('restore', 'orders');
  await users.waitForMessage('orders was restored', { user: 'U0BOB' });
  await waitForNotified();
  await waitFor(() => collector.refused > 2);
  expect(outageLines()).toEqual(['traces not sent']);
  collector.comeBack();
  await users.runCommand('list');
  await waitFor(() => outageLines().length > 1);
  await app[Symbol.asyncDispose]();
  expect(outageLines()).toEqual(['traces not sent', 'traces sent again']);
  expect(app.logText()).not.toContain('127.0.0.1');
});

test('Without a collector no trace is in records and jobs, and OpenTelemetry is not set up.', async () => {
  const ref = await services.requestAndConfirm('orders', 'pause');
  expect(await storedTexts(ref)).toEqual({
    operation: expect.not.stringContaining('traceparent'),
    job: expect.not.stringContaining('tm'),
  });
  expect(Object.keys(Reflect.get(globalThis, Symbol.for('opentelemetry.js.api.1')) ?? {})).not.toContain('trace');
  await services.context.jobs.removeExecute(ref);
});

test('A command begins a trace. Its job keeps the trace when the sweep adds it again.', async () => {
  await using collector = await startOtlpCollector();
  const app = await openCliApp(collector);
  const { useCaseContext: context } = app;
  const ref = await app.trace('pause', () =>
    requestAndConfirm(context, { project: 'orders', action: 'pause', by: 'cli:eve' }),
  );
  const traceId = (await context.operations.read(ref))?.traceparent?.split('-')[1] ?? expect.unreachable();
  expect((await storedTexts(ref)).job).toContain(traceId);
  await context.jobs.removeExecute(ref);
  await context.jobs.execute(ref);
  expect((await storedTexts(ref)).job).toContain(traceId);
  await context.jobs.removeExecute(ref);
  await app[Symbol.asyncDispose]();
  const paths = collector.spans.map((span) => pathOf(span, collector.spans));
  expect(paths.toSorted()).toEqual(['syncbot pause', 'syncbot pause > add actions.execute']);
});

test.each([
  ['of a pipeline is in the trace of its step', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', true],
  ['with a TRACEPARENT that is not valid begins a trace', '00-4bf92f3577b34da6a3ce929d0e0e4736-01', false],
])('A command %s.', async (_name, traceparent, isChild) => {
  await using collector = await startOtlpCollector();
  const app = await openCliApp(collector, { TRACEPARENT: traceparent });
  const ref = await app.trace('pause', () =>
    requestAndConfirm(app.useCaseContext, { project: 'orders', action: 'pause', by: 'cli:eve' }),
  );
  await app.useCaseContext.jobs.removeExecute(ref);
  await app[Symbol.asyncDispose]();
  const [traceId, parentSpanId] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
  const command = collector.spans.find(({ name }) => name === 'syncbot pause');
  expect({ isParent: command?.parentSpanId === parentSpanId, isInTrace: command?.traceId === traceId }).toEqual({
    isParent: isChild,
    isInTrace: isChild,
  });
  const { traceparent: stored } = (await services.context.operations.read(ref)) ?? expect.unreachable();
  expect(stored).toContain(command?.traceId);
});

test('A trace has the checks of a pause that waits only if they change its message.', async () => {
  await using collector = await startOtlpCollector();
  const link = await services.createLink('late');
  await link.queue.add('task', {});
  await services.createProject('late', [link]);
  const app = await openCliApp(collector);
  const { useCaseContext: context } = app;
  const by = 'cli:eve';
  const request = { project: 'late', action: 'pause', by, reason: null, origin: 'cli', channel: null } as const;
  const requested = await requestAction(context, { ...request, whenCaughtUp: true });
  const ref = {
    project: 'late',
    operation: requested.kind === 'requested' ? requested.operation.id : expect.unreachable(),
  };
  await confirm(context, { ref, by, dialog: null });
  const check = () => app.trace('check', () => execute(context, ref)).catch(() => {});
  await check();
  await check();
  await app[Symbol.asyncDispose]();
  // The request for the message and the check end in any order.
  expect(collector.spans.map(({ name }) => name).sort()).toEqual([
    'add notifications.notify-operation',
    'request pause',
    'syncbot check',
  ]);
  await services.context.jobs.removeExecute(ref);
});

test('Traces are sent as protobuf by default, and never by gRPC.', async () => {
  await using collector = await startOtlpCollector();
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  const options = { version: '1.2.3', role: 'cli', log };
  const endpoint = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/own/path`, OTEL_SERVICE_NAME: 'mine' };
  expect(startTracing({ ...options, variables: { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' } })).toBeNull();
  expect(lines).toHaveLength(1);
  const tracing = startTracing({
    ...options,
    variables: { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' },
  });
  await tracing?.traceCommand('start', async () => {});
  await tracing?.[Symbol.asyncDispose]();
  expect(collector.requests).toEqual(['application/x-protobuf /own/path']);
  for (const text of ['syncbot start', 'mine']) expect(collector.received()).toContain(text);
  expect(trace.getActiveSpan()).toBeUndefined();
});

test.each<[readonly string[], Role | 'cli' | undefined]>([
  [['run', '--role', 'worker'], 'worker'],
  [['pause', 'orders', '--yes', '--timeout', '1ms'], 'cli'],
  [['list'], undefined],
])('%j is traced as %s.', async (argv, expected) => {
  const tracedAs: unknown[] = [];
  await using file = await writeConfigFile('projects: {}\n');
  await runCliInProcess([...argv], {
    env: file.env,
    openApp: (options) => {
      tracedAs.push(options.tracedAs);
      return openAppOn(services)(options);
    },
  });
  expect(tracedAs).toEqual([expected]);
});

test.each([
  [{}, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, true],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' }, true],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'true' }, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_TRACES_EXPORTER: 'none' }, false],
  [{ OTEL_SERVICE_NAME: 'syncbot' }, false],
])('%j: traces are on: %s.', (env, isOn) => {
  const parsed = parseEnvironment(env);
  expect(parsed.kind === 'read' && parsed.environment.secrets.openTelemetry !== null).toBe(isOn);
});

function jsonTo({ url }: OtlpCollector) {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    // Shorter than OpenTelemetry's first retry.
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    OTEL_BSP_SCHEDULE_DELAY: '20',
  };
}

async function runAll(collector: OtlpCollector) {
  const app = await runApp({ role: 'all', redisUrl: services.url, slack, env: jsonTo(collector) });
  await app.waitForReadiness({ redis: 'ready', slack: 'ready', workers: 'ready' });
  return app;
}

/** The app of a command that changes projects. */
async function openCliApp(collector: OtlpCollector, env: Readonly<Record<string, string>> = {}): Promise<CliApp> {
  const parsed = parseEnvironment({ REDIS_URL: services.url, ...jsonTo(collector), ...env });
  const config = parseConfig('projects: {}\n', {});
  if (parsed.kind === 'refused' || config.kind === 'refused') return expect.unreachable();
  const log = pino({ level: 'silent' });
  return createApp({ environment: parsed.environment, config: config.config, log, tracedAs: 'cli' });
}

function waitForNotified() {
  return waitFor(async () => {
    const [newest] = await services.context.operations.listRecent('orders', 1);
    return newest !== undefined && newest.notifiedAt !== null && newest;
  });
}

/** What Redis stores of an operation and of its job. */
async function storedTexts({ project, operation }: OperationRef) {
  const read = async (key: string) => JSON.stringify(await services.redis.hgetall(key));
  return {
    operation: await read(`syncbot:{p:${project}}:op:${operation}`),
    job: await read(`{syncbot}:actions:execute-${operation}`),
  };
}
