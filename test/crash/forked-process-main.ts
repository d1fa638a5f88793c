// The process that a crash test stops: a worker on the queue `actions`, or a bot between OK and the job. It has no cycles
// and posts no messages, so that it sends to Redis only the commands of its operation. See forked-process.ts.

import { pressAlerts } from '../../src/application/acknowledge-alerts.ts';
import { decideWait } from '../../src/application/catch-up.ts';
import { confirm } from '../../src/application/confirm.ts';
import { confirmBatch, decideWave } from '../../src/application/confirm-batch.ts';
import { LinksUnreachableError, RetryLaterError, StoreUnavailableError } from '../../src/application/errors.ts';
import { execute } from '../../src/application/execute.ts';
import { keepPaused } from '../../src/application/keep-paused.ts';
import { runObserver } from '../../src/application/observer.ts';
import { extendPause } from '../../src/application/pause-end.ts';
import { requestAction } from '../../src/application/request-action.ts';
import { runBatch } from '../../src/application/run-batch.ts';
import { sweep } from '../../src/application/sweep.ts';
import { startWorker } from '../../src/infra/bullmq/workers.ts';
import { connect } from '../../src/infra/redis/client.ts';
import { Services } from '../../src/services.ts';
import { keys } from '../support/keys.ts';
import type { OpenDetails, PressDetails, ProcessCommand, ProcessStep } from './forked-process.ts';

const dialog = { kind: 'response_url', url: 'http://127.0.0.1:9/', lifetimeMs: 30 * 60_000, usesLeft: 5 } as const;
const log = { info() {}, warn() {}, error() {} };
let services: Services | null = null;
let worker: AsyncDisposable | null = null;

/** Opens every connection before the test counts commands. */
async function open({ config, lockDurationMs, role }: OpenDetails): Promise<void> {
  services = new Services(config, log, { lockDurationMs });
  const { context } = services;
  await context.projects.listIds();
  await context.links.readConnections(['default', ...Object.keys(config.connections)]);
  if (role === 'bot') return;
  const client = connect(config.redis, 'blocking', () => {});
  worker = startWorker({
    queue: 'actions',
    handlers: { execute: (ref) => execute(context, ref) },
    client,
    keys,
    log,
    lockDurationMs,
  });
}

/** Does the same as src/slack/listeners/confirmation.ts. */
async function press({ ref, by }: PressDetails): Promise<void> {
  if (services === null) throw new Error('press before open');
  const { context } = services;
  await confirm(context, { ref, by, dialog });
  await context.notifications.operationChanged(ref);
}

async function runStep(step: ProcessStep): Promise<void> {
  if (services === null) throw new Error('step before open');
  const { context } = services;
  switch (step.kind) {
    case 'observe':
      return runObserver(context);
    case 'sweep':
      return sweep(context);
    case 'run_batch':
      return runBatch(context, step.batch);
    case 'confirm_batch':
      return void (await confirmBatch(context, { id: step.batch, by: step.by, dialog: null }));
    case 'go_on':
      return void (await decideWave(context, { id: step.batch, by: step.by, decision: 'go_on' }));
    case 'keep_paused':
      return void (await keepPaused(context, step));
    case 'own_alerts': {
      const target = { project: step.project };
      return void (await pressAlerts(context, { press: 'own', target, by: step.by, seenAt: Date.now() }));
    }
    case 'request_wait': {
      const { ref, by } = step;
      const withId = { ...context, ids: { next: () => ref.operation } };
      const request = { project: ref.project, action: 'pause', whenCaughtUp: true, by, reason: null } as const;
      const requested = await requestAction(withId, { ...request, origin: 'slack', channel: 'C0SYNC' });
      if (requested.kind === 'refused') return;
      await confirm(context, { ref, by, dialog: null });
      return context.notifications.operationChanged(ref);
    }
    case 'execute':
      return execute(context, step.ref).catch((error: unknown) => {
        // The queue tries the job again after each of these.
        const retried = [RetryLaterError, LinksUnreachableError, StoreUnavailableError];
        if (!retried.some((kind) => error instanceof kind)) throw error;
      });
    case 'decide_wait':
      return void (await decideWait(context, step));
    case 'extend':
      return void (await extendPause(context, { ...step, duration: '1h' }));
    case 'keep_beyond_end':
      return void (await keepPaused(context, { ...step, expectedEnd: step.expected }));
    default:
      return step satisfies never;
  }
}

async function run(command: ProcessCommand): Promise<void> {
  if (command.name === 'open') await open(command.details);
  else if (command.name === 'press') await press(command.details);
  else if (command.name === 'step') await runStep(command.step);
  else await worker?.[Symbol.asyncDispose]();
}

process.on('message', (command: ProcessCommand) => {
  run(command).then(
    () => process.send?.({ name: command.name }),
    (error: unknown) => process.send?.({ name: command.name, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ name: 'loaded' });
