import { ALLOCATION_REASONS, type AllocationReason } from '../allocator/reasons.ts'
import { ANNOUNCED_REASONS, type AnnouncedReason } from '../controller/announced-reasons.ts'
import { ADDRESS_ALLOCATED, ANNOUNCED } from '../controller/conditions.ts'
import { isHandled } from '../controller/converge.ts'
import { formatAddress } from '../ip/address.ts'
import type { ServicePort, ServiceView } from '../resources/service.ts'
import { SERVICE_WITHHOLD_REASONS } from '../speaker/withhold-reason.ts'
import type { Cluster } from './cluster.ts'
import { reviewComponents } from './components.ts'
import { type AnnouncingExplanation, explainAnnouncing } from './explain-nodes.ts'
import { explainPools, type PoolExplanation } from './explain-pools.ts'
import { explainTraffic, type TrafficExplanation } from './explain-traffic.ts'
import { type Finding, hasErrors, sortFindings } from './finding.ts'

/** One step on the way: what is so by the functions that decide, and what the Service's own condition says. */
export interface StepExplanation {
  readonly good: boolean
  readonly reason: string
  readonly message: string
  readonly meaning: string
  /** what the condition says, where that is something else: the controller has not come to it yet, or does not run */
  readonly written?: string
}

/** The whole way of one Service. */
export interface ExplainReport {
  readonly service: {
    readonly key: string
    readonly type: string
    readonly loadBalancerClass?: string
    readonly addresses: readonly string[]
    readonly ports: readonly ServicePort[]
  }
  /** false: another implementation's, or no LoadBalancer */
  readonly handled: boolean
  readonly allocation?: StepExplanation & { readonly pools: readonly PoolExplanation[] }
  readonly announcing?: StepExplanation & AnnouncingExplanation
  readonly traffic?: TrafficExplanation
  /** what else is wrong on its way */
  readonly findings: readonly Finding[]
  /** what to do next, most important first; empty: nothing */
  readonly next: readonly string[]
}

const NOTHING_TO_DO = /^Nothing to do\b/

export function explainService(service: ServiceView, cluster: Cluster): ExplainReport {
  const { key, type, loadBalancerClass, ingress, ports } = service
  const summary = { key, type, ...(loadBalancerClass && { loadBalancerClass }), ports }
  const shown = ingress.map(({ ip, hostname }) => ip ?? hostname ?? '')
  if (!isHandled(service, cluster.settings.loadBalancerClass)) {
    const { advice } = SERVICE_WITHHOLD_REASONS[type === 'LoadBalancer' ? 'otherLoadBalancerClass' : 'notLoadBalancer']
    return { service: { ...summary, addresses: shown }, handled: false, findings: [], next: [advice] }
  }
  const allocation = explainAllocation(service, cluster)
  const announcing = ingress.length > 0 ? explainAnnounced(service, cluster) : undefined
  const [traffic, ofTraffic] = explainTraffic(service, cluster)
  const [, ofComponents] = reviewComponents(cluster.snapshot, cluster.settings)
  const findings = sortFindings([...ofComponents.filter(({ level }) => level === 'error'), ...ofTraffic])
  const next = [
    allocation.good ? undefined : adviceOf(ALLOCATION_REASONS, allocation.reason),
    ...(announcing?.good === false
      ? [adviceOf(ANNOUNCED_REASONS, announcing.reason) ?? announcing.withheld?.advice]
      : []),
    ...(announcing ? nodeAdvice(announcing) : []),
    ...findings.map(({ advice }) => advice),
  ]
  return {
    service: { ...summary, addresses: shown },
    handled: true,
    ...{ allocation, ...(announcing && { announcing }), traffic, findings },
    next: [...new Set(next)].filter(text => text !== undefined && !NOTHING_TO_DO.test(text)) as string[],
  }
}

/** Whether nothing on the way of a Service is known to be wrong; true of one that is another's to serve. */
export function isServed({ handled, allocation, announcing, findings }: ExplainReport): boolean {
  return !handled || (allocation?.good === true && announcing?.good === true && !hasErrors(findings))
}

function explainAllocation(service: ServiceView, cluster: Cluster): NonNullable<ExplainReport['allocation']> {
  // The pools are asked before the Service takes anything, so that they say what they have for it.
  const pools = explainPools(service, cluster.allocation)
  const decision = cluster.allocation.decide(service)
  const { condition, addresses = [] } = decision.desired ?? {}
  const shown = service.ingress.map(({ ip }) => ip)
  const pending = addresses.map(formatAddress).filter(text => !shown.includes(text))
  const { meaning = '' } = ALLOCATION_REASONS[decision.reason as AllocationReason] ?? {}
  const message = condition?.message ?? ''
  const written = service.conditions.find(({ type }) => type === ADDRESS_ALLOCATED)
  return {
    good: condition?.status === 'True' && pending.length === 0,
    reason: decision.reason,
    message: pending.length > 0 ? `about to get ${pending.join(', ')}: ${message}` : message,
    meaning,
    ...(written && written.reason !== decision.reason && { written: `${written.reason}: ${written.message}` }),
    pools,
  }
}

function explainAnnounced(service: ServiceView, cluster: Cluster): NonNullable<ExplainReport['announcing']> {
  const explained = explainAnnouncing(service, cluster)
  const {
    reason = explained.withheld?.reason ?? 'NoEligibleNode',
    message = '',
    status,
  } = cluster.judge(service)?.condition ?? {}
  const { meaning = explained.withheld?.meaning ?? '' } = ANNOUNCED_REASONS[reason as AnnouncedReason] ?? {}
  const written = service.conditions.find(({ type }) => type === ANNOUNCED)
  return {
    ...{ good: status === 'True', reason, message, meaning },
    ...(written && written.reason !== reason && { written: `${written.reason}: ${written.message}` }),
    ...explained,
  }
}

/** Where no node may announce, what could be done about each; else what is in the way of some, though others announce. */
function nodeAdvice({ good, reason, addresses }: NonNullable<ExplainReport['announcing']>): string[] {
  const all = reason === 'NoEligibleNode' || reason === 'NoPeer'
  if (!all && !good) return []
  return addresses.flatMap(({ nodes }) =>
    nodes.flatMap(({ layer2, bgp }) =>
      [layer2, bgp].flatMap(one => (one?.advice && (all || one.state !== 'no') ? [one.advice] : [])),
    ),
  )
}

function adviceOf(reasons: Readonly<Record<string, { readonly advice: string }>>, reason: string): string | undefined {
  return reasons[reason]?.advice
}
