import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFreePort } from '../../demo/free-port.ts';
import { socketModeEnv } from '../fake-slack/bot-env.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { listenOnFreePort } from '../support/listen-on-free-port.ts';
import { waitForOutput } from '../support/running-program.ts';
import { userActions } from '../support/slack-harness.ts';
import { startTestServices } from '../support/test-services.ts';
import { parseCompose, type Service } from './compose.ts';
import { availableSandbox, type Sandbox, startContainer } from './container.ts';
import { buildImage, type Image, listFiles, readRepositoryFile } from './image.ts';
import { buildTimeoutMs } from './production-install.ts';

const syncbotYml = `
policy: { operators: [U0ALICE] }
projects:
  orders: { adopt: true, channel: C0SYNC, links: [{ queue: orders-full }, { queue: orders-incr }] }
`;
const compose = parseCompose(await readRepositoryFile('docker-compose.yml'));
const here = await availableSandbox();

let image: Image;
beforeAll(async () => {
  const [dockerfile, dockerignore] = await Promise.all(['Dockerfile', '.dockerignore'].map(readRepositoryFile));
  const mounts = { 'app/syncbot.yml': syncbotYml };
  image = await buildImage({ dockerfile: dockerfile ?? '', dockerignore: dockerignore ?? '', mounts });
}, buildTimeoutMs);
afterAll(() => image[Symbol.asyncDispose]());

describe.each([...new Set([here, 'user'] as const)])('with walls of %s', (sandbox) => {
  it('a bot and two workers as in docker-compose.yml carry a pause out, end at SIGTERM, and write nothing', async () => {
    await using testServices = await startTestServices();
    await using slack = await FakeSlack.start();
    const links = [await testServices.createLink('orders-full'), await testServices.createLink('orders-incr')];
    const before = await listFiles(image);
    const env = { REDIS_URL: testServices.url, ...socketModeEnv(slack) };
    const services = [compose.bot, ...replicas(compose.worker)];
    const ports = await Promise.all(services.map(() => findFreePort('127.0.0.1')));
    const start = (service: Service, index: number) => {
      const { command = [], user = '' } = service;
      const environment = { ...service.environment, ...env, ADMIN_PORT: String(ports[index]) };
      return startContainer(image, { sandbox, command, user, env: environment });
    };
    const containers = services.map(start);
    await Promise.all([
      slack.waitForSockets(),
      ...containers.map((container) => waitForOutput(container, '"msg":"running"')),
    ]);
    expect(await Promise.all(ports.map((port) => healthOf(port, sandbox)))).toEqual([0, 0, 0]);

    const runOnce = {
      sandbox,
      command: ['pause', 'orders', '--yes', '--json'],
      env: { ...compose.bot.environment, ...env },
    };
    const asked = await startContainer(image, runOnce).exited;
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    for (const { queue } of links) expect(await queue.isPaused()).toBe(true);
    await userActions(slack).waitForMessage('is Paused');

    for (const container of containers) container.kill('SIGTERM');
    for (const container of containers) {
      expect(await container.exited).toMatchObject({ code: 0, stderr: expect.stringContaining('"msg":"stopped"') });
    }
    expect(await listFiles(image)).toEqual(before);
    expect(slack.violations).toEqual([]);
  });

  it('runs as the user of the image, who may write nothing of it', async () => {
    const node = (script: string) =>
      startContainer(image, { sandbox, entrypoint: ['node', '-e', script], command: [] });
    const who = await node('console.log(process.getuid() > 0, process.env.NODE_ENV)').exited;
    expect(who.stdout).toBe('true production\n');
    const attempts = `['.', 'dist', 'node_modules', require('os').tmpdir()].map((folder) => {
      try { require('fs').writeFileSync(folder + '/x', ''); return 'written'; } catch ({ code }) { return code; }
    })`;
    const wrote = await node(`console.log(...new Set(${attempts}))`).exited;
    expect(wrote).toMatchObject({ stdout: sandbox === 'namespaces' ? 'EROFS\n' : 'EACCES\n' });
  });

  it('has a health check that succeeds while the admin server says that it lives, and fails otherwise', async () => {
    let code = 200;
    const server = createServer(({ url }, response) => void response.writeHead(url === '/healthz' ? code : 404).end());
    const port = await listenOnFreePort(server);
    const check = () => healthOf(port, sandbox);
    expect(await check()).toBe(0);
    code = 503;
    expect(await check()).toBe(1);
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
    expect(await check()).toBe(1);
  });
});

/** The exit code of the image's health check. */
async function healthOf(port: number, sandbox: Sandbox): Promise<number | null> {
  const env = { ADMIN_PORT: String(port) };
  return (await startContainer(image, { sandbox, entrypoint: image.healthcheck, command: [], env }).exited).code;
}

const replicas = (service: Service) => Array.from({ length: service.deploy?.replicas ?? 1 }, () => service);
