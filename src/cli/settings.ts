import type { CandidateRules } from '../speaker/node-rules.ts'
import { type ApiObject, nameOf, objectsOf, type Snapshot } from './snapshot.ts'

/** A workload of Herald's: its Deployment or DaemonSet. */
export interface Workload {
  readonly name: string
  /** as `repository:tag` */
  readonly image: string
  readonly desired: number
  readonly ready: number
}

/** How the running Herald was started, as far as decisions depend on it. */
export interface Settings {
  readonly controller?: Workload
  readonly speaker?: Workload
  readonly loadBalancerClass: string
  readonly candidateRules: CandidateRules
}

interface PodSpec {
  containers?: { name?: string; image?: string; args?: string[] }[]
}

interface WorkloadObject extends ApiObject {
  spec?: {
    replicas?: number
    template?: { spec?: PodSpec }
  }
  status?: {
    replicas?: number
    readyReplicas?: number
    desiredNumberScheduled?: number
    numberReady?: number
  }
}

export type Component = 'controller' | 'speaker'

/** Reads the flags of the controller: all processes of a cluster have the same. Without it Herald's defaults count. */
export function readSettings(snapshot: Snapshot): Settings {
  const controller = findWorkload(objectsOf(snapshot, 'Deployment'), 'controller', snapshot.namespace)
  const speaker = findWorkload(objectsOf(snapshot, 'DaemonSet'), 'speaker', snapshot.namespace)
  const args = containerOf(controller, 'controller')?.args ?? []
  return {
    ...(controller && { controller: workloadOf(controller, 'controller') }),
    ...(speaker && { speaker: workloadOf(speaker, 'speaker') }),
    loadBalancerClass: valuesOf(args, 'lb-class').at(-1) ?? '',
    candidateRules: {
      ignoreExcludeLabel: args.includes('--ignore-exclude-lb'),
      drainOnCordon: args.includes('--drain-on-cordon'),
      drainOnTaints: valuesOf(args, 'drain-on-taint'),
    },
  }
}

/** Whether an object of this kind runs a component of Herald's, by the labels of the chart. */
export function isWorkload(object: WorkloadObject, component: Component): boolean {
  return isOurs(object, component, object.spec?.template?.spec)
}

/** The same for any object that has or makes pods. */
export function isOurs({ metadata }: ApiObject, component: Component, pod: PodSpec | undefined): boolean {
  const container = pod?.containers?.find(({ name }) => name === component)
  // MetalLB's have the same labels and container names; the images tell them apart.
  return metadata?.labels?.['app.kubernetes.io/component'] === component && !/metallb/.test(container?.image ?? '')
}

function findWorkload(objects: readonly ApiObject[], component: Component, namespace: string) {
  return objects.find(object => object.metadata?.namespace === namespace && isWorkload(object, component))
}

function workloadOf(object: WorkloadObject, component: Component): Workload {
  const { spec = {}, status = {} } = object
  return {
    name: nameOf(object),
    image: containerOf(object, component)?.image ?? '',
    desired: status.desiredNumberScheduled ?? spec.replicas ?? 1,
    ready: status.numberReady ?? status.readyReplicas ?? 0,
  }
}

function containerOf(object: WorkloadObject | undefined, component: Component) {
  return object?.spec?.template?.spec?.containers?.find(({ name }) => name === component)
}

/** Flags come as `--flag=value`, or as two words. */
function valuesOf(args: readonly string[], flag: string): string[] {
  return args.flatMap((arg, index) => {
    if (arg.startsWith(`--${flag}=`)) return [arg.slice(flag.length + 3)]
    return arg === `--${flag}` ? [args[index + 1] ?? ''] : []
  })
}
