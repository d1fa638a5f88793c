import { describe, expect, it } from 'vitest';
import type { FreshDialog } from '../../src/domain/operation.ts';
import { actionIds, operationRefValue } from '../../src/slack/contract.ts';
import { dialogLifetimeMs, dialogUses } from '../../src/slack/response-url.ts';
import { alice, away, type Bench, startedBench } from './bench.ts';
import { exampleOperation } from './examples.ts';

describe('what Slack delivers', () => {
  it('is answered once, however often it is delivered', async () => {
    await using bench = await startedBench();
    const { slack, fake } = bench;
    const first = slack.command({ ...alice, text: 'list' });
    await bench.answer(/^1 project: 1 Running$/);
    await slack.redeliver(first).acked;
    await slack.waitFor(() => fake.log.some(({ sentence }) => sentence === 'second delivery dropped'));
    expect(bench.answers()).toHaveLength(1);
  });

  it.each([
    ['sync:v0:confirm', 'orders/op1', /older version/],
    ['sync:v1:ok', 'not an operation', /older version/],
    ['sync:v1:page:next', '{', /older version/],
    ['sync:v1:ask:pause', '<!channel>', /older version/],
    ['sync:v1:show', 'ordres', /no project called ordres.*Did you mean `\/sync show orders`/],
  ])('as a press on %s with %j is answered truly', async (actionId, value, text) => {
    await using bench = await startedBench();
    expect((await bench.press(actionId, value).acked).kind).toBe('acked');
    await bench.answer(text);
  });

  it('by a command of another name is answered', async () => {
    await using bench = await startedBench();
    bench.slack.command({ ...alice, text: 'list', command: '/other' });
    await bench.answer(/`\/sync help`/);
  });

  it('by somebody of another workspace is refused', async () => {
    await using bench = await startedBench();
    const { slack } = bench;
    slack.pressRaw({ ...alice, user: 'U0EVE', actionId: actionIds.show, value: 'orders' });
    await slack.waitFor(() =>
      slack.messagesSeenBy('U0EVE', 'C0SYNC').some(({ text }) => text.includes('Only members')),
    );
  });

  it('when Redis is away: not done', async () => {
    await using bench = await startedBench({ ids: () => Promise.reject(away('unknown')) });
    bench.slack.command({ ...alice, text: 'list' });
    await bench.answer(/^Not done: .*Nothing was changed\. Try again in a minute\.$/);
  });

  it('when something breaks: a sentence with an id, and the same id in the log', async () => {
    const fault = new Error('secret xoxb-123 at https://hooks.slack.com/x');
    await using bench = await startedBench({ ids: () => Promise.reject(fault) });
    const { slack, fake } = bench;
    slack.command({ ...alice, text: 'list' });
    await bench.answer(/Something went wrong/);
    const said = bench.answers().at(-1) ?? '';
    const id = /under ([0-9a-f]{8})\./.exec(said)?.[1];
    const line = fake.log.find(({ level }) => level === 'error');
    expect(line).toMatchObject({ fields: { logId: id, error: { message: 'secret ‹token› at ‹url›' } } });
    expect(said).not.toContain('secret');
    const urls = slack.callsTo('response_url').map(({ args }) => String(args['url']));
    for (const url of urls) expect(JSON.stringify(fake.log)).not.toContain(url);
  });

  it('is waited for at the stop', async () => {
    const waiting: ((ids: string[]) => void)[] = [];
    await using bench = await startedBench({ ids: () => new Promise<string[]>((resolve) => waiting.push(resolve)) });
    const { slack, app } = bench;
    slack.command({ ...alice, text: 'list' });
    await slack.waitFor(() => waiting.length === 1);
    const stopped = app.stop();
    await slack.waitFor(() => slack.socketCount === 0);
    waiting[0]?.(['orders']);
    await stopped;
    expect(bench.answers()).toEqual(['1 project: 1 Running']);
  });
});

describe('a press on OK while Redis is away', () => {
  const pressOk = (bench: Bench) =>
    bench.press(actionIds.ok, operationRefValue({ project: 'orders', operation: 'op1' }));

  it('that was not sent: not done', async () => {
    await using bench = await startedBench({ settle: () => Promise.reject(away('no')) });
    pressOk(bench);
    await bench.answer(/^Not done/);
    expect(bench.fake.told).toEqual([]);
  });

  it('whose reply was lost, and that got through: checking, then it is told', async () => {
    let reads = 0;
    await using bench = await startedBench({
      settle: () => Promise.reject(away('unknown')),
      readOperation: async () => {
        reads += 1;
        if (reads < 3) throw away('no');
        return exampleOperation({ state: 'confirmed' });
      },
    });
    pressOk(bench);
    await bench.answer(/^Checking whether this got through/);
    await bench.slack.waitFor(() => bench.fake.told.length === 1);
    expect(bench.answers()).toHaveLength(1);
  });

  it('whose reply was lost, and that did not get through: not done', async () => {
    const settle = () => Promise.reject(away('unknown'));
    await using bench = await startedBench({ settle, readOperation: async () => exampleOperation() });
    pressOk(bench);
    await bench.answer(/^Not done/);
  });

  it('brings the dialog with it, for as long as Slack takes answers there', async () => {
    const kept: (FreshDialog | null)[] = [];
    const operation = exampleOperation({ state: 'confirmed' });
    await using bench = await startedBench({
      settle: async ({ dialog }) => {
        kept.push(dialog);
        return { kind: 'settled', operation };
      },
    });
    const { responseUrl } = pressOk(bench);
    await bench.slack.waitFor(() => kept.length === 1);
    expect(kept[0]).toEqual({ url: responseUrl, lifetimeMs: dialogLifetimeMs, usesLeft: dialogUses });
  });

  it('once confirmed is not refused for a job that could not be added', async () => {
    const operation = exampleOperation({ state: 'confirmed' });
    await using bench = await startedBench({ settle: async () => ({ kind: 'settled', operation }) });
    bench.fake.deps.queue.execute = () => Promise.reject(away('no'));
    pressOk(bench);
    await bench.slack.waitFor(() => bench.fake.told.length === 1);
    expect(bench.answers()).toEqual([]);
  });
});
