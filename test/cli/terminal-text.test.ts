import { afterEach, expect, test, vi } from 'vitest';
import { projectJson } from '../../src/cli/show.ts';
import { cliFormatter, utcFormatter } from '../../src/cli/terminal-text.ts';
import { firingAlert } from '../support/example-alerts.ts';
import { exampleProject } from '../support/example-records.ts';

afterEach(() => void vi.unstubAllEnvs());

test.each([
  ['UTC', '2026-11-24 15:30 UTC'],
  ['Europe/Berlin', '2026-11-24 16:30 +01:00'],
  ['Asia/Kathmandu', '2026-11-24 21:15 +05:45'],
  ['America/St_Johns', '2026-11-24 12:00 -03:30'],
])('A time on the command line is one of the machine, and names its difference to UTC: %s.', (timeZone, text) => {
  vi.stubEnv('TZ', timeZone);
  const at = Date.UTC(2026, 10, 24, 15, 30);
  expect(cliFormatter.time(at)).toBe(text);
  expect(cliFormatter.at(at)).toBe(`at ${text}`);
  expect(utcFormatter.time(at)).toBe('2026-11-24 15:30 UTC');
});

test('A text in --json has times in UTC, also on a machine with another time zone.', () => {
  vi.stubEnv('TZ', 'Asia/Kathmandu');
  const project = exampleProject({ alerts: { pause_overdue: firingAlert('pause_overdue') } });
  const stats = { observedAt: 0, latencyMs: null, backlog: null, inFlight: null, links: [] };
  expect(projectJson({ project, stats }, null).cause).toMatch(/at \S+ \S+ UTC/);
});
