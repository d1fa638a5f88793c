import { DemoError } from './demo-error.ts';

const DEFAULT_PORT = 3_000;

/** @throws {DemoError} when `DEMO_SLACK_PORT` is no port. */
export function parseSlackPort(text = ''): number {
  if (text.trim() === '') return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new DemoError(2, `DEMO_SLACK_PORT is no port: set it to a number from 1 to 65535, such as ${DEFAULT_PORT}.`);
}

/** How a further word is given to the demo on this port. */
export function formatDemoCommand(port: number, args: string): string {
  const variable = port === DEFAULT_PORT ? '' : `DEMO_SLACK_PORT=${port} `;
  return `${variable}npm run demo -- ${args}`;
}
