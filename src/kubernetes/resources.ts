/** A kind of object as the API server serves it. */
export interface Resource {
  /** empty for the core group */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** metav1.ObjectMeta, as far as the drivers look at it. */
export interface ObjectMeta {
  name?: string
  generateName?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
}

/** Any object of the API. */
export interface KubernetesObject {
  apiVersion?: string
  kind?: string
  metadata?: ObjectMeta
}

/** Names one object, or, without `name`, a collection; without `namespace` that of all namespaces. */
export interface ObjectRef {
  readonly namespace?: string
  readonly name?: string
  /** such as `status` */
  readonly subresource?: string
}

function resource(
  group: string,
  version: string,
  plural: string,
  kind: string,
  scope: 'Namespaced' | 'Cluster',
): Resource {
  return { group, version, plural, kind, namespaced: scope === 'Namespaced' }
}

export const services = resource('', 'v1', 'services', 'Service', 'Namespaced')
export const nodes = resource('', 'v1', 'nodes', 'Node', 'Cluster')
export const namespaces = resource('', 'v1', 'namespaces', 'Namespace', 'Cluster')
export const secrets = resource('', 'v1', 'secrets', 'Secret', 'Namespaced')
export const configMaps = resource('', 'v1', 'configmaps', 'ConfigMap', 'Namespaced')
export const events = resource('', 'v1', 'events', 'Event', 'Namespaced')
export const endpointSlices = resource('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice', 'Namespaced')
export const deployments = resource('apps', 'v1', 'deployments', 'Deployment', 'Namespaced')
export const customResourceDefinitions = resource(
  'apiextensions.k8s.io',
  'v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
  'Cluster',
)
export const validatingWebhookConfigurations = resource(
  'admissionregistration.k8s.io',
  'v1',
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
  'Cluster',
)
export const leases = resource('coordination.k8s.io', 'v1', 'leases', 'Lease', 'Namespaced')

export const ipAddressPools = resource('metallb.io', 'v1beta1', 'ipaddresspools', 'IPAddressPool', 'Namespaced')
export const l2Advertisements = resource('metallb.io', 'v1beta1', 'l2advertisements', 'L2Advertisement', 'Namespaced')
export const bgpPeers = resource('metallb.io', 'v1beta2', 'bgppeers', 'BGPPeer', 'Namespaced')
export const bgpAdvertisements = resource(
  'metallb.io',
  'v1beta1',
  'bgpadvertisements',
  'BGPAdvertisement',
  'Namespaced',
)
export const bfdProfiles = resource('metallb.io', 'v1beta1', 'bfdprofiles', 'BFDProfile', 'Namespaced')
export const communities = resource('metallb.io', 'v1beta1', 'communities', 'Community', 'Namespaced')
export const serviceBgpStatuses = resource(
  'metallb.io',
  'v1beta1',
  'servicebgpstatuses',
  'ServiceBGPStatus',
  'Namespaced',
)
export const bgpSessionStatuses = resource(
  'herald.io',
  'v1alpha1',
  'bgpsessionstatuses',
  'BGPSessionStatus',
  'Namespaced',
)
export const serviceL2Statuses = resource('metallb.io', 'v1beta1', 'servicel2statuses', 'ServiceL2Status', 'Namespaced')
export const configurationStates = resource(
  'metallb.io',
  'v1beta1',
  'configurationstates',
  'ConfigurationState',
  'Namespaced',
)
export const addressReservations = resource(
  'herald.io',
  'v1alpha1',
  'addressreservations',
  'AddressReservation',
  'Namespaced',
)
export const speakerStatuses = resource('herald.io', 'v1alpha1', 'speakerstatuses', 'SpeakerStatus', 'Namespaced')

/** `v1`, `discovery.k8s.io/v1`. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`
}

/** Names an object as the owner of another, which goes with it. */
export function ownerReferenceTo(resource: Resource, { name, uid }: { name: string; uid: string }): OwnerReference {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, name, uid }
}

/** The path of an object or collection, without query: `/api/v1/namespaces/web/services/shop/status`. */
export function resourcePath(resource: Resource, { namespace, name, subresource }: ObjectRef = {}): string {
  const { group, version, plural, namespaced } = resource
  let path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  if (namespaced && namespace) path += `/namespaces/${encodeURIComponent(namespace)}`
  path += `/${plural}`
  if (name) path += `/${encodeURIComponent(name)}`
  if (subresource) path += `/${subresource}`
  return path
}

/** Words for messages: `services/status "web/shop"`, `nodes`, `leases in "herald"`. */
export function describeResource({ plural }: Resource, { namespace, name, subresource }: ObjectRef = {}): string {
  const what = subresource ? `${plural}/${subresource}` : plural
  if (name) return `${what} "${namespace ? `${namespace}/${name}` : name}"`
  return namespace ? `${what} in "${namespace}"` : what
}

/** The key of an object in stores and queues: `namespace/name`, or `name` for one of the cluster. */
export function objectKey({ namespace, name = '' }: Pick<ObjectMeta, 'namespace' | 'name'>): string {
  return namespace ? `${namespace}/${name}` : name
}
