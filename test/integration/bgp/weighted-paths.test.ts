import assert from 'node:assert/strict'
import { FrrRouter } from '../../support/bgp/frr.ts'
import { address, BgpScene, nodeAddress, PLAIN, peerConfig, routesFor } from '../../support/bgp/scene.ts'
import { eventually } from '../../support/processes.ts'

const prefix = '203.0.113.1/32'
const routerAs = 64512
const weights = [1, 3]

describe('weighted paths', function () {
  this.timeout(60_000)

  for (const { what, nodeAs } of [
    { what: 'eBGP', nodeAs: 64513 },
    { what: 'iBGP', nodeAs: routerAs },
  ]) {
    it(`have FRR balance by the endpoints behind them (${what})`, async () => {
      const scene = new BgpScene()
      const { namespace, router: routerAddress } = scene.addCable(weights.length)
      const nodes = weights.map((_, index) => nodeAddress(0, 4, index + 1))
      const router = new FrrRouter(namespace, {
        asNumber: routerAs,
        routerId: routerAddress[4],
        forwarding: true,
        neighbours: nodes.map(node => ({
          address: node,
          peerAs: nodeAs,
          routerAddress: routerAddress[4],
          routerAs,
          families: [4],
          passive: true,
        })),
      })
      try {
        await router.start()
        const { peers } = scene.speaker()
        peers.setRoutes(new Map(nodes.map((node, i) => [node, routesFor([prefix], { ...PLAIN, weight: weights[i]! })])))
        const location = { type: 'address', address: address(routerAddress[4]) } as const
        peers.setPeers(
          nodes.map(node => peerConfig({ name: node, location, localAs: nodeAs, sourceAddress: address(node) })),
        )
        const shares = await eventually(
          'both nodes in the forwarding table',
          () => {
            const [route] = JSON.parse(namespace.ip(`-json route show ${prefix}`)) as {
              nexthops?: { gateway: string; weight: number }[]
            }[]
            return route?.nexthops?.length === nodes.length && route.nexthops
          },
          { timeoutMs: 30_000 },
        )
        assert.deepEqual(
          shares.map(({ gateway, weight }) => ({ gateway, weight })),
          [
            { gateway: nodes[0], weight: 25 },
            { gateway: nodes[1], weight: 75 },
          ],
        )
      } finally {
        await scene.stopSpeakers()
        router.stop()
        scene.remove()
      }
    })
  }
})
