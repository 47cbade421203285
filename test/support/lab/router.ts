import { run } from '../../../lab/process.ts'
import { vtySockets } from '../../../lab/router.ts'
import type { TestLab } from './lab.ts'
import { waitFor } from './lab.ts'

/** A way to a prefix that the lab's router uses, as its kernel has it. */
export interface Path {
  /** the next hop's address */
  readonly via: string
  readonly device: string
}

/** What FRR says of one neighbour of the lab's router. */
export interface RouterNeighbour {
  readonly state: string
  readonly prefixes: number
  /** how often it was up before */
  readonly established: number
  readonly updatesReceived: number
}

/** The lab's router, as a test asks and instructs it. */
export class LabRouter {
  readonly #lab: TestLab

  constructor(lab: TestLab) {
    this.#lab = lab
  }

  /** Runs commands in one of FRR's daemons, one after the other; what they printed. */
  async vtysh(daemon: 'bgpd' | 'bfdd' | 'zebra', ...commands: string[]): Promise<string> {
    const options = ['--vty_socket', vtySockets(this.#lab.lab), '-d', daemon]
    const { stdout } = await run(['vtysh', ...options, ...commands.flatMap(command => ['-c', command])])
    return stdout
  }

  /** Changes the running configuration. */
  async configure(daemon: 'bgpd' | 'bfdd', ...lines: string[]): Promise<void> {
    await this.vtysh(daemon, 'configure terminal', ...lines)
  }

  /** The ways to a prefix in the kernel's table, which is what packets follow; sorted. */
  async paths(prefix: string): Promise<Path[]> {
    interface Route {
      gateway?: string
      via?: { host: string }
      dev?: string
      nexthops?: { gateway?: string; via?: { host: string }; dev: string }[]
    }
    const family = prefix.includes(':') ? '-6' : '-4'
    const { stdout } = await this.#lab.runOn('router', ['ip', family, '-json', 'route', 'show', prefix])
    const routes = (stdout.trim() === '' ? [] : JSON.parse(stdout)) as Route[]
    const hops = routes.flatMap(({ nexthops, ...single }) => nexthops ?? [single])
    return hops
      .flatMap(({ gateway, via, dev }) => ({ via: gateway ?? via?.host ?? '', device: dev ?? '' }))
      .sort((a, b) => (a.via < b.via ? -1 : 1))
  }

  /** Waits until the ways to a prefix are by these nodes, and no others. */
  async pathsBy(prefix: string, nodes: readonly string[], options: { timeoutMs?: number } = {}): Promise<void> {
    const wanted = String([...nodes].sort())
    let seen = ''
    await waitFor(
      async () => {
        const paths = await this.paths(prefix)
        seen = String([...new Set(paths.map(({ via }) => this.nodeOf(via)))].sort())
        return seen === wanted
      },
      {
        what: `the router to reach ${prefix} by ${wanted || 'nobody'}`,
        timeoutMs: options.timeoutMs ?? 15_000,
        everyMs: 30,
      },
    ).catch(error => {
      throw new Error(`${(error as Error).message}; it is by: ${seen || 'nobody'}`)
    })
  }

  /** Name of the node that has an address on one of the segments; the address itself when none has. */
  nodeOf(address: string): string {
    const { nodes } = this.#lab.lab.topology
    const node = nodes.find(({ interfaces }) =>
      interfaces.some(({ addresses }) => addresses.some(each => each.split('/')[0] === address)),
    )
    return node?.name ?? address
  }

  /** All neighbours of one family that have called, by address. */
  async neighbours(family: 'ipv4' | 'ipv6' = 'ipv4'): Promise<ReadonlyMap<string, RouterNeighbour>> {
    interface Summary {
      peers?: Record<string, { state: string; pfxRcd?: number; connectionsEstablished?: number; msgRcvd?: number }>
    }
    const text = await this.vtysh('bgpd', `show bgp ${family} unicast summary json`)
    const { peers = {} } = JSON.parse(text) as Summary
    return new Map(
      Object.entries(peers).map(([address, peer]) => [
        address,
        {
          state: peer.state,
          prefixes: peer.pfxRcd ?? 0,
          established: peer.connectionsEstablished ?? 0,
          updatesReceived: peer.msgRcvd ?? 0,
        },
      ]),
    )
  }

  /** What bgpd knows of a prefix. */
  async route(prefix: string): Promise<RouterRoute> {
    const family = prefix.includes(':') ? 'ipv6' : 'ipv4'
    return JSON.parse(await this.vtysh('bgpd', `show bgp ${family} unicast ${prefix} json`)) as RouterRoute
  }
}

export interface RouterRoute {
  readonly paths?: readonly {
    readonly aspath?: { readonly string: string }
    readonly community?: { readonly string: string }
    readonly largeCommunity?: { readonly string: string }
    readonly extendedCommunity?: { readonly string: string }
    readonly nexthops?: readonly { readonly ip: string }[]
  }[]
}
