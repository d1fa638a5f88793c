import { afterEach, beforeEach, expect, it } from 'vitest';
import { noWatermark } from '../../../src/domain/link.ts';
import { createLinkConnections } from '../../../src/infra/bullmq/link-connections.ts';
import { endpointOf, startTestServices, type TestLink, type TestServices } from '../../support/test-services.ts';

let services: TestServices;
let far: TestLink;
beforeEach(async () => {
  services = await startTestServices({ extraServers: ['far'] });
  far = await services.createLink('far', 'far');
});
afterEach(() => services[Symbol.asyncDispose]());

const observeKinds = async () =>
  (await services.context.links.observe([{ link: far.link, watermark: noWatermark }])).map(({ kind }) => kind);

it('The links of a connection that timed out are observed again as soon as it answers.', async () => {
  expect(await observeKinds()).toEqual(['read']);
  services.server('far').kill('SIGSTOP');
  expect(await observeKinds()).toEqual(['unreachable']);
  expect(await observeKinds()).toEqual(['unreachable']);
  services.server('far').kill('SIGCONT');
  // Resolves once the server answers again.
  await far.queue.add('task', {});
  expect(await observeKinds()).toEqual(['read']);
});

it('Every one of three thousand links is observed, also right after a timeout.', async () => {
  const items = Array.from({ length: 3_000 }, (_, index) => ({
    link: { ...far.link, queue: index % 2 === 0 ? 'far' : `none-${index}` },
    watermark: noWatermark,
  }));
  services.server('far').kill('SIGSTOP');
  expect(await observeKinds()).toEqual(['unreachable']);
  services.server('far').kill('SIGCONT');
  // Resolves once the server answers again.
  await far.queue.add('task', {});
  const kinds = new Set((await services.context.links.observe(items)).map(({ kind }) => kind));
  expect(kinds).toEqual(new Set(['read', 'missing']));
});

it('Work that goes on after the connections are closed opens none.', async () => {
  const connections = createLinkConnections({ far: endpointOf(services.urlOf('far')) }, () => {});
  expect(connections.get('far')?.name).toBe('far');
  await connections[Symbol.asyncDispose]();
  expect(connections.get('far')).toBeUndefined();
});
