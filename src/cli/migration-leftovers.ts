import { isMetalLB } from './metallb.ts'
import { type ApiObject, nameOf, objectsOf, type Snapshot } from './snapshot.ts'

/** Kinds that moving looks at and the other commands do not. */
export const MIGRATION_KINDS = [
  'ValidatingWebhookConfiguration',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ServiceAccount',
] as const
export type MigrationKind = (typeof MIGRATION_KINDS)[number]
export type MigrationObjects = Readonly<Partial<Record<MigrationKind, readonly ApiObject[]>>>

/** What MetalLB's manifests make without a label of theirs. */
const NAMES: ReadonlySet<string> = new Set(['metallb-webhook-configuration', 'metallb-webhook-service'])
const CONFIG_MAPS: ReadonlySet<string> = new Set(['metallb-excludel2', 'metallb-frr-startup', 'frr-startup'])

/** The Helm release that Herald is installed as. */
export const HERALD_RELEASE = 'herald'

/** Made by a chart rather than by a person. */
const isOfHelm = ({ metadata }: ApiObject) => metadata?.labels?.['app.kubernetes.io/managed-by'] === 'Helm'

const LABELS = ['app', 'app.kubernetes.io/name'] as const
const PROGRAMS: ReadonlySet<unknown> = new Set(['metallb', 'frr-k8s'])

/**
 * What is MetalLB's own, by kind and name as `kubectl delete` takes them: never a definition, never an object of one, never what an operator may
 * have put beside it under the same label (Secrets, ConfigMaps). What belongs to no namespace stays while another MetalLB may need it.
 */
export function leftoversOf(snapshot: Snapshot, objects: MigrationObjects): string[] {
  const isHere = ({ metadata }: ApiObject) =>
    metadata?.namespace === undefined || metadata.namespace === snapshot.namespace
  const isTheirs = (object: ApiObject) =>
    isHere(object) &&
    (NAMES.has(nameOf(object)) || LABELS.some(label => PROGRAMS.has(object.metadata?.labels?.[label]))) &&
    // Herald, installed under the name of its predecessor.
    object.metadata?.annotations?.['meta.helm.sh/release-name'] !== HERALD_RELEASE
  const isAlone = !objectsOf(snapshot, 'DaemonSet').some(object => !isHere(object) && isMetalLB(object))
  const named = (kind: string, found: readonly ApiObject[]) =>
    found.map(object => `${kind.toLowerCase()}/${nameOf(object)}`)
  return [
    ...named('Deployment', objectsOf(snapshot, 'Deployment').filter(isTheirs)),
    ...named('DaemonSet', objectsOf(snapshot, 'DaemonSet').filter(isTheirs)),
    ...named('Service', objectsOf(snapshot, 'Service').filter(isTheirs)),
    ...named(
      'ConfigMap',
      objectsOf(snapshot, 'ConfigMap').filter(
        object => isHere(object) && (CONFIG_MAPS.has(nameOf(object)) || (isTheirs(object) && isOfHelm(object))),
      ),
    ),
    ...MIGRATION_KINDS.flatMap(kind =>
      named(
        kind,
        (objects[kind] ?? []).filter(
          object => isTheirs(object) && (isAlone || object.metadata?.namespace !== undefined),
        ),
      ),
    ),
  ]
}
