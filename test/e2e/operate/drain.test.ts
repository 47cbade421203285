import assert from 'node:assert/strict'
import type { PlanReport } from '../../../src/cli/plan.ts'
import { type BgpLab, bgpAdvertisement, bgpLab, bgpPool } from '../../support/lab/bgp-lab.ts'
import { onlyInFullRun } from '../../support/lab/full-run.ts'
import { heraldReport } from '../../support/lab/herald-cli.ts'
import { waitFor } from '../../support/lab/lab.ts'
import { type LoadBalancerService, loadBalancer, pool, webServer } from '../../support/lab/manifests.ts'
import { WatchedSegment } from '../../support/lab/segment.ts'

/** Two addresses each. */
const SERVICES = 6
const dualStack = { ipFamilyPolicy: 'RequireDualStack' }
const local = { externalTrafficPolicy: 'Local' }
const from = (name: string) => ({ 'metallb.io/address-pool': name })

/** By address: the nodes that answer for it on the segment, or to which the router sends it. */
type Places = Record<string, string>

describe('a plan of a drain, and the drain', function () {
  this.timeout(240_000)
  this.retries(0)
  let bgp: BgpLab
  let segment: WatchedSegment
  let [answered, routed]: [string[], string[]] = [[], []]

  before(async function () {
    onlyInFullRun(this, 'three drains on a calm machine')
    this.timeout(3_600_000)
    bgp = await bgpLab()
    const { lab } = bgp
    await lab.apply(
      bgpAdvertisement('routed', { ipAddressPools: ['routed'] }),
      pool('bridged', ['192.0.2.100-192.0.2.149', '2001:db8:a::100-2001:db8:a::1ff'], { autoAssign: false }),
      l2Advertisement('bridged'),
      loneServer('node2'),
      ...Array.from({ length: SERVICES }, (_, i) => {
        const spec = { ...dualStack, ...(i % 2 === 0 ? {} : local) }
        return [loadBalancer(`bridged-${i}`, spec, from('bridged')), loadBalancer(`routed-${i}`, spec, from('routed'))]
      }).flat(),
      // Nobody but node2 can announce these, drained or not.
      ...['bridged', 'routed'].map(name =>
        loadBalancer(`lone-${name}`, { ...dualStack, ...local, selector: { app: 'lone' } }, from(name)),
      ),
    )
    await lab.kubectl(['rollout', 'status', 'deployment/lone', '--timeout=90s'])
    const addresses = await waitFor(
      async () => {
        const services = await lab.list<LoadBalancerService>('services', {
          namespace: 'default',
          selector: 'made=by-test',
        })
        const found = services.flatMap(({ status }) => status.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? [])
        return found.length === 4 * (SERVICES + 1) && found
      },
      { what: 'every Service to have two addresses', timeoutMs: 30_000 },
    )
    const prefix = bgpPool[0].slice(0, bgpPool[0].lastIndexOf('.') + 1)
    const isRouted = (address: string) => address.startsWith(prefix) || address.startsWith('2001:db8:d:')
    ;[answered, routed] = [addresses.filter(address => !isRouted(address)), addresses.filter(isRouted)]
    segment = await WatchedSegment.watch(lab, answered, { askEveryMs: 50 })
    await segment.settled({ forMs: 3_000, timeoutMs: 60_000 })
  })

  after(async () => {
    await segment?.stop()
    await bgp?.lab.kubectl(['delete', 'deployments,services', '--selector=made=by-test'])
  })

  /** Who answers and where the router sends packets: seen from outside, whatever Herald says of itself. */
  const seen = async (): Promise<Places> => {
    const { router } = bgp
    const byRouter = routed.map(async address => {
      const paths = await router.paths(`${address}/${address.includes(':') ? 128 : 32}`)
      return [address, [...new Set(paths.map(({ via }) => router.nodeOf(via)))].sort().join(' ')]
    })
    return { ...Object.fromEntries(segment.owners()), ...Object.fromEntries(await Promise.all(byRouter)) }
  }

  const settled = async (wanted: Places, what: string): Promise<void> => {
    let last: Places = {}
    await waitFor(
      async () => {
        last = await seen()
        return sorted(last) === sorted(wanted)
      },
      { what, timeoutMs: 90_000, everyMs: 500 },
    ).catch(() => assert.deepEqual(last, wanted, what))
  }

  for (const node of ['node1', 'node2', 'node3']) {
    it(`do the same with ${node}`, async () => {
      const { lab, nodes } = bgp
      const before = await seen()
      for (const address of routed) assert.ok(before[address], `the router knows the way to ${address}`)
      const { layer2, bgp: routes, findings } = await heraldReport<PlanReport>(lab, 'plan', '--drain', node)

      const planned = { ...before }
      for (const { address, from: owner, to } of layer2) {
        assert.equal(owner, before[address], `${address} is on the node that the plan takes it from`)
        planned[address] = to ?? 'nobody'
      }
      for (const { address, withdrawn, announced } of routes) {
        const gone = withdrawn.map(each => each.node)
        const kept = nodes.filter(each => before[address]?.includes(each) && !gone.includes(each))
        planned[address] = [...new Set([...kept, ...announced.map(each => each.node)])].sort().join(' ')
      }
      // What stays on the node is told of, and nothing else stays.
      const staying = Object.keys(planned).filter(address => planned[address]?.split(' ').includes(node))
      assert.deepEqual(findings.length > 0, staying.length > 0)
      for (const address of staying) assert.ok(findings[0]?.message.includes(address), address)
      assert.ok(layer2.length + routes.length > 0, 'something moves')

      await lab.kubectl(['annotate', 'node', node, 'herald.io/drain=true'])
      try {
        await settled(planned, `the drain of ${node} to end as planned`)
      } finally {
        await lab.kubectl(['annotate', 'node', node, 'herald.io/drain-'])
      }
      await settled(before, `${node} to have everything back`)
      console.log(`      ${layer2.length} addresses moved, ${routes.length} withdrawn, ${staying.length} stayed`)
    })
  }
})

const sorted = (places: Places) => JSON.stringify(Object.entries(places).sort(([a], [b]) => (a < b ? -1 : 1)))

const l2Advertisement = (poolName: string) => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'L2Advertisement',
  metadata: { name: poolName, namespace: 'herald-system' },
  spec: { ipAddressPools: [poolName] },
})

/** One web server, on this node. */
function loneServer(node: string): object {
  const [server] = structuredClone(webServer()) as [
    {
      metadata: { name: string; labels?: object }
      spec: {
        replicas: number
        selector: { matchLabels: object }
        template: { metadata: { labels: object }; spec: { nodeSelector?: object } }
      }
    },
  ]
  const labels = { app: 'lone' }
  server.metadata = { name: 'lone', labels: { made: 'by-test' } }
  server.spec.replicas = 1
  server.spec.selector.matchLabels = labels
  server.spec.template.metadata.labels = labels
  server.spec.template.spec.nodeSelector = { 'kubernetes.io/hostname': node }
  return server
}
