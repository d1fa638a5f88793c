import { expect, test } from 'vitest';
import { catalogRows } from './catalog-rows.ts';
import { messagesPage } from './messages-page.ts';

const page = new URL('../../docs/messages.md', import.meta.url);

test('docs/messages.md has every sentence of the catalog with its example', async () => {
  await expect(messagesPage()).toMatchFileSnapshot(page.pathname);
});

test('a sentence without an example is an error', () => {
  expect(() => catalogRows({ greeting: (name: string) => `Hello ${name}` }, {}, 'words')).toThrow(
    'words.greeting has no example',
  );
});
