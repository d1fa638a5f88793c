import { type RawClient, rawClient } from '../support/raw-http.ts';
import { secondsNow, signed } from '../support/slack/signing.ts';
import { type Bench, openBench } from './bench.ts';

/** A command that is answered by help, through no response_url that anybody hears. */
export const command = (text = 'help') =>
  `command=%2Fsync&user_id=U0ALICE&team_id=T0SYNC&channel_id=C0SYNC&text=${encodeURIComponent(text)}&response_url=${encodeURIComponent('http://127.0.0.1:1/commands/1')}`;

/** A bot in HTTP mode over use cases that are not there. */
export interface Door extends AsyncDisposable {
  readonly bench: Bench;
  readonly port: number;
  client(): Promise<RawClient>;
  sign<Body extends string | Buffer>(body: Body, timestamp?: number): { headers: Record<string, string>; body: Body };
}

export async function openDoor(): Promise<Door> {
  const bench = await openBench({}, { way: ({ signingSecret }) => ({ kind: 'http', signingSecret, port: 0 }) });
  await bench.app.start();
  const line = bench.fake.log.find(({ sentence }) => sentence === 'listening for Slack');
  const port = Number(Object(line?.fields)['port']);
  return {
    bench,
    port,
    client: () => rawClient(port),
    sign: (body, timestamp = secondsNow()) => signed(body, { signingSecret: bench.slack.signingSecret, timestamp }),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}
