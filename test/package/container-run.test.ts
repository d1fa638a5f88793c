import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/demo/free-port.ts';
import { peopleOf } from '../support/conversation.ts';
import { listenHere } from '../support/listen.ts';
import { untilSaid } from '../support/program.ts';
import { socketEnv } from '../support/slack/env.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { openWorld } from '../support/world.ts';
import { buildWithinMs } from './closure.ts';
import { readCompose, type Service } from './compose.ts';
import { startContainer, type Walls, wallsHere } from './container.ts';
import { buildImage, type Image, listing, readRepository } from './image.ts';

const syncbotYml = `
policy: { operators: [U0ALICE] }
projects:
  orders: { adopt: true, channel: C0SYNC, links: [{ queue: orders-full }, { queue: orders-incr }] }
`;
const compose = readCompose(await readRepository('docker-compose.yml'));
const here = await wallsHere();

let image: Image;
beforeAll(async () => {
  const [dockerfile, dockerignore] = await Promise.all(['Dockerfile', '.dockerignore'].map(readRepository));
  const mounts = { 'app/syncbot.yml': syncbotYml };
  image = await buildImage({ dockerfile: dockerfile ?? '', dockerignore: dockerignore ?? '', mounts });
}, buildWithinMs);
afterAll(() => image[Symbol.asyncDispose]());

describe.each([...new Set([here, 'user'] as const)])('with walls of %s', (walls) => {
  it('a bot and two workers as in docker-compose.yml carry a pause out, end at SIGTERM, and write nothing', async () => {
    await using world = await openWorld();
    await using slack = await StrictSlack.start();
    const links = [await world.link('orders-full'), await world.link('orders-incr')];
    const before = await listing(image);
    const env = { REDIS_URL: world.url, ...socketEnv(slack) };
    const services = [compose.bot, ...replicas(compose.worker)];
    const ports = await Promise.all(services.map(() => freePort('127.0.0.1')));
    const start = (service: Service, index: number) => {
      const { command = [], user = '' } = service;
      const environment = { ...service.environment, ...env, ADMIN_PORT: String(ports[index]) };
      return startContainer(image, { walls, command, user, env: environment });
    };
    const containers = services.map(start);
    await Promise.all([slack.connected(), ...containers.map((container) => untilSaid(container, '"msg":"running"'))]);
    expect(await Promise.all(ports.map((port) => healthOf(port, walls)))).toEqual([0, 0, 0]);

    const once = {
      walls,
      command: ['pause', 'orders', '--yes', '--json'],
      env: { ...compose.bot.environment, ...env },
    };
    const asked = await startContainer(image, once).exited;
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    for (const { queue } of links) expect(await queue.isPaused()).toBe(true);
    await peopleOf(slack).sees('is Paused');

    for (const container of containers) container.kill('SIGTERM');
    for (const container of containers) {
      expect(await container.exited).toMatchObject({ code: 0, stderr: expect.stringContaining('"msg":"stopped"') });
    }
    expect(await listing(image)).toEqual(before);
    expect(slack.violations).toEqual([]);
  });

  it('runs as the user of the image, who may write nothing of it', async () => {
    const node = (script: string) => startContainer(image, { walls, entrypoint: ['node', '-e', script], command: [] });
    const who = await node('console.log(process.getuid() > 0, process.env.NODE_ENV)').exited;
    expect(who.stdout).toBe('true production\n');
    const attempts = `['.', 'dist', 'node_modules', require('os').tmpdir()].map((folder) => {
      try { require('fs').writeFileSync(folder + '/x', ''); return 'written'; } catch ({ code }) { return code; }
    })`;
    const wrote = await node(`console.log(...new Set(${attempts}))`).exited;
    expect(wrote).toMatchObject({ stdout: walls === 'namespaces' ? 'EROFS\n' : 'EACCES\n' });
  });

  it('has a health check that succeeds while the admin server says that it lives, and fails otherwise', async () => {
    let code = 200;
    const server = createServer(({ url }, response) => void response.writeHead(url === '/healthz' ? code : 404).end());
    const port = await listenHere(server);
    const check = () => healthOf(port, walls);
    expect(await check()).toBe(0);
    code = 503;
    expect(await check()).toBe(1);
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
    expect(await check()).toBe(1);
  });
});

/** The exit code of the image's health check. */
async function healthOf(port: number, walls: Walls): Promise<number | null> {
  const env = { ADMIN_PORT: String(port) };
  return (await startContainer(image, { walls, entrypoint: image.healthcheck, command: [], env }).exited).code;
}

const replicas = (service: Service) => Array.from({ length: service.deploy?.replicas ?? 1 }, () => service);
