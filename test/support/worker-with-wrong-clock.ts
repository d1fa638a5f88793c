import { type ChildProcess, spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';

const workerProgram = `
  const [, queue, port, clockOffsetMs, outcome] = process.argv;
  const now = Date.now;
  Date.now = () => now() + Number(clockOffsetMs);
  const { Worker } = require('bullmq');
  const run = async () => { if (outcome === 'failed') throw new Error('no'); };
  const worker = new Worker(queue, run, { prefix: '{syncbot}', connection: { host: '127.0.0.1', port: Number(port) } });
  worker.once(outcome, () => void worker.close());
`;

export interface WrongClockOptions {
  readonly url: string;
  readonly queue: string;
  readonly clockOffsetMs: number;
  /** How its job ends. Default: completed. */
  readonly outcome?: 'completed' | 'failed';
}

/** Starts a BullMQ worker with a wrong clock on one of the bot's own queues. It ends after its first job. */
export function startWorkerWithWrongClock({
  url,
  queue,
  clockOffsetMs,
  outcome = 'completed',
}: WrongClockOptions): ChildProcess {
  const args = ['-e', workerProgram, queue, new URL(url).port, String(clockOffsetMs), outcome];
  const worker = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  onTestFinished(() => void worker.kill());
  return worker;
}
