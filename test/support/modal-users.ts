import { callApi, sectionBlock } from '../fake-slack/raw-client.ts';
import { renderedText } from '../fake-slack/rendered-message.ts';
import type { Block } from '../fake-slack/types.ts';
import type { VisibleView } from '../fake-slack/view-users.ts';
import type { SlackHarness } from './slack-harness.ts';

/** Waits until the modal of a user shows the text. */
export function waitForModal(harness: SlackHarness, text: string | RegExp, user = 'U0ALICE'): Promise<VisibleView> {
  return harness.slack.waitFor(
    () => {
      const view = harness.slack.views.modalOf(user);
      if (view === undefined) return undefined;
      const shown = modalText(view);
      return (typeof text === 'string' ? shown.includes(text) : text.test(shown)) ? view : undefined;
    },
    { description: `${text} in the modal` },
  );
}

/** The text of a view, without the marks for bold. */
export function modalText(view: VisibleView): string {
  return renderedText(view).replaceAll('*', '');
}

/** Shows these blocks in the Home tab of alice. */
export async function publishHome({ slack }: SlackHarness, ...blocks: Block[]): Promise<VisibleView> {
  const view = { type: 'home', blocks: [sectionBlock('Home'), ...blocks] };
  await callApi(slack, 'views.publish', { user_id: 'U0ALICE', view });
  const home = slack.views.homeOf('U0ALICE');
  if (home === undefined) throw new Error('no Home');
  return home;
}
