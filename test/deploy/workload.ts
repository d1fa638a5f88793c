import { z } from 'zod';
import type { Manifest } from './kustomize.ts';

const labelsSchema = z.record(z.string(), z.string());
const nameSchema = z.strictObject({ name: z.string() });
const httpProbeSchema = z.looseObject({ httpGet: z.strictObject({ path: z.string(), port: z.string() }) });
const probeSchema = z.union([
  httpProbeSchema,
  z.looseObject({ exec: z.strictObject({ command: z.array(z.string()) }) }),
  z.looseObject({ tcpSocket: z.strictObject({ port: z.string() }) }),
]);

const containerSchema = z.looseObject({
  image: z.string(),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  env: z.array(z.strictObject({ name: z.string(), value: z.string() })).default([]),
  envFrom: z
    .array(z.union([z.strictObject({ configMapRef: nameSchema }), z.strictObject({ secretRef: nameSchema })]))
    .default([]),
  ports: z.array(z.strictObject({ name: z.string(), containerPort: z.int() })),
  livenessProbe: probeSchema,
  readinessProbe: probeSchema,
  startupProbe: probeSchema.optional(),
  resources: z.strictObject({ requests: labelsSchema, limits: labelsSchema }),
  securityContext: z.unknown(),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
});

const workloadSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string(), labels: labelsSchema }),
  spec: z.looseObject({
    replicas: z.int(),
    selector: z.strictObject({ matchLabels: labelsSchema }),
    template: z.strictObject({
      metadata: z.strictObject({ labels: labelsSchema }),
      spec: z.looseObject({
        automountServiceAccountToken: z.boolean(),
        terminationGracePeriodSeconds: z.int(),
        securityContext: z.unknown(),
        containers: z.tuple([containerSchema]),
        volumes: z.array(
          z.union([
            z.strictObject({ name: z.string(), configMap: nameSchema }),
            z.strictObject({ name: z.string(), secret: z.strictObject({ secretName: z.string() }) }),
          ]),
        ),
      }),
    }),
  }),
});

/** A Deployment or a StatefulSet with one container. */
export type Workload = z.infer<typeof workloadSchema>;

export function workloadsOf(manifests: readonly Manifest[]): Workload[] {
  return manifests
    .filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
    .map((manifest) => workloadSchema.parse(manifest));
}

export const podOf = (workload: Workload) => workload.spec.template.spec;
export const containerOf = (workload: Workload) => podOf(workload).containers[0];

/** The ConfigMaps and Secrets that a pod uses. */
export function referencesOf(workload: Workload): { readonly configMaps: string[]; readonly secrets: string[] } {
  const { envFrom } = containerOf(workload);
  const { volumes } = podOf(workload);
  return {
    configMaps: [
      ...envFrom.flatMap((source) => ('configMapRef' in source ? [source.configMapRef.name] : [])),
      ...volumes.flatMap((volume) => ('configMap' in volume ? [volume.configMap.name] : [])),
    ],
    secrets: [
      ...envFrom.flatMap((source) => ('secretRef' in source ? [source.secretRef.name] : [])),
      ...volumes.flatMap((volume) => ('secret' in volume ? [volume.secret.secretName] : [])),
    ],
  };
}

/** The probes of a container that ask a path. */
export function httpProbesOf(workload: Workload): { readonly path: string; readonly port: string }[] {
  const { livenessProbe, readinessProbe, startupProbe } = containerOf(workload);
  return [livenessProbe, readinessProbe, startupProbe].flatMap((probe) => {
    const parsed = httpProbeSchema.safeParse(probe);
    return parsed.success ? [parsed.data.httpGet] : [];
  });
}
