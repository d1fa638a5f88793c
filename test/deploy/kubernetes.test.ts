import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { environmentVariables, parseEnvironment, validateSlackEnvironment } from '../../src/config/environment.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { slackPath } from '../../src/slack/receivers/http-verification.ts';
import { runApp } from '../metrics/running-app.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { validateManifest } from './kubernetes-schema.ts';
import { filesOf, manifestSchema, withComponent } from './kustomize.ts';
import { dataOf, folders, manifestsOf, secretFiles, variablesOf } from './manifests.ts';
import { containerOf, httpProbesOf, podOf, referencesOf, type Workload, workloadsOf } from './workload.ts';

const manifests = folders.flatMap((folder) =>
  manifestsOf[folder].map((manifest) => ({ folder, manifest, ...manifest })),
);
const workloads = folders.flatMap((folder) =>
  workloadsOf(manifestsOf[folder]).map((workload) => ({ folder, workload, name: workload.metadata.name })),
);
const syncbotWorkloads = workloads.filter(({ folder }) => folder !== 'redis');

describe('the manifests of Kubernetes', () => {
  test('are all used', () => {
    const files = readdirSync(new URL('../../deploy/kubernetes/', import.meta.url), {
      recursive: true,
      encoding: 'utf8',
    });
    const used = [...[...folders, 'http'].flatMap(filesOf), ...Object.values(secretFiles)];
    expect([...new Set(used)].sort()).toEqual(files.filter((file) => file.endsWith('ml')).sort());
  });

  test.each(manifests)('$folder: $kind $metadata.name matches the schema of Kubernetes', ({ manifest }) => {
    validateManifest(manifest);
  });

  test.each<[string, (deployment: Workload) => void, RegExp]>([
    ['an unknown field', (one) => void Object.assign(one.spec, { replica: 2 }), /unknown fields: \/spec\/replica$/],
    [
      'an unknown field of a pod',
      (one) => void Object.assign(podOf(one), { restartPolice: 'Always' }),
      /restartPolice/,
    ],
    ['an unknown label field', (one) => void Object.assign(one.metadata, { label: {} }), /metadata\/label/],
    ['a number as a text', (one) => void Object.assign(one.spec, { replicas: '2' }), /replicas must be integer/],
    ['a missing field', (one) => void Reflect.deleteProperty(one.spec, 'selector'), /required property selector/],
    ['a wrong quantity', (one) => void Object.assign(containerOf(one).resources.limits, { memory: true }), /memory/],
  ])('the schema refuses %s', (_fault, change, message) => {
    const [{ workload } = expect.unreachable()] = syncbotWorkloads;
    const broken = structuredClone(workload);
    change(broken);
    expect(() => validateManifest(manifestSchema.parse(broken))).toThrow(message);
  });
});

describe.each(workloads)('$folder: $name', ({ folder, workload }) => {
  const pod = podOf(workload);
  const container = containerOf(workload);

  test('selects its own pods', () => {
    const { selector, template } = workload.spec;
    expect(template.metadata.labels).toEqual(selector.matchLabels);
    expect(workload.metadata.labels).toEqual(selector.matchLabels);
  });

  test('uses ConfigMaps and Secrets that exist', () => {
    const namesOf = (kind: string) =>
      manifestsOf[folder].filter((one) => one.kind === kind).map((one) => one.metadata.name);
    const { configMaps, secrets } = referencesOf(workload);
    for (const name of configMaps) expect(namesOf('ConfigMap')).toContain(name);
    for (const name of secrets) expect(namesOf('Secret')).toContain(name);
  });

  test('mounts each of its volumes', () => {
    const claims = z.array(z.object({ metadata: z.object({ name: z.string() }) })).default([]);
    const claimNames = claims.parse(workload.spec['volumeClaimTemplates']).map(({ metadata }) => metadata.name);
    const volumeNames = [...pod.volumes.map(({ name }) => name), ...claimNames];
    expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual(volumeNames.sort());
  });

  test('meets the restricted standard of pod security, and has no token of the cluster', () => {
    const namespace = manifestsOf[folder].find(({ kind }) => kind === 'Namespace');
    expect(namespace?.metadata.name).toBe(`syncbot-${folder}`);
    expect(namespace?.metadata['labels']).toEqual({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('requests no more than its limits', () => {
    const { requests, limits } = container.resources;
    for (const resource of ['cpu', 'memory']) {
      expect(quantity(requests[resource])).toBeLessThanOrEqual(quantity(limits[resource]));
    }
  });

  test('is the target of the network policy and, with several pods, of the disruption budget of its name', () => {
    const selectorsOf = (kind: string, field: string) =>
      manifestsOf[folder]
        .filter((one) => one.kind === kind && one.metadata.name === workload.metadata.name)
        .map((one) => z.looseObject({ [field]: z.unknown() }).parse(one['spec'])[field]);
    const { selector } = workload.spec;
    expect(selectorsOf('NetworkPolicy', 'podSelector')).toEqual([selector]);
    // A budget for the only Redis would keep its node from being drained.
    expect(selectorsOf('PodDisruptionBudget', 'selector')).toEqual(folder === 'redis' ? [] : [selector]);
    expect(selectorsOf('Service', 'selector')).toEqual(folder === 'redis' ? [selector.matchLabels] : []);
  });

  test('opens each port that probes, network policies and Services name', () => {
    const names = container.ports.map(({ name }) => name);
    const rules = manifestsOf[folder].filter(
      ({ kind, metadata }) => /^(NetworkPolicy|Service)$/.test(kind) && metadata.name === workload.metadata.name,
    );
    const named = [...JSON.stringify(rules).matchAll(/"(?:port|targetPort)":"(\w+)"/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(0);
    for (const name of [...named, ...httpProbesOf(workload).map(({ port }) => port)]) expect(names).toContain(name);
  });
});

describe.each(syncbotWorkloads)('$folder: $name as syncbot', ({ folder, name, workload }) => {
  const container = containerOf(workload);
  const role = name.replace('syncbot-', '');
  const variables = variablesOf(folder, workload);

  test('runs its role, with the variables and the syncbot.yml that it needs', () => {
    expect(container.args).toEqual(['run', '--role', role]);
    const known = environmentVariables.map((variable) => variable.name);
    for (const variable of Object.keys(variables)) expect(known).toContain(variable);
    const parsed = parseEnvironment(variables);
    if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.errors));
    if (role === 'bot') expect(validateSlackEnvironment(parsed.environment)).toEqual([]);
    const adminPort = container.ports.find((port) => port.name === 'admin')?.containerPort;
    expect(parsed.environment).toMatchObject({ adminPort, configPath: '/etc/syncbot/syncbot.yml' });
    expect(container.volumeMounts).toEqual([{ name: 'config', mountPath: '/etc/syncbot', readOnly: true }]);
    expect(parseConfig(dataOf(folder, 'syncbot-config')['syncbot.yml'] ?? '', variables)).toMatchObject({
      kind: 'read',
    });
  });

  test('has secrets of Slack only if it is a bot', () => {
    const secrets = Object.keys(variables).filter((variable) => /^SLACK_.*(TOKEN|SECRET)$/.test(variable));
    expect(secrets).toEqual(role === 'bot' ? ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN'] : []);
  });

  test('is scraped by Prometheus at its admin port only', () => {
    const text = readFileSync(new URL('../../deploy/prometheus/scrape-kubernetes.yml', import.meta.url), 'utf8');
    const [, regex = ''] = /^ +regex: (.*)$/m.exec(text) ?? expect.unreachable();
    expect(text).toContain(
      '[__meta_kubernetes_pod_label_app_kubernetes_io_name, __meta_kubernetes_pod_container_port_name]',
    );
    const label = workload.spec.template.metadata.labels['app.kubernetes.io/name'];
    // Prometheus joins the values with a semicolon, and the expression must match all of it.
    const kept = container.ports.filter((port) => new RegExp(`^(?:${regex})$`).test(`${label};${port.name}`));
    expect(kept.map((port) => port.name)).toEqual(['admin']);
  });

  test('has more time to stop than the 10 seconds that a role needs', () => {
    expect(podOf(workload).terminationGracePeriodSeconds).toBe(15);
  });
});

describe('the component for HTTP mode', () => {
  const http = withComponent(manifestsOf.production, 'http');
  const added = http.slice(manifestsOf.production.length);
  const [bot = expect.unreachable(), worker = expect.unreachable()] = workloadsOf(http);

  test('consists of manifests that match the schema of Kubernetes', () => {
    expect(added.map(({ kind }) => kind)).toEqual(['Service', 'Ingress', 'NetworkPolicy']);
    for (const manifest of http) validateManifest(manifest);
  });

  test('leads requests of Slack to the port of the bots, and to no other', () => {
    const [service, ingress, policy] = added.map((manifest) => JSON.stringify(manifest['spec']));
    expect(JSON.parse(service ?? '')).toEqual({
      selector: bot.spec.selector.matchLabels,
      ports: [{ name: 'slack', port: 80, targetPort: 'slack' }],
    });
    expect(ingress).toContain(`"path":"${slackPath}","pathType":"Exact"`);
    expect(ingress).toContain('"backend":{"service":{"name":"syncbot-bot","port":{"name":"slack"}}}');
    expect(JSON.parse(policy ?? '')).toMatchObject({
      podSelector: bot.spec.selector,
      ingress: [{ ports: [{ protocol: 'TCP', port: 'slack' }] }],
    });
    const { SLACK_APP_TOKEN: _socketMode, ...variables } = variablesOf('production', bot);
    const parsed = parseEnvironment({ ...variables, SLACK_SIGNING_SECRET: 'hush' });
    if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.errors));
    expect(validateSlackEnvironment(parsed.environment)).toEqual([]);
    expect(containerOf(bot).ports).toContainEqual({ name: 'slack', containerPort: parsed.environment.port });
  });

  test('keeps a bot ready without Redis, and changes nothing else', () => {
    expect(httpProbesOf(bot).map(({ path }) => path)).toEqual(['/healthz', '/healthz', '/healthz']);
    const [botBefore = expect.unreachable(), workerBefore] = workloadsOf(manifestsOf.production);
    expect(worker).toEqual(workerBefore);
    const { readinessProbe: _before, ...before } = containerOf(botBefore);
    expect(containerOf(bot)).toMatchObject(before);
  });
});

test('The probes ask paths that a worker answers, and only the readiness probe depends on Redis.', async () => {
  const redis = await startTestRedis();
  onTestFinished(() => redis.stop());
  await using app = await runApp({ role: 'worker', redisUrl: redis.url });
  const paths = [
    ...new Set(syncbotWorkloads.flatMap(({ workload }) => httpProbesOf(workload).map(({ path }) => path))),
  ];
  expect(paths.sort()).toEqual(['/healthz', '/readyz']);
  for (const path of paths) await expect.poll(async () => (await app.get(path)).status).toBe(200);
  await redis.stop();
  await expect.poll(async () => (await app.get('/readyz')).status).toBe(503);
  expect((await app.get('/healthz')).status).toBe(200);
  for (const { workload } of syncbotWorkloads) {
    expect(httpProbesOf(workload).map(({ path }) => path)).toEqual(['/healthz', '/readyz', '/healthz']);
  }
});

test('The optional Redis has the settings that docs/operating.md recommends, and a probe that only pings.', () => {
  const [{ workload } = expect.unreachable()] = workloads.filter(({ folder }) => folder === 'redis');
  const { command, readinessProbe } = containerOf(workload);
  const options = command.slice(1).join(' ');
  for (const option of ['--appendonly yes', '--appendfsync everysec', '--maxmemory-policy noeviction']) {
    expect(options).toContain(option);
  }
  expect(readinessProbe).toMatchObject({ exec: { command: expect.arrayContaining(['--user', 'probe', 'ping']) } });
});

/** Returns a quantity of Kubernetes in cores or bytes. */
function quantity(text = ''): number {
  const [, number = '', unit = ''] = /^(\d+)(m|Mi|Gi)?$/.exec(text) ?? expect.unreachable(text);
  const factors: Readonly<Record<string, number>> = { '': 1, m: 1e-3, Mi: 2 ** 20, Gi: 2 ** 30 };
  return Number(number) * (factors[unit] ?? Number.NaN);
}
