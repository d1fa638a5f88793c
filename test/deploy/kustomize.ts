import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** A manifest of Kubernetes. What it contains is checked by `kubernetes-schema.ts`. */
export const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** The part of Kustomize that deploy/kubernetes uses. A field that is not here does not parse. */
const kustomizationSchema = z.strictObject({
  apiVersion: z.enum(['kustomize.config.k8s.io/v1beta1', 'kustomize.config.k8s.io/v1alpha1']),
  kind: z.enum(['Kustomization', 'Component']),
  namespace: z.string().optional(),
  resources: z.array(z.string()),
  patches: z
    .array(z.strictObject({ target: z.strictObject({ kind: z.string(), name: z.string() }), patch: z.string() }))
    .default([]),
  images: z.array(z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() })).default([]),
  replicas: z.array(z.strictObject({ name: z.string(), count: z.int() })).default([]),
  configMapGenerator: z
    .array(
      z.strictObject({
        name: z.string(),
        literals: z.array(z.string().regex(/^\w+=/)).default([]),
        files: z.array(z.string()).default([]),
      }),
    )
    .default([]),
});

const root = new URL('../../deploy/kubernetes/', import.meta.url).pathname;

/** The names of the files that Kustomize reads for a folder of deploy/kubernetes, from that folder. */
export function filesOf(folder: string): string[] {
  const { resources, configMapGenerator } = readKustomization(folder);
  return [
    join(folder, 'kustomization.yaml'),
    ...configMapGenerator.flatMap(({ files }) => files.map((file) => join(folder, file))),
    ...resources.flatMap((resource) =>
      resource.endsWith('.yaml') ? [join(folder, resource)] : filesOf(join(folder, resource)),
    ),
  ];
}

/** Returns what `kubectl kustomize` prints for a folder of deploy/kubernetes, without the hashes in names of ConfigMaps. */
export function buildKustomization(folder: string): Manifest[] {
  const { resources, namespace, images, replicas, configMapGenerator } = readKustomization(folder);
  const manifests = resources.flatMap((resource) =>
    resource.endsWith('.yaml') ? readManifests(join(folder, resource)) : buildKustomization(join(folder, resource)),
  );
  const configMaps = configMapGenerator.map(({ name, literals, files }) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data: Object.fromEntries([
      ...literals.map((literal) => [literal.slice(0, literal.indexOf('=')), literal.slice(literal.indexOf('=') + 1)]),
      ...files.map((file) => [file, readFileSync(join(root, folder, file), 'utf8')]),
    ]),
  }));
  return [...configMaps, ...manifests].map((manifest) => {
    const changed = manifestSchema.parse(withImages(manifest, images));
    const count = replicas.find(({ name }) => name === changed.metadata.name && changed.kind === 'Deployment')?.count;
    if (count !== undefined) changed['spec'] = { ...z.looseObject({}).parse(changed['spec']), replicas: count };
    if (namespace === undefined || changed.kind === 'Namespace') return changed;
    return { ...changed, metadata: { ...changed.metadata, namespace } };
  });
}

/** Returns what an environment has with a component of deploy/kubernetes: other manifests, and more of them. */
export function withComponent(manifests: readonly Manifest[], component: string): Manifest[] {
  const { resources, patches } = readKustomization(component);
  const namespace = manifests.find(({ kind }) => kind === 'Deployment')?.metadata.namespace;
  const added = resources
    .flatMap((resource) => readManifests(join(component, resource)))
    .map((manifest) => ({ ...manifest, metadata: { ...manifest.metadata, namespace } }));
  const patched = manifests.map((manifest) =>
    patches
      .filter(({ target }) => target.kind === manifest.kind && target.name === manifest.metadata.name)
      .reduce((current, { patch }) => withPatch(current, patch), manifest),
  );
  return [...patched, ...added];
}

const jsonPatchSchema = z.array(z.strictObject({ op: z.literal('replace'), path: z.string(), value: z.unknown() }));

/** Applies a JSON patch. The path must exist. */
function withPatch(manifest: Manifest, patch: string): Manifest {
  const [document] = parseAllDocuments(patch);
  const changed = structuredClone(manifest);
  for (const { path, value } of jsonPatchSchema.parse(document?.toJS())) {
    const keys = path.split('/').slice(1);
    const last = keys.pop() ?? '';
    const parent = keys.reduce<unknown>((node, key) => Reflect.get(Object(node), key), changed);
    if (!(last in Object(parent))) throw new Error(`${path} does not exist`);
    Reflect.set(Object(parent), last, value);
  }
  return changed;
}

/** Reads the manifests of one file of deploy/kubernetes. */
export function readManifests(file: string): Manifest[] {
  const documents = parseAllDocuments(readFileSync(join(root, file), 'utf8'), { strict: true });
  return documents.map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return manifestSchema.parse(document.toJS());
  });
}

function readKustomization(folder: string) {
  const [document] = parseAllDocuments(readFileSync(join(root, folder, 'kustomization.yaml'), 'utf8'));
  return kustomizationSchema.parse(document?.toJS());
}

type Images = z.infer<typeof kustomizationSchema>['images'];

/** Replaces the images of all containers. */
function withImages(value: unknown, images: Images): unknown {
  if (Array.isArray(value)) return value.map((item) => withImages(item, images));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const image = key === 'image' ? images.find(({ name }) => name === inner) : undefined;
      return [key, image === undefined ? withImages(inner, images) : `${image.newName}:${image.newTag}`];
    }),
  );
}
