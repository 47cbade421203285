import type { Family } from '../../../src/ip/address.ts'
import { FrrDaemons } from '../frr.ts'
import type { NetworkNamespace } from '../netns.ts'
import type { BgpRouter, BgpRouterInit, LearnedRoute, Neighbour } from './router.ts'

export interface FrrRouterInit extends BgpRouterInit {
  /** routes are put into the kernel, so that the namespace forwards by them */
  readonly forwarding?: boolean
  /** more lines within `router bgp` */
  readonly options?: readonly string[]
  readonly bfdd?: string
}

/** FRR's bgpd in a namespace. */
export class FrrRouter implements BgpRouter {
  readonly name = 'FRR'
  readonly #daemons: FrrDaemons

  constructor(namespace: NetworkNamespace, init: FrrRouterInit) {
    this.#daemons = new FrrDaemons(namespace, {
      ...((init.forwarding || init.bfdd !== undefined) && { zebra: 'hostname router\n' }),
      ...(init.bfdd !== undefined && { bfdd: init.bfdd }),
      bgpd: bgpdConfig(init),
    })
  }

  start(): Promise<void> {
    return this.#daemons.start()
  }

  stop(): void {
    this.#daemons.stop()
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#daemons.kill('bgpd', signal)
  }

  async established(neighbour: string): Promise<boolean> {
    return (await this.neighbour(neighbour))?.bgpState === 'Established'
  }

  /** What bgpd tells of a neighbour, as it is; undefined when it knows none. */
  async neighbour(neighbour: string): Promise<Record<string, unknown> | undefined> {
    return JSON.parse(await this.vtysh(`show bgp neighbors ${neighbour} json`))[neighbour]
  }

  async routes(neighbour: string, family: Family): Promise<ReadonlyMap<string, LearnedRoute>> {
    const table = JSON.parse(await this.vtysh(`show bgp ipv${family} unicast json detail`)) as FrrTable
    const found = new Map<string, LearnedRoute>()
    for (const [prefix, route] of Object.entries(table.routes)) {
      const path = ('paths' in route ? route.paths : route).find(({ peer }) => peer?.peerId === neighbour)
      if (path) found.set(prefix, learned(path))
    }
    return found
  }

  async refresh(neighbour: string, family: Family): Promise<void> {
    await this.vtysh(`clear bgp ipv${family} unicast ${neighbour} soft in`)
  }

  log(): Promise<string> {
    return Promise.resolve(this.#daemons.log('bgpd'))
  }

  vtysh(...commands: string[]): Promise<string> {
    return this.#daemons.vtysh('bgpd', ...commands)
  }
}

interface FrrPath {
  readonly peer?: { readonly peerId: string }
  readonly aspath?: { readonly string: string }
  readonly origin?: string
  readonly locPrf?: number
  readonly nexthops?: readonly { readonly ip: string; readonly scope?: string; readonly used?: boolean }[]
  readonly community?: { readonly string: string }
  readonly largeCommunity?: { readonly string: string }
  readonly extendedCommunity?: { readonly string: string }
}

interface FrrTable {
  readonly routes: Readonly<Record<string, readonly FrrPath[] | { readonly paths: readonly FrrPath[] }>>
}

/** Communities that FRR names. */
const wellKnown: Readonly<Record<string, string>> = { 'no-export': '65535:65281', 'graceful-shutdown': '65535:0' }

function learned(path: FrrPath): LearnedRoute {
  const words = (list: { readonly string: string } | undefined) => list?.string.split(' ').filter(Boolean) ?? []
  const { aspath, nexthops = [] } = path
  const bandwidth = /LB:\d+:(\d+)/.exec(path.extendedCommunity?.string ?? '')?.[1]
  return {
    nextHop: nexthops.find(({ scope }) => scope !== 'link-local')?.ip ?? nexthops[0]?.ip ?? '',
    asPath: aspath?.string === 'Local' ? '' : (aspath?.string ?? ''),
    origin: path.origin ?? '',
    localPreference: path.locPrf,
    communities: words(path.community).map(word => wellKnown[word] ?? word),
    largeCommunities: words(path.largeCommunity),
    linkBandwidth: bandwidth === undefined ? undefined : Number(bandwidth),
  }
}

function bgpdConfig({ asNumber, routerId, neighbours, options = [] }: FrrRouterInit): string {
  const family = (which: Family) => [
    ` address-family ipv${which} unicast`,
    ...neighbours
      .filter(({ families }) => families.includes(which))
      .map(({ address }) => `  neighbor ${address} activate`),
    '  maximum-paths 8',
    ' exit-address-family',
  ]
  return [
    'hostname router',
    'debug bgp neighbor-events',
    `router bgp ${asNumber}`,
    ` bgp router-id ${routerId}`,
    ' no bgp default ipv4-unicast',
    ' no bgp ebgp-requires-policy',
    ' no bgp network import-check',
    ' bgp bestpath as-path multipath-relax',
    ...options.map(line => ` ${line}`),
    ...neighbours.flatMap(neighbour => neighbourLines(neighbour, asNumber)),
    ...family(4),
    ...family(6),
    '',
  ].join('\n')
}

function neighbourLines(neighbour: Neighbour, asNumber: number): string[] {
  const { address, peerAs, routerAs, routerAddress, holdTimeSeconds = 90 } = neighbour
  const options = [
    ...(neighbour.unnumbered
      ? [`interface remote-as ${peerAs}`]
      : [`remote-as ${peerAs}`, `update-source ${routerAddress}`]),
    `timers ${Math.max(1, Math.floor(holdTimeSeconds / 3))} ${holdTimeSeconds}`,
    'timers connect 1',
    ...(routerAs === asNumber ? [] : [`local-as ${routerAs} no-prepend replace-as`]),
    ...(neighbour.passive ? ['passive'] : []),
    ...(neighbour.password === undefined ? [] : [`password ${neighbour.password}`]),
    ...(neighbour.ttlSecurity ? ['ttl-security hops 1'] : []),
    ...(neighbour.multihop && peerAs !== routerAs ? ['ebgp-multihop 8'] : []),
    ...(neighbour.extendedNextHop ? ['capability extended-nexthop'] : []),
    ...(neighbour.gracefulRestart ? ['graceful-restart-helper'] : []),
    ...(neighbour.bfd ? ['bfd'] : []),
  ]
  return options.map(option => ` neighbor ${address} ${option}`)
}
