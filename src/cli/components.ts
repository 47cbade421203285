import type { Finding } from './finding.ts'
import { type ImageReport, reviewImages } from './images.ts'
import type { Settings, Workload } from './settings.ts'
import { type ApiObject, nameOf, objectsOf, type Snapshot } from './snapshot.ts'
import { ageText, counted } from './text.ts'

/** Herald's own processes. */
export interface ComponentsReport {
  readonly controller?: Workload
  readonly speaker?: Workload
  /** identity of the controller that leads; undefined: none does */
  readonly leader?: string
  readonly images: readonly ImageReport[]
}

interface LeaseObject extends ApiObject {
  spec?: { holderIdentity?: string | null; leaseDurationSeconds?: number | null; renewTime?: string | null }
}

const CONTROLLER_LEASE = 'herald-controller'

/** Looks whether the processes run and one of the controllers leads. */
export function reviewComponents(snapshot: Snapshot, settings: Settings): [ComponentsReport, Finding[]] {
  const findings: Finding[] = []
  const { namespace, unread } = snapshot
  const { controller, speaker } = settings
  const lease = objectsOf(snapshot, 'Lease').find(object => nameOf(object) === CONTROLLER_LEASE) as
    | LeaseObject
    | undefined
  const isLed = lease !== undefined && isHeld(lease, snapshot.takenAt)
  const isRead = (kind: string) => !unread.some(one => one.kind === kind)
  if (!controller && !speaker && isRead('Deployment') && isRead('DaemonSet')) {
    const message = `nothing of Herald runs in the namespace "${namespace}"`
    const advice = 'Install the chart, or name the namespace with --herald-namespace.'
    return [{ images: [] }, [{ level: 'error', subject: 'Herald', message, advice }]]
  }
  if (isRead('Lease') && !isLed) {
    const held = lease?.spec?.holderIdentity
      ? `, the last one renewed ${ageText(lease.spec.renewTime ?? '', snapshot.takenAt)} ago`
      : ''
    findings.push({
      level: 'error',
      subject: 'controller',
      message: `no controller leads${held}: no Service gets an address, no status is written`,
      advice: `kubectl logs -n ${namespace} deployment/${controller?.name ?? 'herald-controller'}`,
    })
  }
  for (const [kind, workload] of [
    ['deployment', controller],
    ['daemonset', speaker],
  ] as const) {
    if (!workload || workload.ready >= workload.desired) continue
    findings.push({
      level: workload.ready === 0 ? 'error' : 'warning',
      subject: `${kind}/${workload.name}`,
      message: `${workload.ready} of ${counted(workload.desired, 'pod')} ready`,
      advice: `kubectl describe -n ${namespace} ${kind}/${workload.name}`,
    })
  }
  const leader = isLed ? (lease.spec?.holderIdentity ?? '') : undefined
  const [images, ofImages] = reviewImages(snapshot, settings)
  const workloads = { ...(controller && { controller }), ...(speaker && { speaker }) }
  return [{ ...workloads, ...(leader && { leader }), images }, [...findings, ...ofImages]]
}

function isHeld({ spec = {} }: LeaseObject, now: string): boolean {
  const { holderIdentity, leaseDurationSeconds, renewTime } = spec
  const untilMs = Date.parse(renewTime ?? '') + (leaseDurationSeconds ?? 0) * 1_000
  return Boolean(holderIdentity) && untilMs >= Date.parse(now)
}
