import { type ApiObject, nameOf, objectsOf, type Snapshot } from './snapshot.ts'

/** How a MetalLB was installed, as far as moving asks. */
export interface MetalLB {
  readonly namespace: string
  /** names of its Deployment and DaemonSet; undefined: there is none */
  readonly controller?: string
  readonly speaker?: string
  readonly images: readonly string[]
  /** how it speaks BGP */
  readonly mode: 'native' | 'frr' | 'frr-k8s'
  readonly loadBalancerClass: string
  readonly ignoresExcludeLabel: boolean
}

interface Container {
  readonly name?: string
  readonly image?: string
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name?: string; readonly value?: string }[]
}

/**
 * Whether a workload runs MetalLB: by its images, since its labels are those of Herald too.
 *
 * @param component the container that it must have
 */
export function isMetalLB(object: ApiObject, component?: 'controller' | 'speaker'): boolean {
  const containers = containersOf(object)
  return (
    containers.some(({ image = '' }) => /metallb/.test(image)) &&
    (component === undefined || containers.some(({ name }) => name === component))
  )
}

/** The MetalLB in the namespace of the snapshot; undefined when none runs there. */
export function findMetalLB(snapshot: Snapshot): MetalLB | undefined {
  const isHere = (object: ApiObject) => object.metadata?.namespace === snapshot.namespace
  const controller = objectsOf(snapshot, 'Deployment').find(object => isHere(object) && isMetalLB(object, 'controller'))
  const speaker = objectsOf(snapshot, 'DaemonSet').find(object => isHere(object) && isMetalLB(object, 'speaker'))
  if (!controller && !speaker) return undefined
  const containers = [controller, speaker].flatMap(object => (object ? containersOf(object) : []))
  const args = containers.flatMap(container => container.args ?? [])
  return {
    namespace: snapshot.namespace,
    ...(controller && { controller: nameOf(controller) }),
    ...(speaker && { speaker: nameOf(speaker) }),
    images: [...new Set(containers.map(({ image = '' }) => image))],
    mode: modeOf(containers),
    loadBalancerClass: args.find(arg => arg.startsWith('--lb-class='))?.slice('--lb-class='.length) ?? '',
    ignoresExcludeLabel: args.some(arg => /^--ignore-exclude-lb(=true)?$/.test(arg)),
  }
}

function modeOf(containers: readonly Container[]): MetalLB['mode'] {
  const said = containers.flatMap(({ env = [] }) => env).find(({ name }) => name === 'METALLB_BGP_TYPE')?.value
  if (said === 'native' || said === 'frr' || said === 'frr-k8s') return said
  return containers.some(({ name }) => name === 'frr') ? 'frr' : 'native'
}

export function containersOf(object: ApiObject): readonly Container[] {
  const { template } = (object.spec ?? {}) as { template?: { spec?: { containers?: Container[] } } }
  return template?.spec?.containers ?? []
}
