import { z } from 'zod';
import { buildKustomization, type Manifest, readManifests } from './kustomize.ts';
import { containerOf, type Workload } from './workload.ts';

export const environments = ['staging', 'production'] as const;
export const folders = [...environments, 'redis'] as const;
/** The templates of the Secrets of each folder. */
export const secretFiles = {
  staging: 'secrets.example.yaml',
  production: 'secrets.example.yaml',
  redis: 'redis/secret.example.yaml',
};

/** What `kubectl apply` gets for each folder, the Secrets included. */
export const manifestsOf = Object.fromEntries(
  folders.map((folder) => [folder, [...buildKustomization(folder), ...readManifests(secretFiles[folder])]]),
) as Record<(typeof folders)[number], Manifest[]>;

/** Returns the data of a ConfigMap or a Secret. */
export function dataOf(folder: (typeof folders)[number], name: string): Readonly<Record<string, string>> {
  const found = manifestsOf[folder].find(
    ({ kind, metadata }) => /^(ConfigMap|Secret)$/.test(kind) && metadata.name === name,
  );
  return z.record(z.string(), z.string()).parse(found?.['data'] ?? found?.['stringData']);
}

/** Returns the environment variables of a container. */
export function variablesOf(folder: (typeof folders)[number], workload: Workload): Readonly<Record<string, string>> {
  const { env, envFrom } = containerOf(workload);
  const sources = envFrom.map((source) =>
    'configMapRef' in source ? source.configMapRef.name : source.secretRef.name,
  );
  const example = (value: string) => value.replace(/^(xoxb|xapp)-\.\.\.$/, '$1-1');
  return Object.fromEntries([
    ...sources.flatMap((name) => Object.entries(dataOf(folder, name)).map(([key, value]) => [key, example(value)])),
    ...env.map(({ name, value }) => [name, value]),
  ]);
}
