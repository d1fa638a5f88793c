import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProgramResult } from '../support/running-program.ts';
import { buildSyncbot, type SyncbotBuild } from '../support/syncbot-build.ts';
import { createOutageFixture } from './outage-fixture.ts';

let built: SyncbotBuild;
beforeAll(async () => {
  built = await buildSyncbot();
});
afterAll(() => built[Symbol.asyncDispose]());

/** Returns the lines of stderr that are not part of the log. */
const userMessages = ({ stderr }: ProgramResult) =>
  stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));

const botToken = 'SLACK_BOT_TOKEN is the bot token';
const appToken = 'SLACK_APP_TOKEN is an app-level token';
const cases = [
  ['auth.test', 'invalid_auth', botToken],
  ['auth.test', 'token_revoked', botToken],
  ['apps.connections.open', 'invalid_auth', appToken],
  ['apps.connections.open', 'not_allowed_token_type', appToken],
  ['apps.connections.open', 'missing_scope', appToken],
] as const;

test.each(cases)(
  'run exits with code 2 and one sentence when Slack refuses %s with %s at the start',
  async (method, error, advice) => {
    const fixture = await createOutageFixture(built);
    fixture.slack.injectFault({ method, error, times: 9 });
    const finished = await fixture.startProgram('all').exited;
    expect(finished).toMatchObject({ code: 2, stdout: '' });
    expect(userMessages(finished)).toEqual([
      `Slack rejects the token (${error}): check that ${advice}${adviceDetail(advice)}`,
    ]);
    expect(finished.stderr).not.toMatch(/^ +at |xoxb-strict|xapp-strict/m);
    expect(fixture.slack.callsTo(method)).toHaveLength(1);
  },
);

test.each(['invalid_auth', 'token_revoked'])(
  'run exits with code 2 and one sentence when Slack refuses the app token later (%s)',
  async (error) => {
    const fixture = await createOutageFixture(built);
    const program = fixture.startProgram('all');
    await fixture.waitForLog(program, 'running');
    fixture.slack.injectFault({ method: 'apps.connections.open', error, times: 9 });
    fixture.slack.announceDisconnect('refresh_requested');
    const finished = await program.exited;
    expect(finished).toMatchObject({ code: 2, stdout: '' });
    expect(userMessages(finished)).toEqual([
      `Slack rejects the token (${error}): check that ${appToken}${adviceDetail(appToken)}`,
    ]);
    expect(fixture.slack.socketCount).toBe(0);
  },
);

function adviceDetail(advice: string): string {
  return advice === botToken
    ? ' (xoxb-…) of the app as it is installed in your workspace.'
    : ' (xapp-…) with the scope connections:write and that Socket Mode is on.';
}
