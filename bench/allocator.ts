/**
 * The allocator alone, without an API server: allocations a second, whether an allocation costs the same however many there
 * are and however large the pool is, and how long a restart takes to learn who holds what.
 *
 *   sh lab/toolchain.sh node bench/allocator.ts
 */
import { Allocator } from '../src/allocator/allocator.ts'
import { type AddressRequest, chooseAddresses } from '../src/allocator/choose-addresses.ts'
import {
  type AddressPool,
  type AddressPoolResource,
  comparePools,
  parseAddressPool,
} from '../src/config/address-pool.ts'
import { parseAddressReservation } from '../src/config/address-reservation.ts'
import { claim, converge } from '../src/controller/converge.ts'
import type { World } from '../src/controller/world.ts'
import { formatAddress } from '../src/ip/address.ts'
import { ALLOCATED_FROM } from '../src/resources/annotations.ts'
import { type ServiceView, viewService } from '../src/resources/service.ts'
import { percentile, table, times } from './figures.ts'

const SERVICES = 50_000
const FEW = 1_000
const POOLS = 100
const GOAL_PER_SECOND = 200_000
const GOAL_RATIO = 1.5
const ROUNDS = 7

type Spec = NonNullable<AddressPoolResource['spec']>

/** How the Services come to their pools. */
const WAYS = {
  'any pool': { spec: () => ({}), request: () => ({}) },
  'the pool of its namespace': {
    spec: (pool: number) => ({ serviceAllocation: { namespaces: [`team-${pool}`] } }),
    request: (service: number) => ({ namespace: `team-${service % POOLS}` }),
  },
  'the pool it names': { spec: () => ({}), request: (service: number) => ({ pool: `pool-${service % POOLS}` }) },
} satisfies Record<string, { spec: (pool: number) => Partial<Spec>; request: (service: number) => object }>

const rates = Object.entries(WAYS).map(([way, { spec, request }]) => {
  const pools = poolsOf(POOLS, pool => ({ addresses: [`10.${pool}.0.0/22`], ...spec(pool) }))
  const requests = Array.from({ length: SERVICES }, (_, i) => requestOf(i, request(i)))
  const many = perAllocationUs(pools, requests, 1)
  const few = perAllocationUs(pools, requests.slice(0, FEW), SERVICES / FEW)
  const rate = 1e6 / many
  return [
    way,
    thousands(rate),
    rate >= GOAL_PER_SECOND ? 'yes' : 'no',
    us(few),
    us(many),
    times(many, few),
    many / few < GOAL_RATIO ? 'yes' : 'no',
  ]
})
console.log(
  `${table(
    [
      `${thousands(SERVICES)} Services, ${POOLS} pools; each from`,
      'allocations/s',
      `≥ ${thousands(GOAL_PER_SECOND)}`,
      `each of ${thousands(FEW)}`,
      `each of ${thousands(SERVICES)}`,
      'ratio',
      `< ${GOAL_RATIO}`,
    ],
    rates,
  )}\n`,
)

const sizes = ['198.51.100.0/28', '10.0.0.0/8', '2001:db8::/48'].map(range => ({ range, costUs: churnUs(range) }))
console.log(
  `${table(
    ['release one address, allocate one', 'cost', 'beside the /28'],
    sizes.map(({ range, costUs }) => [`in ${range}`, us(costUs), times(costUs, sizes[0]?.costUs ?? Number.NaN)]),
  )}\n`,
)

const cases = specialCases()
console.log(
  `${table(
    ['one pool, a /16; an allocation', 'cost', 'beside the plain one'],
    cases.map(({ what, costUs }) => [what, us(costUs), times(costUs, cases[0]?.costUs ?? Number.NaN)]),
  )}\n`,
)

const { decideUs, claimUs, againUs } = decisions()
console.log(
  table(
    [`whole decisions, ${thousands(SERVICES)} Services, ${POOLS} pools`, 'each', 'all'],
    [
      ['a new Service: request, allocation, condition, events', us(decideUs), all(decideUs)],
      ['after a restart: take what the status shows', us(claimUs), all(claimUs)],
      ['after a restart: find that nothing is to do', us(againUs), all(againUs)],
    ],
  ),
)

/** Cost of one allocation when all requests are served from empty pools, `repeats` times; the median of the rounds. */
function perAllocationUs(
  pools: readonly AddressPool[],
  requests: readonly AddressRequest[],
  repeats: number,
  rounds = ROUNDS,
  prepare: (allocator: Allocator) => void = () => {},
): number {
  const costsUs = Array.from({ length: rounds }, () => {
    const allocators = Array.from({ length: repeats }, () => allocatorOf(pools))
    for (const allocator of allocators) prepare(allocator)
    const startedMs = performance.now()
    for (const allocator of allocators) for (const request of requests) allocate(request, pools, allocator)
    return ((performance.now() - startedMs) * 1000) / (requests.length * repeats)
  })
  return percentile(costsUs, 0.5)
}

/** Cost of releasing one address of a pool and allocating one again, with ten others held. */
function churnUs(range: string): number {
  const pools = poolsOf(1, () => ({ addresses: [range] }))
  const families = [range.includes(':') ? [6 as const] : [4 as const]]
  const requests = Array.from({ length: 10 }, (_, i) => requestOf(i, { alternatives: families }))
  const allocator = allocatorOf(pools)
  for (const request of requests) allocate(request, pools, allocator)
  const turns = 200_000
  const rounds = Array.from({ length: ROUNDS }, () => {
    const startedMs = performance.now()
    for (let i = 0; i < turns; i++) {
      const request = requests[i % requests.length] as AddressRequest
      allocator.release(request.key)
      allocate(request, pools, allocator)
    }
    return ((performance.now() - startedMs) * 1000) / turns
  })
  return percentile(rounds, 0.5)
}

/** Cost of an allocation where addresses are shared or reserved. */
function specialCases(): { what: string; costUs: number }[] {
  const pools = poolsOf(1, () => ({ addresses: ['10.0.0.0/16'] }))
  const count = 5_000
  const requests = (terms?: (service: number) => AddressRequest['terms']) =>
    Array.from({ length: count }, (_, i) => requestOf(i, { terms: terms?.(i) }))
  const port = (port: number) => [{ protocol: 'TCP' as const, port }]
  const reservations = Array.from({ length: 1_000 }, (_, i) => {
    const address = `10.0.${i >> 7}.${2 * (i & 127)}`
    const parsed = parseAddressReservation({ metadata: { name: `kept-${i}` }, spec: { addresses: [address] } })
    if ('problem' in parsed) throw new Error(parsed.problem.message)
    return parsed.reservation
  })
  return [
    { what: 'plain', costUs: perAllocationUs(pools, requests(), 2) },
    {
      what: 'ten Services share each address',
      costUs: perAllocationUs(
        pools,
        requests(i => ({ key: `key-${Math.floor(i / 10)}`, backend: '', ports: port(i % 10) })),
        2,
      ),
    },
    {
      what: `${thousands(count)} Services with one sharing key and the same port`,
      costUs: perAllocationUs(
        pools,
        requests(() => ({ key: 'everybody', backend: '', ports: port(443) })),
        1,
        1,
      ),
    },
    {
      what: `beside ${thousands(reservations.length)} reservations`,
      costUs: perAllocationUs(pools, requests(), 2, ROUNDS, allocator => allocator.setReservations(reservations)),
    },
  ]
}

/** Cost of the controller's decision about a Service: a new one, and one that a restarted controller finds with its address. */
function decisions(): { decideUs: number; claimUs: number; againUs: number } {
  const pools = poolsOf(POOLS, pool => ({ addresses: [`10.${pool}.0.0/22`] }))
  const fresh = Array.from({ length: SERVICES }, (_, i) => serviceOf(i))
  const decideUs: number[] = []
  const claimUs: number[] = []
  const againUs: number[] = []
  for (let round = 0; round < 3; round++) {
    const first = worldOf(pools)
    const shown: ServiceView[] = []
    decideUs.push(eachUs(fresh, service => void shown.push(written(service, first))))
    const second = worldOf(pools)
    claimUs.push(eachUs(shown, service => claim(service, second)))
    againUs.push(
      eachUs(shown, service => {
        const { reason, events } = converge(service, second)
        if (reason !== 'Allocated' || events.length > 0) throw new Error(`${service.key}: ${reason} after a restart`)
      }),
    )
  }
  return { decideUs: percentile(decideUs, 0.5), claimUs: percentile(claimUs, 0.5), againUs: percentile(againUs, 0.5) }
}

/** Decides about a Service; the Service as it would be once the decision is written. */
function written(service: ServiceView, world: World): ServiceView {
  const { desired } = converge(service, world)
  if (!desired?.addresses?.length) throw new Error(`${service.key} got no address`)
  return {
    ...service,
    annotations: { [ALLOCATED_FROM]: desired.pool ?? '' },
    ingress: desired.addresses.map(address => ({ ip: formatAddress(address), ipMode: 'VIP' })),
  }
}

function allocate(request: AddressRequest, pools: readonly AddressPool[], allocator: Allocator): void {
  const choice = chooseAddresses(request, pools, allocator)
  if ('reason' in choice) throw new Error(`${request.key}: ${choice.message}`)
  const held = allocator.hold(request.key, choice.addresses, request.terms)
  if ('refused' in held) throw new Error(`${request.key}: ${held.refused}`)
}

function poolsOf(count: number, spec: (pool: number) => Spec): AddressPool[] {
  return Array.from({ length: count }, (_, i) => {
    const parsed = parseAddressPool({ metadata: { name: `pool-${i}` }, spec: spec(i) })
    if ('problem' in parsed) throw new Error(parsed.problem.message)
    return parsed.pool
  }).sort(comparePools)
}

function allocatorOf(pools: readonly AddressPool[]): Allocator {
  const allocator = new Allocator()
  allocator.setPools(pools)
  return allocator
}

function worldOf(pools: readonly AddressPool[]): World {
  const labels = { 'kubernetes.io/metadata.name': 'default' }
  return {
    allocator: allocatorOf(pools),
    pools,
    loadBalancerClass: '',
    isRefused: () => false,
    namespaceLabels: () => labels,
  }
}

function requestOf(index: number, rest: Partial<AddressRequest>): AddressRequest {
  return {
    key: `default/service-${index}`,
    namespace: 'default',
    labels: { app: 'web' },
    namespaceLabels: {},
    alternatives: [[4]],
    ...rest,
  }
}

function serviceOf(index: number): ServiceView {
  return viewService({
    metadata: { namespace: 'default', name: `service-${index}`, uid: String(index), labels: { app: 'web' } },
    spec: {
      type: 'LoadBalancer',
      clusterIPs: ['10.96.0.1'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      selector: { app: 'web' },
      ports: [{ port: 80 }],
    },
  })
}

function eachUs(services: readonly ServiceView[], work: (service: ServiceView) => void): number {
  const startedMs = performance.now()
  for (const service of services) work(service)
  return ((performance.now() - startedMs) * 1000) / services.length
}

function us(value: number): string {
  return `${value.toFixed(2)} µs`
}

function all(eachUs: number): string {
  return `${((eachUs * SERVICES) / 1000).toFixed(0)} ms`
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
