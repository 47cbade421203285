import type { Family } from '../../../src/ip/address.ts'
import { eventually } from '../processes.ts'

/** A session as the router is to keep it. Addresses are texts, as routers' configurations have them. */
export interface Neighbour {
  /** where the speaker is */
  readonly address: string
  readonly peerAs: number
  /** which of the router's addresses takes part */
  readonly routerAddress: string
  readonly routerAs: number
  readonly families: readonly Family[]
  /** the router waits for the speaker to call */
  readonly passive?: boolean
  readonly password?: string
  /** RFC 5082 over one hop */
  readonly ttlSecurity?: boolean
  readonly multihop?: boolean
  /** default 90 */
  readonly holdTimeSeconds?: number
  /** the router speaks of AS numbers in two octets alone; BIRD can */
  readonly twoOctetAs?: boolean
  /** RFC 8950 */
  readonly extendedNextHop?: boolean
  readonly gracefulRestart?: boolean
  readonly bfd?: boolean
  /** whoever answers on the router's interface `address`; FRR can */
  readonly unnumbered?: boolean
}

/** A route as a router shows it. In one notation for all routers. */
export interface LearnedRoute {
  readonly nextHop: string
  /** `64513 64514` */
  readonly asPath: string
  readonly origin: string
  readonly localPreference: number | undefined
  /** `64512:1` */
  readonly communities: readonly string[]
  /** `64512:1:2` */
  readonly largeCommunities: readonly string[]
  /** bytes a second of the link bandwidth community, undefined without it */
  readonly linkBandwidth: number | undefined
}

/** A routing daemon that a test starts and asks. */
export interface BgpRouter {
  readonly name: 'FRR' | 'BIRD' | 'GoBGP'
  start(): Promise<void>
  stop(): void
  /** SIGSTOP freezes it, SIGCONT lets it go on */
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
  established(neighbour: string): Promise<boolean>
  /** what this neighbour has announced, by prefix */
  routes(neighbour: string, family: Family): Promise<ReadonlyMap<string, LearnedRoute>>
  /** asks the neighbour for its routes again (RFC 2918) */
  refresh(neighbour: string, family: Family): Promise<void>
  /** all that may tell why something did not happen */
  log(): Promise<string>
}

export interface BgpRouterInit {
  readonly asNumber: number
  readonly routerId: string
  readonly neighbours: readonly Neighbour[]
}

const patience = { timeoutMs: 20_000, everyMs: 50 }

/** Waits until the router says that the session is up. */
export async function untilEstablished(router: BgpRouter, neighbour: string): Promise<void> {
  await eventually(`${router.name} established with ${neighbour}`, () => router.established(neighbour), patience)
}

/** Waits until the router has exactly these prefixes of a neighbour; returns what it knows of them. */
export async function untilRoutes(
  router: BgpRouter,
  neighbour: string,
  family: Family,
  prefixes: readonly string[],
): Promise<ReadonlyMap<string, LearnedRoute>> {
  const wanted = [...prefixes].sort().join()
  let seen = ''
  const probe = async () => {
    const routes = await router.routes(neighbour, family)
    seen = [...routes.keys()].sort().join()
    return seen === wanted && routes
  }
  try {
    return await eventually('routes', probe, patience)
  } catch (error) {
    const { cause } = error as Error
    throw new Error(`${router.name} has of ${neighbour}: ${seen || 'nothing'}; expected ${wanted || 'nothing'}`, {
      cause,
    })
  }
}
