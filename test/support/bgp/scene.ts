import type { RouteAttributes } from '../../../src/bgp/route.ts'
import type { Routes } from '../../../src/bgp/routes.ts'
import type { BgpPeersInit } from '../../../src/bin/speaker/bgp/bgp-peers.ts'
import { connectByVeth, NetworkNamespace } from '../netns.ts'
import { address, PLAIN, route, routesOf } from './routes.ts'
import { SpeakerUnderTest } from './speaker.ts'

export { address, PLAIN } from './routes.ts'
export { peerConfig, SpeakerUnderTest } from './speaker.ts'

/** Routes for these prefixes, all with the same attributes. */
export function routesFor(prefixes: readonly string[], attributes: RouteAttributes = PLAIN): Routes {
  return routesOf(prefixes.map(prefix => route(prefix, attributes)))
}

/** What connects the node with one router. */
export interface Cable {
  /** the router's */
  readonly namespace: NetworkNamespace
  /** the node's end; the router's is veth0 */
  readonly interfaceName: string
  /** the router's addresses, by family */
  readonly router: Readonly<Record<4 | 6, string>>
  /** more of them, since an MD5 key belongs to an address */
  readonly other: Readonly<Record<4 | 6, string>>
}

/** A node and routers, each on a cable of its own. Cable n has 192.0.2.(64n)/26 and 2001:db8:(n+1)::/64; the router is at .(64n+62) and ::ff, and also at .(64n+61) and ::fe. */
export class BgpScene {
  readonly node = new NetworkNamespace('bgp-node')
  readonly routers: NetworkNamespace[] = []
  readonly #speakers: SpeakerUnderTest[] = []

  /** Connects another router; the node has `addresses` addresses of each family on the cable. */
  addCable(addresses = 1): Cable {
    const cable = this.routers.length
    const namespace = new NetworkNamespace(`bgp-router${cable}`)
    this.routers.push(namespace)
    const interfaceName = `cable${cable}`
    connectByVeth({ namespace: this.node, interfaceName }, { namespace, interfaceName: 'veth0' })
    const [router4, router6] = [`192.0.2.${64 * cable + 62}`, `2001:db8:${cable + 1}::ff`]
    namespace.ip(`address add ${router4}/26 dev veth0`)
    namespace.ip(`address add ${router6}/64 dev veth0 nodad`)
    const [other4, other6] = [`192.0.2.${64 * cable + 61}`, `2001:db8:${cable + 1}::fe`]
    namespace.ip(`address add ${other4}/26 dev veth0`)
    namespace.ip(`address add ${other6}/64 dev veth0 nodad`)
    for (let i = 1; i <= addresses; i++) {
      this.node.ip(`address add ${nodeAddress(cable, 4, i)}/26 dev ${interfaceName}`)
      this.node.ip(`address add ${nodeAddress(cable, 6, i)}/64 dev ${interfaceName} nodad`)
    }
    return { namespace, interfaceName, router: { 4: router4, 6: router6 }, other: { 4: other4, 6: other6 } }
  }

  /**
   * A router that is a hop away, behind the node's `farNode`, beside the cable: the router gets the address `farRouter`, and each way there leads
   * through a namespace that forwards.
   */
  addHop(cable: Cable): { farNode: string; farRouter: string } {
    const hop = new NetworkNamespace('bgp-hop')
    this.routers.push(hop)
    hop.sysctl('net.ipv4.ip_forward', 1)
    connectByVeth({ namespace: this.node, interfaceName: 'far' }, { namespace: hop, interfaceName: 'near' })
    connectByVeth({ namespace: cable.namespace, interfaceName: 'far' }, { namespace: hop, interfaceName: 'far' })
    const [farNode, farRouter] = ['198.51.100.1', '198.51.100.6']
    this.node.ip(`address add ${farNode}/30 dev far`)
    hop.ip('address add 198.51.100.2/30 dev near')
    hop.ip('address add 198.51.100.5/30 dev far')
    cable.namespace.ip(`address add ${farRouter}/30 dev far`)
    this.node.ip('route add 198.51.100.4/30 via 198.51.100.2')
    cable.namespace.ip('route add 198.51.100.0/30 via 198.51.100.5')
    return { farNode, farRouter }
  }

  /** What the link thread would report of the node's interfaces. */
  interfaces() {
    const links = JSON.parse(this.node.ip('-json address show')) as {
      ifname: string
      address: string
      addr_info: { local: string; prefixlen: number }[]
    }[]
    return links
      .filter(({ ifname }) => ifname !== 'lo')
      .map(({ ifname, address: mac, addr_info }) => ({
        name: ifname,
        mac,
        addresses: addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
      }))
  }

  speaker(init?: Partial<BgpPeersInit>): SpeakerUnderTest {
    const speaker = new SpeakerUnderTest(this.node, init)
    speaker.peers.setNodeAddresses([address('192.0.2.1')])
    speaker.peers.setInterfaces(this.interfaces())
    this.#speakers.push(speaker)
    return speaker
  }

  /** Ends all speakers. */
  async stopSpeakers(): Promise<void> {
    await Promise.all(this.#speakers.splice(0).map(({ peers }) => peers.stop()))
  }

  remove(): void {
    for (const namespace of this.routers) namespace.remove()
    this.node.remove()
  }
}

/** One of the node's addresses on a cable, counted from 1. */
export function nodeAddress(cable: number, family: 4 | 6, number: number): string {
  return family === 4 ? `192.0.2.${64 * cable + number}` : `2001:db8:${cable + 1}::${number.toString(16)}`
}
