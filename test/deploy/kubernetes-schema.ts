import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import type { Manifest } from './kustomize.ts';

const models = [
  ConfigMap,
  Deployment,
  Ingress,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  Secret,
  Service,
  StatefulSet,
];

/**
 * Compares a manifest with the schema of Kubernetes.
 * @throws if a value does not match, a field is missing, or a field is unknown.
 */
export function validateManifest(manifest: Manifest): void {
  const model = models.find(({ apiVersion, kind }) => apiVersion === manifest.apiVersion && kind === manifest.kind);
  if (model === undefined) throw new Error(`no schema for ${manifest.apiVersion} ${manifest.kind}`);
  const { tracked, unreadPaths } = trackReads(manifest);
  model.prototype.validate.call(tracked as InstanceType<typeof model>);
  const unknown = unreadPaths();
  if (unknown.length > 0) throw new Error(`unknown fields: ${unknown.join(', ')}`);
}

/**
 * The schemas of kubernetes-models allow unknown fields, as those of Kubernetes do. Its validators read each field that they
 * know: a field that they do not read is unknown.
 */
function trackReads(value: object): { readonly tracked: object; readonly unreadPaths: () => string[] } {
  const readPaths = new Set<string>();
  const track = (inner: unknown, path: string): unknown => {
    if (typeof inner !== 'object' || inner === null) return inner;
    return new Proxy(inner, {
      get(target, key, receiver) {
        const innerPath = `${path}/${String(key)}`;
        readPaths.add(innerPath);
        return track(Reflect.get(target, key, receiver), innerPath);
      },
    });
  };
  const unread = (inner: unknown, path: string): string[] => {
    if (typeof inner !== 'object' || inner === null) return [];
    return Object.entries(inner).flatMap(([key, field]) => {
      const innerPath = `${path}/${key}`;
      return readPaths.has(innerPath) ? unread(field, innerPath) : [innerPath];
    });
  };
  return { tracked: track(value, '') as object, unreadPaths: () => unread(value, '') };
}
