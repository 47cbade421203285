import assert from 'node:assert/strict'
import { takeDown } from '../../../lab/down.ts'
import { distributionOf, failoverRound, tell } from '../../support/lab/failover.ts'
import { aimAtSpeaker, loadAverage } from '../../support/lab/faults.ts'
import { onlyInFullRun } from '../../support/lab/full-run.ts'
import { ensureLab, type TestLab, waitFor } from '../../support/lab/lab.ts'
import { advertisement } from '../../support/lab/layer2-lab.ts'
import { type LoadBalancerService, loadBalancer, pool, webServer } from '../../support/lab/manifests.ts'
import { WatchedSegment } from '../../support/lab/segment.ts'

const ADDRESSES = 1_000
const NODES = 5
/** 1.25 × the average, rounded up: what a node may own while all live. */
const share = (nodes: number) => Math.ceil((1.25 * ADDRESSES) / nodes)

describe(`layer 2: ${ADDRESSES} addresses over ${NODES} speakers`, function () {
  // On a busy machine 1,000 Services alone take many minutes.
  this.timeout(3_600_000)
  const name = `${process.env.HERALD_TEST_LAB ?? 'herald'}-scale`
  let lab: TestLab

  before(async function () {
    onlyInFullRun(this, `a lab of ${NODES} nodes beside that of the others`)
    this.timeout(3_600_000)
    lab = await ensureLab({ nodes: NODES, name })
  })

  after(async () => {
    if (lab) await takeDown(name)
  })

  it('are all announced again within 1.5 s when one speaker is killed, and only those that the bound displaces move beside', async () => {
    // A Service without endpoints is announced by nobody.
    await lab.apply(
      ...webServer(),
      pool('main', ['2001:db8:a::1000-2001:db8:a::1fff', '203.0.113.0/24']),
      advertisement(),
    )
    const services = Array.from({ length: ADDRESSES }, (_, i) =>
      loadBalancer(`single-${i}`, {
        ipFamilies: [i % 4 === 0 ? 'IPv4' : 'IPv6'],
        allocateLoadBalancerNodePorts: false,
      }),
    )
    for (let from = 0; from < services.length; from += 200) await lab.apply(...services.slice(from, from + 200))
    const addresses = await waitFor(
      async () => {
        const found = await lab.list<LoadBalancerService>('services', {
          namespace: 'default',
          selector: 'made=by-test',
        })
        const all = found.flatMap(({ status }) => status.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? [])
        return all.length === ADDRESSES && all
      },
      { what: 'every Service to have an address', timeoutMs: 900_000, everyMs: 1_000 },
    )
    const segment = await WatchedSegment.watch(lab, addresses, { askEveryMs: 200 })
    try {
      const before = await segment.settled({ forMs: 3_000, timeoutMs: 600_000 })
      const counts = [...Map.groupBy(before.values(), node => node).values()].map(({ length }) => length)
      assert.equal(counts.length, NODES)
      assert.ok(Math.max(...counts) <= share(NODES), `shares ${counts.join(', ')} are within ${share(NODES)}`)

      const { node } = segment.busiest()
      const signal = aimAtSpeaker(lab, node)
      const round = await failoverRound(segment, () => signal('SIGKILL'), { node })
      const found = distributionOf(round.times.map(({ ms }) => ms))
      console.log(`      ${tell('killed, 1,000 addresses', found)} (load ${loadAverage()})`)
      assert.ok(found.max < 1_500, 'the last is announced within 1.5 s')

      // Those of other nodes that changed hands while the killed one was away.
      const moved = addresses.filter(address => {
        const owner = before.get(address)
        if (owner === node) return false
        return segment.sniffer.ownerships(address, round.atMs).some(({ mac }) => segment.nodeOf(mac) !== owner)
      })
      console.log(`      ${moved.length} addresses of other nodes moved`)
      // A node that dies leaves its addresses to nodes with room, so the bound displaces few: at most as many as it had.
      assert.ok(moved.length <= round.times.length, 'no more than it had')
      assert.deepEqual(segment.violations({ sinceMs: round.atMs, longerThanMs: 300 }), [])
    } finally {
      await segment.stop()
    }
  })
})
