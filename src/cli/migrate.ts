import { describeProblem } from '../config/problem.ts'
import { deprecatedAnnotations } from '../resources/annotations.ts'
import type { Cluster } from './cluster.ts'
import { type Finding, sortFindings } from './finding.ts'
import type { MetalLB } from './metallb.ts'
import { guardianFindings } from './migration-guardians.ts'
import { ingressOf } from './migration-state.ts'
import { settle } from './outcome.ts'
import { type ApiObject, nameOf, objectsOf, type Snapshot, type SnapshotKind, withObjects } from './snapshot.ts'
import { counted } from './text.ts'

/** What of a MetalLB carries over, what differs, and what cannot. */
export interface MigrateReport {
  readonly metallb: MetalLB
  /** kinds that Herald reads as they are, with how many there are */
  readonly carriesOver: readonly { readonly kind: string; readonly count: number }[]
  readonly services: {
    /** Services with an address that keep it */
    readonly kept: number
    readonly changed: readonly {
      readonly service: string
      readonly before: readonly string[]
      readonly after: readonly string[]
    }[]
  }
  /** errors: what cannot be carried over; warnings and notes: what differs */
  readonly findings: readonly Finding[]
}

const KINDS: readonly SnapshotKind[] = [
  ...(['IPAddressPool', 'L2Advertisement', 'BGPAdvertisement', 'BGPPeer', 'BFDProfile', 'Community'] as const),
]

/** @param snapshot of the namespace of MetalLB, where Herald is to take its place */
export function reviewMigration(snapshot: Snapshot, metallb: MetalLB): MigrateReport {
  const before = new Map(
    objectsOf(snapshot, 'Service').map(object => [
      `${object.metadata?.namespace}/${nameOf(object)}`,
      ingressOf(object),
    ]),
  )
  const { cluster, services } = settle(asHerald(snapshot, metallb))
  const changed: MigrateReport['services']['changed'][number][] = []
  const findings: Finding[] = []
  let kept = 0
  for (const [service, { addresses: after, allocation, isAnnounced, announcing }] of services) {
    const had = before.get(service) ?? []
    if (had.length === 0) continue
    if (had.every(address => after.includes(address))) kept++
    else {
      changed.push({ service, before: had, after })
      const message = `would not keep ${had.join(', ')} (${allocation})`
      findings.push({ level: 'error', subject: `Service ${service}`, message })
    }
    if (!isAnnounced && announcing !== 'NoEndpoints') {
      findings.push({
        level: 'warning',
        subject: `Service ${service}`,
        message: `would be announced by nobody (${announcing ?? allocation})`,
      })
    }
  }
  findings.push(
    ...guardianFindings(snapshot),
    ...unseenFindings(snapshot),
    ...refusedFindings(cluster),
    ...differences(cluster, metallb),
  )
  return {
    metallb,
    carriesOver: KINDS.map(kind => ({ kind, count: objectsOf(snapshot, kind).length })).filter(
      ({ count }) => count > 0,
    ),
    services: { kept, changed },
    findings: sortFindings(findings),
  }
}

/** What nobody may look at, nobody can promise to keep. Kinds that the API server does not know yet are Herald's own. */
function unseenFindings({ unread }: Snapshot): Finding[] {
  return unread
    .filter(({ why }) => why.startsWith('you may not'))
    .map(({ kind, why }) => ({ level: 'error', subject: kind, message: why }))
}

/** The same cluster with a Herald in the place of the MetalLB, a speaker on every node. */
function asHerald(snapshot: Snapshot, { namespace, loadBalancerClass, ignoresExcludeLabel }: MetalLB): Snapshot {
  const args = [`--lb-class=${loadBalancerClass}`, ...(ignoresExcludeLabel ? ['--ignore-exclude-lb'] : [])]
  const controller = {
    metadata: { name: 'herald-controller', namespace, labels: { 'app.kubernetes.io/component': 'controller' } },
    spec: { template: { spec: { containers: [{ name: 'controller', image: 'herald', args }] } } },
  }
  const speakers = objectsOf(snapshot, 'Node').map(node => speakerOf(node, interfaceNames(snapshot)))
  return withObjects(snapshot, { Deployment: [controller], SpeakerStatus: speakers })
}

/** Which interfaces a node has, only its speaker will know: it is taken to have those that are asked for. */
function speakerOf(node: ApiObject, names: readonly string[]): ApiObject {
  const interfaces = names.map(name => ({ name, mac: '', addresses: [] }))
  return { metadata: { name: nameOf(node) }, ...{ status: { interfaces } } }
}

function interfaceNames(snapshot: Snapshot): string[] {
  const named = objectsOf(snapshot, 'L2Advertisement').flatMap(({ spec }) => {
    const { interfaces } = (spec ?? {}) as { interfaces?: unknown }
    return Array.isArray(interfaces) ? interfaces.filter(name => typeof name === 'string') : []
  })
  return [...new Set(['any', ...named])]
}

function refusedFindings({ refused }: Cluster): Finding[] {
  return refused.map(({ kind, name, problem, partly }) => ({
    level: partly ? 'warning' : 'error',
    subject: `${kind} ${name}`,
    message: `${partly ? 'not all of it would be in force' : 'would be refused'}: ${describeProblem(problem)}`,
  }))
}

/** What is not wrong, and works otherwise. docs/compatibility.md has all of it; here stands what this cluster will notice. */
function differences(
  cluster: Cluster,
  { mode, ignoresExcludeLabel, loadBalancerClass, namespace }: MetalLB,
): Finding[] {
  const { snapshot, handled } = cluster
  const found: Finding[] = []
  const note = (subject: string, message: string, level: Finding['level'] = 'note') =>
    found.push({ level, subject, message })
  const extras = objectsOf(snapshot, 'ConfigMap').find(
    one => nameOf(one) === 'bgpextras' && one.metadata?.namespace === namespace,
  )
  if (extras)
    note(
      'ConfigMap bgpextras',
      'holds configuration for FRR, which Herald does not run: see whether BGPPeer and BGPAdvertisement have fields for it',
      'error',
    )
  if (mode !== 'native' && cluster.configuration.bgp.peers.length > 0) {
    note('BGP', `MetalLB has FRR speak BGP (mode ${mode}); Herald does it by itself, and reads no FRR configuration`)
  }
  if (cluster.configuration.bgp.peers.some(({ gracefulRestart }) => !gracefulRestart)) {
    const message =
      'routes are withdrawn while one takes over from the other: set enableGracefulRestart on the peers before, or plan for some seconds'
    note('BGP', message, 'warning')
  }
  const open = cluster.allocation.pools.pools.filter(pool => pool.autoAssign && !pool.serviceAllocation)
  if (open.length > 1) {
    const names = open.map(({ name }) => name).join(', ')
    note(
      'IPAddressPool',
      `a new Service gets its address from the first of ${names} that has one, by name; MetalLB takes any`,
    )
  }
  if (
    objectsOf(snapshot, 'L2Advertisement').some(
      ({ spec }) => !(spec as { interfaces?: unknown[] } | undefined)?.interfaces?.length,
    )
  ) {
    note(
      'L2Advertisement',
      'without interfaces, an address is announced on those in its subnet, where a node has one; MetalLB announces on all',
    )
  }
  const old = handled.filter(({ annotations }) => deprecatedAnnotations(annotations).length > 0)
  if (old.length > 0)
    note(
      counted(old.length, 'Service'),
      'with annotations under metallb.universe.tf/: they are read, and an event asks for metallb.io/',
    )
  if (ignoresExcludeLabel) note('chart', 'is installed with speaker.ignoreExcludeLB, as MetalLB has it')
  if (loadBalancerClass) note('chart', `is installed with loadBalancerClass ${loadBalancerClass}, as MetalLB has it`)
  return found
}
