import type { AddressLedger, LedgerService } from './address-ledger.ts'
import { addressesOf } from './address-ledger.ts'
import { paths } from './api-client.ts'
import type { Observers } from './observers.ts'
import { isOfRun, poolNames, type World } from './world.ts'

interface Named {
  metadata: { name: string }
}

interface Condition {
  type: string
  status: string
  reason?: string
}

interface Status extends Named {
  status?: { node?: string; serviceName?: string; serviceNamespace?: string; state?: string; conditions?: Condition[] }
}

/** How long a visit may lie back to say how things are now. */
const RECENT_MS = 2_000
/** Addresses that were given back, asked for in one look. */
const MOST_ASKED = 48

/**
 * What is not as it should be when no fault is at work: everything that the observers see, compared with what the API server says is wanted. Cheap looks
 * first; the others only when those found nothing.
 *
 * @returns a line for each; none: the cluster is whole, and nothing is left over
 */
export async function whatIsAmiss(world: World, observers: Observers): Promise<string[]> {
  const services = await world.api.list<LedgerService & Status>(paths.services)
  const quick = [
    ...services.filter(isOfRun).flatMap(amissInService),
    ...told('nobody answers for', observers.segment.unowned()),
    ...told('no page on the segment through', observers.near.unreached(Date.now() - RECENT_MS)),
    ...told('no page behind the router through', observers.far.unreached(Date.now() - RECENT_MS)),
    ...(await amissInRoutes(world, observers, services)),
  ]
  if (quick.length > 0) return quick
  return [...(await leftovers(world, services)), ...(await amissInPods(world)), ...(await squatted(observers))]
}

function told(what: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${what} ${items.join(', ')}`]
}

function amissInService(service: LedgerService & Status): string[] {
  const { name } = service.metadata
  const wanted = name.startsWith('near-') || name.startsWith('far-') ? 2 : 1
  const found = addressesOf(service)
  const announced = service.status?.conditions?.find(({ type }) => type === 'herald.io/Announced')
  if (found.length !== wanted) return [`${name} has ${found.length} of ${wanted} addresses`]
  return announced?.status === 'True'
    ? []
    : [`${name} is not told as announced: ${announced?.reason ?? 'no condition'}`]
}

async function amissInRoutes(
  { nodes }: World,
  { routes }: Observers,
  services: readonly LedgerService[],
): Promise<string[]> {
  const found = await routes.routes()
  const routedPools: readonly string[] = [poolNames.far, poolNames.farCrowd]
  const pool = ({ metadata }: LedgerService) => metadata.annotations?.['metallb.io/address-pool'] ?? ''
  const wanted = new Set(services.filter(each => routedPools.includes(pool(each))).flatMap(addressesOf))
  return [
    ...told(
      'the router has not a way by each node to',
      [...wanted].filter(address => found.get(address) !== nodes.length),
    ),
    ...told(
      'the router has a route that nobody wants to',
      [...found.keys()].filter(address => !wanted.has(address)),
    ),
  ]
}

/** Objects of what is gone. */
async function leftovers({ api, nodes }: World, services: readonly LedgerService[]): Promise<string[]> {
  const names = async (path: string) => (await api.list<Named>(path)).map(({ metadata }) => metadata.name).sort()
  const missing = (wanted: string[], found: string[]) => wanted.filter(name => !found.includes(name))
  const [leases, speakers] = [await names(paths.leases), await names(paths.speakerStatuses)]
  const wantedLeases = ['herald-controller', ...nodes.map(node => `herald-speaker-${node}`)]
  const alive = new Set(services.map(({ metadata }) => metadata.name))
  const ofServices = [
    ...(await api.list<Status>(paths.l2Statuses)),
    ...(await api.list<Status>(paths.bgpStatuses)),
  ].filter(({ status }) => status?.serviceNamespace === 'default' && !alive.has(status.serviceName ?? ''))
  const peers = new Set(await names(paths.peers))
  const sessions = await api.list<Status & { status?: { peer?: string } }>(paths.sessionStatuses)
  return [
    ...told('Leases left over:', missing(leases, wantedLeases)),
    ...told('Leases missing:', missing(wantedLeases, leases)),
    ...told('SpeakerStatus left over:', missing(speakers, [...nodes])),
    ...told('SpeakerStatus missing:', missing([...nodes], speakers)),
    ...told(
      'status left over of the Services',
      ofServices.map(({ status }) => status?.serviceName ?? '?'),
    ),
    ...told(
      'BGPSessionStatus left over:',
      sessions.filter(({ status }) => !peers.has(status?.peer ?? '')).map(({ metadata }) => metadata.name),
    ),
    ...told(
      'sessions not told as Established:',
      sessions.filter(({ status }) => status?.state !== 'Established').map(({ metadata }) => metadata.name),
    ),
  ]
}

async function amissInPods({ api, nodes }: World): Promise<string[]> {
  const pods = await api.list<Status>(paths.pods)
  const unready = pods.filter(
    ({ status }) => !status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
  )
  const wanted = nodes.length + 1
  const few = pods.length === wanted ? [] : [`${pods.length} Pods of Herald run, not ${wanted}`]
  return [
    ...told(
      'Pods not ready:',
      unready.map(({ metadata }) => metadata.name),
    ),
    ...few,
  ]
}

/** Addresses that somebody answers for although no Service holds them. */
async function squatted({ segment, services: { ledger } }: Observers): Promise<string[]> {
  return told('somebody answers for what nobody holds:', await segment.answeredFor(freedOnSegment(ledger)))
}

function freedOnSegment(ledger: AddressLedger): string[] {
  const routed = (address: string) => address.startsWith('198.51.100.') || address.startsWith('2001:db8:d:')
  return ledger.freed.filter(address => !routed(address)).slice(-MOST_ASKED)
}
