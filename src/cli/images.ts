import type { Finding } from './finding.ts'
import { type Component, isOurs, type Settings } from './settings.ts'
import { type ApiObject, nameOf, objectsOf, type Snapshot } from './snapshot.ts'
import { counted } from './text.ts'

/** Processes of one component that run the same image. */
export interface ImageReport {
  readonly component: Component
  /** as `repository:tag`: of the containers that run, whatever their workload says now */
  readonly image: string
  /** in order */
  readonly pods: readonly { readonly name: string; readonly node: string }[]
}

interface PodObject extends ApiObject {
  readonly metadata?: ApiObject['metadata'] & { readonly deletionTimestamp?: string }
  readonly spec?: { nodeName?: string; containers?: { name?: string; image?: string }[] }
  readonly status?: { phase?: string }
}

/** What runs: more than one image for as long as an upgrade goes on, or when it has come to a halt. */
export function reviewImages(snapshot: Snapshot, { speaker }: Settings): [ImageReport[], Finding[]] {
  const reports = (['controller', 'speaker'] as const).flatMap(component => imagesOf(snapshot, component))
  const images = Map.groupBy(reports, ({ image }) => image)
  if (images.size <= 1) return [reports, []]
  const texts = [...images].map(([image, list]) => `${image} (${list.map(processes).join(', ')})`)
  const finding: Finding = {
    level: 'warning',
    subject: 'Herald',
    message: `an upgrade is under way: ${texts.join(' and ')} run at once`,
    advice: `kubectl rollout status -n ${snapshot.namespace} daemonset/${speaker?.name ?? 'herald-speaker'}`,
  }
  return [reports, [finding]]
}

function imagesOf(snapshot: Snapshot, component: Component): ImageReport[] {
  const pods = (objectsOf(snapshot, 'Pod') as readonly PodObject[])
    .filter(pod => isRunning(pod) && pod.metadata?.namespace === snapshot.namespace && isOurs(pod, component, pod.spec))
    .sort((a, b) => (nodeOf(a) < nodeOf(b) ? -1 : 1))
  const byImage = Map.groupBy(pods, ({ spec }) => spec?.containers?.find(({ name }) => name === component)?.image ?? '')
  return [...byImage].map(([image, list]) => ({
    component,
    image,
    pods: list.map(pod => ({ name: nameOf(pod), node: nodeOf(pod) })),
  }))
}

function isRunning({ metadata, status }: PodObject): boolean {
  return status?.phase === 'Running' && metadata?.deletionTimestamp === undefined
}

const nodeOf = ({ spec }: PodObject) => spec?.nodeName ?? ''

const processes = ({ component, pods }: ImageReport) => counted(pods.length, component)
