import assert from 'node:assert/strict'
import fc from 'fast-check'
import { sharingObjection } from '../../../src/allocator/sharing.ts'
import { sharingTerms } from '../../../src/controller/request.ts'
import { type Address, formatAddress, parseAddress } from '../../../src/ip/address.ts'
import { rangeContains } from '../../../src/ip/range.ts'
import type { ServiceView } from '../../../src/resources/service.ts'
import { SimulatedCluster } from '../../support/simulated-cluster.ts'

/**
 * A cluster in which anything may be edited at any time. After each edit the controller is run until it wants nothing more,
 * and then the promises of allocation must hold, whatever came before.
 */
describe('allocation, whatever happens to Services, pools, reservations and the controller', () => {
  const names = [...'abcdefghi']
  const offset = fc.nat({ max: 7 })
  const range = fc.tuple(offset, fc.nat({ max: 3 }))
  const v4 = (from: number, length: number) => `192.0.2.${16 + from}-192.0.2.${16 + from + length}`
  const v6 = (from: number, length: number) =>
    `2001:db8::${(16 + from).toString(16)}-2001:db8::${(16 + from + length).toString(16)}`

  const service = fc.record({
    name: fc.constantFrom(...names),
    families: fc.constantFrom<[string[], string]>(
      [['10.96.0.1'], 'SingleStack'],
      [['fd00::1'], 'SingleStack'],
      [['10.96.0.1', 'fd00::1'], 'PreferDualStack'],
      [['fd00::1', '10.96.0.1'], 'RequireDualStack'],
    ),
    key: fc.constantFrom('', '', 'k', 'l'),
    port: fc.constantFrom(80, 443),
    wanted: fc.option(offset, { nil: undefined, freq: 3 }),
    pool: fc.option(fc.constantFrom('p', 'q'), { nil: undefined, freq: 4 }),
    labelled: fc.boolean(),
    local: fc.boolean(),
    type: fc.constantFrom('LoadBalancer', 'LoadBalancer', 'LoadBalancer', 'ClusterIP'),
  })
  const pool = fc.record({
    name: fc.constantFrom('p', 'q', 'r'),
    four: fc.option(range, { nil: undefined }),
    six: fc.option(range, { nil: undefined, freq: 2 }),
    autoAssign: fc.boolean(),
    avoidBuggyIPs: fc.boolean(),
    selects: fc.boolean(),
  })
  const reservation = fc.record({
    name: fc.constantFrom('x', 'y'),
    range,
    owner: fc.option(fc.constantFrom(...names), { nil: undefined }),
  })
  const step = fc.oneof(
    { weight: 12, arbitrary: fc.record({ what: fc.constant('service' as const), service }) },
    { weight: 5, arbitrary: fc.record({ what: fc.constant('delete' as const), name: fc.constantFrom(...names) }) },
    { weight: 4, arbitrary: fc.record({ what: fc.constant('pool' as const), pool }) },
    {
      weight: 1,
      arbitrary: fc.record({ what: fc.constant('delete pool' as const), name: fc.constantFrom('p', 'q', 'r') }),
    },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('reservation' as const), reservation }) },
    {
      weight: 1,
      arbitrary: fc.record({ what: fc.constant('delete reservation' as const), name: fc.constantFrom('x', 'y') }),
    },
    { weight: 2, arbitrary: fc.constant({ what: 'restart' as const }) },
  )
  // What happens at once is seen as one: a controller may find several addresses free, or a restart in the midst of edits.
  const steps = fc.array(step, { minLength: 1, maxLength: 4 })
  type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

  function apply(cluster: SimulatedCluster, one: Step): void {
    switch (one.what) {
      case 'service': {
        const { name, families, key, port, wanted, pool: wantedPool, labelled, local, type } = one.service
        const [clusterIPs, ipFamilyPolicy] = families
        const annotations: Record<string, string> = {}
        if (key) annotations['metallb.io/allow-shared-ip'] = key
        if (wantedPool) annotations['metallb.io/address-pool'] = wantedPool
        const single = clusterIPs[0]?.includes(':') ? v6 : v4
        if (wanted !== undefined && clusterIPs.length === 1)
          annotations['metallb.io/loadBalancerIPs'] = single(wanted, 0).split('-')[0] ?? ''
        cluster.putService(name, {
          annotations,
          labels: labelled ? { tier: 'web' } : {},
          spec: {
            type,
            clusterIPs,
            ipFamilyPolicy,
            ports: [{ port }],
            externalTrafficPolicy: local ? 'Local' : 'Cluster',
            selector: { app: name },
          },
        })
        break
      }
      case 'delete':
        cluster.deleteService(one.name)
        break
      case 'pool': {
        const { name, four, six, autoAssign, avoidBuggyIPs, selects } = one.pool
        const addresses = [...(four ? [v4(...four)] : []), ...(six ? [v6(...six)] : [])]
        const serviceAllocation = { serviceSelectors: [{ matchLabels: { tier: 'web' } }] }
        cluster.putPool(name, {
          addresses: addresses.length > 0 ? addresses : ['nonsense'],
          autoAssign,
          avoidBuggyIPs,
          ...(selects && { serviceAllocation }),
        })
        break
      }
      case 'delete pool':
        cluster.deletePool(one.name)
        break
      case 'reservation':
        cluster.putReservation(one.reservation.name, [v4(...one.reservation.range)], one.reservation.owner)
        break
      case 'delete reservation':
        cluster.deleteReservation(one.name)
        break
      case 'restart':
        cluster.restart()
        break
    }
  }

  const shown = ({ ingress }: ServiceView): Address[] =>
    ingress.map(({ ip = '' }) => parseAddress(ip) ?? assert.fail(ip))

  function check(cluster: SimulatedCluster): void {
    const { controller } = cluster
    const services = cluster.services()
    const holders = new Map<string, ServiceView[]>()
    for (const one of services) {
      if (one.type !== 'LoadBalancer') {
        assert.deepEqual(one.ingress, [], `${one.key} is no load balancer and has nothing`)
        continue
      }
      for (const address of shown(one)) {
        const text = formatAddress(address)
        holders.set(text, [...(holders.get(text) ?? []), one])
        const from = one.annotations['metallb.io/ip-allocated-from-pool'] ?? assert.fail(`${one.key} names its pool`)
        const pool = controller.pools.find(({ name }) => name === from)
        if (pool) assert.ok(controller.allocator.offers(from, address), `${text} lies in the pool ${from}`)
        else assert.ok(controller.problemOf(from), `the pool ${from} of ${text} is there, though refused`)
        const keeper = controller.reservations.reservations.find(({ ranges }) =>
          ranges.some(range => rangeContains(range, address)),
        )
        assert.ok(!keeper || keeper.service === one.key, `${text} is not kept for another`)
      }
      const condition = one.conditions.find(({ type }) => type === 'herald.io/AddressAllocated')
      assert.equal(
        condition?.status,
        one.ingress.length > 0 ? 'True' : 'False',
        `${one.key} says whether it has an address`,
      )
    }
    for (const [text, sharers] of holders) {
      for (const [index, a] of sharers.entries()) {
        for (const b of sharers.slice(index + 1)) {
          assert.equal(
            sharingObjection(sharingTerms(a), sharingTerms(b)),
            undefined,
            `${a.key} and ${b.key} may share ${text}`,
          )
        }
      }
    }
    for (const one of services) {
      const [primary] = one.clusterIPs
      // Those of one family that ask for nothing: for them a plain search tells whether they wait in vain.
      const asks = Object.keys(one.annotations).some(
        key => key.endsWith('address-pool') || key.endsWith('loadBalancerIPs'),
      )
      if (one.type !== 'LoadBalancer' || one.ingress.length > 0 || one.clusterIPs.length !== 1 || asks || !primary)
        continue
      for (const pool of controller.pools) {
        const selects = pool.serviceAllocation !== undefined
        if (!pool.autoAssign || (selects && one.labels.tier !== 'web')) continue
        for (const range of pool.ranges) {
          if (range.first.family !== (primary.includes(':') ? 6 : 4)) continue
          for (let value = range.first.value; value <= range.last.value; value++) {
            const address = { family: range.first.family, value } as Address
            if (!controller.allocator.offers(pool.name, address)) continue
            const keeper = controller.reservations.reservations.find(({ ranges }) =>
              ranges.some(kept => rangeContains(kept, address)),
            )
            if (keeper && keeper.service !== one.key) continue
            const sharers = holders.get(formatAddress(address)) ?? []
            const may = sharers.every(other => !sharingObjection(sharingTerms(one), sharingTerms(other)))
            assert.ok(!may, `${one.key} waits, though ${formatAddress(address)} of ${pool.name} is free for it`)
          }
        }
      }
    }
  }

  it('gives nothing twice, nothing outside, nothing that is kept for another, and makes nobody wait in vain; and a restart changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 20, size: 'max' }), async batches => {
        const cluster = new SimulatedCluster()
        for (const batch of batches) {
          const before = batch.every(({ what }) => what === 'restart') ? cluster.snapshot() : undefined
          for (const one of batch) apply(cluster, one)
          await cluster.settle()
          if (before) assert.deepEqual(cluster.snapshot(), before, 'a restart changes nothing')
          check(cluster)
        }
        const settled = cluster.writes
        cluster.askEverybody()
        await cluster.settle()
        assert.equal(cluster.writes, settled, 'nothing is written when nothing changed')
      }),
      // More on request: HERALD_RUNS=100000.
      { numRuns: Number(process.env.HERALD_RUNS ?? 500) },
    )
  }).timeout(600_000)

  it('makes nobody wait in vain in a crowd, however many addresses become free at once', async () => {
    const name = fc.constantFrom(...'abcdefghijkl')
    const crowd = fc.array(
      fc.oneof(
        {
          weight: 3,
          arbitrary: fc.record({
            what: fc.constant('service' as const),
            service: service.map(one => ({ ...one, pool: undefined })),
            name,
          }),
        },
        { weight: 2, arbitrary: fc.record({ what: fc.constant('delete' as const), name }) },
      ),
      { minLength: 1, maxLength: 6 },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(crowd, { minLength: 1, maxLength: 20, size: 'max' }), async batches => {
        const cluster = new SimulatedCluster()
        cluster.putPool('p', { addresses: [v4(0, 1), v6(0, 1)] })
        cluster.putPool('q', { addresses: [v4(5, 1)] })
        for (const batch of batches) {
          for (const one of batch)
            apply(cluster, one.what === 'delete' ? one : { ...one, service: { ...one.service, name: one.name } })
          await cluster.settle()
          check(cluster)
        }
      }),
      { numRuns: Number(process.env.HERALD_RUNS ?? 300) },
    )
  }).timeout(600_000)
})
