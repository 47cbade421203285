import { ALLOCATION_REASONS, type AllocationReason } from '../allocator/reasons.ts'
import { describeProblem } from '../config/problem.ts'
import { ANNOUNCED_REASONS, type AnnouncedReason } from '../controller/announced-reasons.ts'
import { shortList } from '../controller/announced-text.ts'
import type { Cluster } from './cluster.ts'
import { type ComponentsReport, reviewComponents } from './components.ts'
import { type Finding, sortFindings } from './finding.ts'
import { type ConflictReport, type NodeReport, reviewNodes } from './nodes.ts'
import { type PoolReport, reviewPools } from './pools.ts'
import { reviewSessions, type SessionReport } from './sessions.ts'
import { counted } from './text.ts'

/** What `herald status` shows. */
export interface StatusReport {
  readonly server: string
  readonly namespace: string
  readonly takenAt: string
  readonly findings: readonly Finding[]
  readonly components: ComponentsReport
  readonly services: { readonly total: number; readonly allocated: number; readonly announced: number }
  readonly pools: readonly PoolReport[]
  readonly nodes: readonly NodeReport[]
  readonly bgpSessions: readonly SessionReport[]
  readonly conflicts: readonly ConflictReport[]
}

/** The second and third are told of the address, with the host. */
const TOLD_ELSEWHERE: readonly AnnouncedReason[] = ['Announced', 'AddressConflict', 'AddressContested']

/** Names that a line about many Services gives. */
const LONGEST_LIST = 3

export function reviewStatus(cluster: Cluster): StatusReport {
  const { server, namespace, takenAt, unread } = cluster.snapshot
  const [components, ofComponents] = reviewComponents(cluster.snapshot, cluster.settings)
  const [pools, ofPools] = reviewPools(cluster)
  const [nodes, conflicts, ofNodes] = reviewNodes(cluster)
  const [bgpSessions, ofSessions] = reviewSessions(cluster)
  const [services, ofServices] = reviewServices(cluster)
  const whys = unread.map(({ why }) => why).join('; ')
  const ofReading: Finding[] = whys
    ? [{ level: 'warning', subject: 'Cluster', message: `not all could be read: ${whys}` }]
    : []
  const findings = [
    ...[...ofComponents, ...ofServices, ...ofNodes, ...refusedFindings(cluster)],
    ...[...ofSessions, ...ofPools, ...ofReading],
  ]
  return {
    ...{ server, namespace, takenAt, findings: sortFindings(findings) },
    ...{ components, services, pools, nodes, bgpSessions, conflicts },
  }
}

/** Services that have no address, or are not announced, told together where the reason is the same. */
function reviewServices(cluster: Cluster): [StatusReport['services'], Finding[]] {
  const { handled } = cluster
  const pending = new Map<string, string[]>()
  const silent = new Map<string, string[]>()
  let announced = 0
  for (const service of handled) {
    if (service.ingress.length === 0) {
      add(pending, cluster.allocation.decide(service).reason, service.key)
      continue
    }
    const condition = cluster.judge(service)?.condition
    if (condition?.status === 'True') announced++
    if (condition && !TOLD_ELSEWHERE.includes(condition.reason)) add(silent, condition.reason, service.key)
  }
  const findings: Finding[] = []
  for (const [reason, keys] of pending) {
    const { meaning = '', advice } = ALLOCATION_REASONS[reason as AllocationReason] ?? {}
    // The controller gives the address in a moment.
    const message = reason === 'Allocated' ? 'no address yet, though one is free' : `no address (${reason}): ${meaning}`
    findings.push({ level: 'error', subject: subjectOf(keys), message, advice: adviceFor(keys, advice) })
  }
  for (const [reason, keys] of silent) {
    const { meaning, advice, status } = ANNOUNCED_REASONS[reason as AnnouncedReason]
    const isQuiet = status === 'True' || reason === 'NoEndpoints' || reason === 'TakeoverPending'
    const message = `${status === 'True' ? 'announced, but' : 'not announced'} (${reason}): ${meaning}`
    const level = isQuiet ? 'warning' : 'error'
    findings.push({ level, subject: subjectOf(keys), message, advice: adviceFor(keys, advice) })
  }
  const allocated = handled.filter(({ ingress }) => ingress.length > 0).length
  return [{ total: handled.length, allocated, announced }, findings]
}

function refusedFindings(cluster: Cluster): Finding[] {
  return cluster.refused.map(({ kind, name, problem, partly }) => ({
    level: partly ? 'warning' : 'error',
    subject: `${kind} ${name}`,
    message: `${partly ? 'not all of it is in force' : 'refused'}: ${describeProblem(problem)}`,
  }))
}

function add(map: Map<string, string[]>, reason: string, key: string): void {
  const keys = map.get(reason)
  if (keys) keys.push(key)
  else map.set(reason, [key])
}

function subjectOf(keys: readonly string[]): string {
  if (keys.length === 1) return `Service ${keys[0]}`
  return `${counted(keys.length, 'Service')} (${shortList(keys, { longest: LONGEST_LIST })})`
}

function adviceFor([key = '']: readonly string[], advice = ''): string {
  const [namespace, name] = key.split('/')
  return `${advice} See: kubectl herald explain ${name} -n ${namespace}`.trim()
}
