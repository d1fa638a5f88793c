import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Built, build } from '../demo/demo-process.ts';
import type { Finished } from '../support/program.ts';
import { openStage } from './stage.ts';

let built: Built;
beforeAll(async () => {
  built = await build();
});
afterAll(() => built[Symbol.asyncDispose]());

/** The lines on stderr that are for people: all that are not of the log. */
const sentences = ({ stderr }: Finished) => stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));

const botToken = 'SLACK_BOT_TOKEN is the bot token';
const appToken = 'SLACK_APP_TOKEN is an app-level token';
const rows = [
  ['auth.test', 'invalid_auth', botToken],
  ['auth.test', 'token_revoked', botToken],
  ['apps.connections.open', 'invalid_auth', appToken],
  ['apps.connections.open', 'not_allowed_token_type', appToken],
  ['apps.connections.open', 'missing_scope', appToken],
] as const;

test.each(rows)(
  'a start that Slack refuses (%s: %s) ends with one sentence and exit 2',
  async (method, error, advice) => {
    const stage = await openStage(built);
    stage.slack.fail({ method, error, times: 9 });
    const finished = await stage.run('all').exited;
    expect(finished).toMatchObject({ code: 2, stdout: '' });
    expect(sentences(finished)).toEqual([`Slack refuses the token (${error}): check that ${advice}${restOf(advice)}`]);
    expect(finished.stderr).not.toMatch(/^ +at |xoxb-strict|xapp-strict/m);
    expect(stage.slack.callsTo(method)).toHaveLength(1);
  },
);

test.each(['invalid_auth', 'token_revoked'])(
  'a token that is taken no more later (%s) ends the bot with one sentence and exit 2',
  async (error) => {
    const stage = await openStage(built);
    const program = stage.run('all');
    await stage.says(program, 'running');
    stage.slack.fail({ method: 'apps.connections.open', error, times: 9 });
    stage.slack.disconnect('refresh_requested');
    const finished = await program.exited;
    expect(finished).toMatchObject({ code: 2, stdout: '' });
    expect(sentences(finished)).toEqual([
      `Slack refuses the token (${error}): check that ${appToken}${restOf(appToken)}`,
    ]);
    expect(stage.slack.socketCount).toBe(0);
  },
);

function restOf(advice: string): string {
  return advice === botToken
    ? ' (xoxb-…) of the app as it is installed in your workspace.'
    : ' (xapp-…) with the scope connections:write and that Socket Mode is on.';
}
