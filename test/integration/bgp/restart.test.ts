import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { PeerConfig } from '../../../src/bgp/peer-config.ts'
import { openUdpSocket, type UdpSocket } from '../../../src/io/udp.ts'
import { FrrRouter } from '../../support/bgp/frr.ts'
import { untilEstablished, untilRoutes } from '../../support/bgp/router.ts'
import { address, BgpScene, type Cable, nodeAddress, peerConfig, routesFor } from '../../support/bgp/scene.ts'
import type { SpeakerUnderTest } from '../../support/bgp/speaker.ts'
import { hasFrr } from '../../support/frr.ts'
import { canMakeNamespaces, connectByVeth, NetworkNamespace } from '../../support/netns.ts'
import { eventually } from '../../support/processes.ts'

const service = '203.0.113.1'
const service6 = '2001:db8:ffff::1'
const node = nodeAddress(0, 4, 1)

/** Packets of the client to the Service, counted where they leave and where they arrive. */
class Traffic {
  sent = 0
  arrived = 0
  readonly #client: UdpSocket
  readonly #service: UdpSocket
  readonly #interval: NodeJS.Timeout

  constructor(client: NetworkNamespace, node: NetworkNamespace) {
    const onError = (): void => {}
    const open = (port: number, onBatch: (batch: { count: number }) => void) =>
      openUdpSocket({ family: 4, port, onBatch, onError })
    this.#service = node.enter(() =>
      open(7, ({ count }) => {
        this.arrived += count
      }),
    )
    this.#client = client.enter(() => open(0, () => {}))
    this.#interval = setInterval(() => {
      this.sent++
      this.#client.send([{ address: address(service), port: 7, payload: new Uint8Array(20) }])
    }, 5)
  }

  end(): void {
    clearInterval(this.#interval)
  }

  [Symbol.dispose](): void {
    this.end()
    this.#client.close()
    this.#service.close()
  }
}

describe('a router that forwards by BGP', function () {
  this.timeout(40_000)
  let scene: BgpScene
  let client: NetworkNamespace
  let cable: Cable
  let router: FrrRouter
  let speaker: SpeakerUnderTest

  before(async function () {
    if (!canMakeNamespaces() || !hasFrr()) {
      console.log('skipped: it needs root and the Debian package frr')
      this.skip()
    }
    scene = new BgpScene()
    cable = scene.addCable()
    scene.node.ip(`address add ${service}/32 dev lo`)
    client = new NetworkNamespace('bgp-client')
    connectByVeth(
      { namespace: client, interfaceName: 'veth0' },
      { namespace: cable.namespace, interfaceName: 'client' },
    )
    client.ip('address add 198.51.100.1/24 dev veth0')
    cable.namespace.ip('address add 198.51.100.254/24 dev client')
    cable.namespace.sysctl('net.ipv4.ip_forward', 1)
    client.ip('route add default via 198.51.100.254')
    scene.node.ip(`route add 198.51.100.0/24 via ${cable.router[4]}`)
    router = new FrrRouter(cable.namespace, {
      asNumber: 64512,
      routerId: cable.router[4],
      forwarding: true,
      neighbours: [
        {
          address: node,
          peerAs: 64513,
          routerAddress: cable.router[4],
          routerAs: 64512,
          families: [4, 6],
          passive: true,
          gracefulRestart: true,
        },
      ],
    })
    await router.start()
  })

  afterEach(async () => {
    await scene.stopSpeakers()
  })

  after(() => {
    router?.stop()
    client?.remove()
    scene?.remove()
  })

  /** A speaker that has told the router its two routes. */
  async function start(config: Partial<PeerConfig> = {}, waits = true): Promise<void> {
    speaker = scene.speaker({ drainMs: 300 })
    speaker.peers.setPeers([
      peerConfig({
        name: 'router',
        location: { type: 'address', address: address(cable.router[4]) },
        families: [4, 6],
        ...config,
      }),
    ])
    await speaker.untilState('router', 'Established')
    if (!waits) return
    speaker.peers.setRoutes(new Map([['router', routesFor([`${service}/32`, `${service6}/128`])]]))
    await untilRoutes(router, node, 4, [`${service}/32`])
    await untilRoutes(router, node, 6, [`${service6}/128`])
  }

  const kernelHasRoute = () => cable.namespace.ip(`route show ${service}`).includes(node)

  it('loses no packet while the speaker restarts gracefully', async () => {
    await start({ gracefulRestart: true })
    await eventually('the route in the kernel', kernelHasRoute)
    using traffic = new Traffic(client, scene.node)
    await eventually('traffic', () => traffic.arrived > 0)
    await speaker.peers.stop()
    await eventually('the router to notice', async () => !(await router.established(node)))
    assert.ok(kernelHasRoute())
    // The new process takes its time. It knows its peers before it knows its routes.
    await setTimeout(500)
    await start({ gracefulRestart: true }, false)
    await untilEstablished(router, node)
    assert.ok(kernelHasRoute())
    speaker.peers.setRoutes(new Map([['router', routesFor([`${service}/32`])]]))
    await untilRoutes(router, node, 4, [`${service}/32`])
    // What the new process does not announce is forgotten with its End-of-RIB.
    await untilRoutes(router, node, 6, [])
    traffic.end()
    await eventually('every packet sent', () => traffic.arrived === traffic.sent)
    assert.ok(traffic.sent > 50)
  })

  it('sees GRACEFUL_SHUTDOWN before the routes go', async () => {
    await start()
    const stopped = speaker.peers.stop()
    await eventually('the community', async () => {
      const route = (await router.routes(node, 4)).get(`${service}/32`)
      return route?.communities.includes('65535:0')
    })
    await stopped
    await untilRoutes(router, node, 4, [])
    assert.match(JSON.stringify(await router.neighbour(node)), /Administrative Shutdown/)
  })

  it('is told everything again when it asks', async () => {
    await start()
    const { update } = speaker.counters('router').sent
    await router.refresh(node, 4)
    await eventually('the routes again', () => speaker.counters('router').sent.update > update)
    await untilRoutes(router, node, 4, [`${service}/32`])
    assert.equal(speaker.counters('router').establishments, 1)
  })

  it('is given up when it freezes, and taken up again', async () => {
    await start({ holdTimeSeconds: 3 })
    router.signal('SIGSTOP')
    try {
      await eventually('the end of the session', () => speaker.session('router')?.state !== 'Established', {
        timeoutMs: 15_000,
      })
      assert.match(speaker.session('router')?.lastError ?? '', /nothing was heard from the peer for 3 s/)
    } finally {
      router.signal('SIGCONT')
    }
    await speaker.untilState('router', 'Established')
    await untilRoutes(router, node, 4, [`${service}/32`])
  })
})
