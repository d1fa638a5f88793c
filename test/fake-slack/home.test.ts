import { expect, test } from 'vitest';
import { startBolt } from './bolt-app.ts';
import { FakeSlack } from './fake-slack.ts';
import { actionsBlock, buttonElement, callApi, sectionBlock } from './raw-client.ts';
import { renderedText } from './rendered-message.ts';
import { modal } from './view-fixture.ts';

const home = (text: string) => ({
  type: 'home',
  blocks: [sectionBlock(text), actionsBlock(buttonElement('Run', 'run'))],
});
const publish = (slack: FakeSlack, args: object = {}) =>
  callApi(slack, 'views.publish', { user_id: 'U0ALICE', view: home('All running'), ...args });

test('Opening the Home reaches Bolt, with the published view if there is one.', async () => {
  await using slack = await FakeSlack.start();
  const bodies: object[] = [];
  await using _app = await startBolt(slack, (app) => {
    app.event('app_home_opened', async ({ body, event, client }) => {
      bodies.push(body);
      await client.views.publish({ user_id: event.user, view: home('All running') as never });
    });
  });
  const first = slack.views.openHome('U0ALICE');
  await slack.waitFor(() => slack.views.homeOf('U0ALICE'));
  expect(bodies).toEqual([first.payload]);
  expect(first.payload).toMatchObject({
    type: 'event_callback',
    event_id: expect.any(String),
    event: {
      type: 'app_home_opened',
      user: 'U0ALICE',
      channel: slack.directMessage('U0ALICE').id,
      tab: 'home',
      event_ts: expect.any(String),
    },
  });
  expect(first.payload['event']).not.toHaveProperty('view');
  const published = slack.views.homeOf('U0ALICE');
  const second = slack.views.openHome('U0ALICE');
  expect(second.payload).toMatchObject({ event: { view: { id: published?.id, type: 'home', hash: published?.hash } } });
  await second.acked;
  expect(slack.violations).toEqual([]);
});

test('Opening the messages tab names the tab and no view.', async () => {
  await using slack = await FakeSlack.start({ hasHomeTab: false });
  const { payload } = slack.views.openHome('U0ALICE', 'messages');
  expect(payload).toMatchObject({ event: { tab: 'messages' } });
  expect(payload['event']).not.toHaveProperty('view');
});

test('A user has one Home, and a publication with an old hash is a hash_conflict.', async () => {
  await using slack = await FakeSlack.start();
  await publish(slack);
  const first = slack.views.homeOf('U0ALICE');
  const answer = await publish(slack, { view: home('orders paused'), hash: first?.hash });
  const second = slack.views.homeOf('U0ALICE');
  expect(answer).toMatchObject({ ok: true, view: { id: first?.id, hash: second?.hash, root_view_id: first?.id } });
  expect(second?.hash).not.toBe(first?.hash);
  expect(await publish(slack, { hash: first?.hash })).toMatchObject({ error: 'hash_conflict' });
  expect(await publish(slack, { user_id: 'U0BOB', hash: first?.hash })).toMatchObject({ error: 'hash_conflict' });
  expect(renderedText(second ?? { blocks: [] })).toContain('orders paused');
  expect(slack.views.homeOf('U0BOB')).toBeUndefined();
  expect(slack.describe()).toContain('orders paused');
});

test('views.publish needs a user, a Home and the Home tab of the manifest.', async () => {
  await using slack = await FakeSlack.start();
  expect(await publish(slack, { user_id: 'U0NONE' })).toMatchObject({ error: 'invalid_arguments' });
  expect(await publish(slack, { view: modal() })).toMatchObject({ error: 'invalid_arguments' });
  await using without = await FakeSlack.start({ hasHomeTab: false });
  expect(await publish(without)).toMatchObject({ error: 'not_enabled' });
});

test('A press in a Home opens a modal, and cannot push one.', async () => {
  await using slack = await FakeSlack.start();
  await publish(slack);
  const view = slack.views.homeOf('U0ALICE');
  if (view === undefined) throw new Error('no Home');
  const { payload, triggerId: trigger_id } = slack.views.press({ user: 'U0ALICE', view, label: 'Run' });
  expect(payload).toMatchObject({ container: { type: 'view', view_id: view.id }, view: { type: 'home' } });
  expect(payload).not.toHaveProperty('channel');
  expect(await callApi(slack, 'views.push', { trigger_id, view: modal() })).toMatchObject({ error: 'not_found' });
  expect(await callApi(slack, 'views.open', { trigger_id, view: modal() })).toMatchObject({ ok: true });
  expect(slack.views.modalOf('U0ALICE')).toMatchObject({ title: 'Restore' });
  expect(slack.views.homeOf('U0ALICE')).toMatchObject({ id: view.id });
});

test('Opening the Home throws where a Slack client does not offer it.', async () => {
  await using slack = await FakeSlack.start({ hasHomeTab: false });
  expect(() => slack.views.openHome('U0ALICE')).toThrow('no Home tab');
  expect(() => slack.views.openHome('U0EVE', 'messages')).toThrow('another team');
  slack.user('U0BOB').deleted = true;
  expect(() => slack.views.openHome('U0BOB', 'messages')).toThrow('deactivated');
});
