import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { openTerminal, StoppedError } from '../../../src/cli/init/terminal.ts';

test('After Ctrl-C between two questions the next one is not asked.', async () => {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stderr = new PassThrough();
  using terminal = openTerminal({ stdin, stderr });
  stdin.write('\u0003');
  await expect(terminal.waitFor(new Promise(() => {}))).rejects.toThrow(StoppedError);
  await expect(terminal.ask('Bot token: ')).rejects.toThrow(StoppedError);
  expect(stderr.read()).toBeNull();
  expect(stdin.isPaused()).toBe(true);
});
