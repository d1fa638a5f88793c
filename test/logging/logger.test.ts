import { expect, test } from 'vitest';
import { createLogger } from '../../src/logging/logger.ts';

function logLine(fields: object): string {
  const lines: string[] = [];
  createLogger({ level: 'info', to: { write: (line) => void lines.push(line) } }).info(fields, 'a constant sentence');
  return lines.join('');
}

test('A log line contains no token, response_url or address with a password.', () => {
  const token = 'xoxb-1234-hush';
  const cause = new Error('connect redis://u:hush@db.internal:6379 failed');
  const line = logLine({
    token: 'hush',
    deep: { response_url: 'hush', deeper: { url: 'hush', said: `Bearer ${token}` } },
    said: ['redis://user:hush@host:6379', token],
    err: Object.assign(new Error(`token ${token} of "hush" at 10.0.0.7:6379\nhush`, { cause }), { code: 'E1' }),
  });
  expect(line).not.toMatch(/hush|10\.0\.0\.7|db\.internal/);
  expect(JSON.parse(line)).toMatchObject({
    level: 'info',
    msg: 'a constant sentence',
    err: { name: 'Error', code: 'E1', stack: expect.stringContaining('at ') },
  });
});

test('Fields without secrets are logged unchanged.', () => {
  expect(JSON.parse(logLine({ project: 'orders', links: 3, none: null }))).toMatchObject({
    project: 'orders',
    links: 3,
    none: null,
  });
});
