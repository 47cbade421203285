import type { Socket } from 'node:net'
import type { PeerConfig } from '../../../bgp/peer-config.ts'
import type { CancelTimer, Clock } from '../../../io/clock.ts'
import type { ListenTcp, TcpListener, TcpMd5Key } from '../../../io/tcp.ts'
import { type Address, type Family, parseAddress, sameAddress } from '../../../ip/address.ts'
import type { Logger } from '../../../kubernetes/logger.ts'
import type { UnnumberedNeighbour } from '../link/link-messages.ts'
import { discard } from './peer-connections.ts'
import { MAX_TTL, tcpOptionsOf, transportFamily } from './transport-options.ts'

export interface BgpListenersComponents {
  clock: Clock
  listenTcp: ListenTcp
  logger: Logger
}

export interface BgpListenersInit {
  /** 0: none, nobody can call */
  port: number
  /** a peer has called, and its connection has the options that the peer asks for */
  onCall(peer: string, socket: Socket): void
  /** What problemOf() says has changed. */
  onProblem(): void
}

/** Who calls, as the socket tells. */
interface Caller {
  readonly remote: Address
  readonly local: Address
  /** of a link-local address */
  readonly zone: string | undefined
}

interface Place {
  readonly family: Family
  readonly vrf: string | undefined
  listener: TcpListener | undefined
  cancelRetry: CancelTimer
  problem: string | undefined
}

const RETRY_MS = 5_000

/**
 * Takes the calls of peers that may call, and of nobody else: one listening socket for each family and VRF in use, and none while every peer
 * is called by this end.
 */
export class BgpListeners {
  readonly #clock: Clock
  readonly #listenTcp: ListenTcp
  readonly #logger: Logger
  readonly #init: BgpListenersInit
  readonly #places = new Map<string, Place>()
  #callers: readonly PeerConfig[] = []
  #neighbours: readonly UnnumberedNeighbour[] = []
  /** connections of strangers, closed unheard */
  refused = 0

  constructor({ clock, listenTcp, logger }: BgpListenersComponents, init: BgpListenersInit) {
    this.#clock = clock
    this.#listenTcp = listenTcp
    this.#logger = logger
    this.#init = init
  }

  /** Takes all peers; those that only this end calls are of no concern. */
  setPeers(peers: readonly PeerConfig[]): void {
    this.#callers = this.#init.port === 0 ? [] : peers.filter(({ mode }) => mode !== 'active')
    const wanted = new Map(this.#callers.map(config => [placeKey(config), config]))
    for (const [key, place] of this.#places) {
      if (wanted.has(key)) continue
      this.#places.delete(key)
      void this.#close(place)
    }
    for (const [key, config] of wanted) {
      const place = this.#places.get(key)
      if (place) this.#setKeys(place)
      else this.#open(key, { family: transportFamily(config), vrf: config.vrf })
    }
  }

  /** The routers found on the interfaces of unnumbered peers. */
  setNeighbours(neighbours: readonly UnnumberedNeighbour[]): void {
    this.#neighbours = neighbours
    for (const place of this.#places.values()) this.#setKeys(place)
  }

  /** Why a peer that may call cannot. */
  problemOf(config: PeerConfig): string | undefined {
    const problem = this.#places.get(placeKey(config))?.problem
    return problem && `this node cannot take the peer's call on TCP port ${this.#init.port}: ${problem}`
  }

  async close(): Promise<void> {
    this.#callers = []
    const places = [...this.#places.values()]
    this.#places.clear()
    await Promise.all(places.map(place => this.#close(place)))
  }

  #open(key: string, { family, vrf }: Pick<Place, 'family' | 'vrf'>): void {
    const place: Place = { family, vrf, listener: undefined, cancelRetry: () => {}, problem: undefined }
    this.#places.set(key, place)
    void this.#listen(place)
  }

  async #listen(place: Place): Promise<void> {
    const { family, vrf } = place
    const { port } = this.#init
    try {
      const listener = await this.#listenTcp({
        family,
        port,
        ...(vrf !== undefined && { device: vrf }),
        // RFC 5082 §3: a peer that checks the TTL does so from the first segment on
        ttl: MAX_TTL,
        md5Keys: this.#keysOf(place),
        onConnection: socket => this.#onConnection(place, socket),
        onError: error => this.#logger.warn({ family, vrf, port, problem: error.message }, 'BGP listener failed'),
      })
      if (!this.#has(place)) return await listener.close()
      place.listener = listener
      this.#setKeys(place)
    } catch (error) {
      if (!this.#has(place)) return
      this.#report(place, error)
      place.cancelRetry = this.#clock.setTimer(() => void this.#listen(place), RETRY_MS)
    }
  }

  #has(place: Place): boolean {
    return [...this.#places.values()].includes(place)
  }

  async #close(place: Place): Promise<void> {
    place.cancelRetry()
    const { listener } = place
    place.listener = undefined
    await listener?.close()
  }

  #setKeys(place: Place): void {
    if (!place.listener) return
    try {
      place.listener.setMd5Keys(this.#keysOf(place))
      if (place.problem === undefined) return
      place.problem = undefined
      this.#init.onProblem()
    } catch (error) {
      this.#report(place, error)
    }
  }

  #report(place: Place, error: unknown): void {
    const { family, vrf } = place
    const problem = (error as Error).message
    if (place.problem === problem) return
    place.problem = problem
    this.#init.onProblem()
    const fields = { family, vrf, port: this.#init.port, problem }
    this.#logger.warn(fields, 'cannot wait for the calls of BGP peers, will be tried again')
  }

  #keysOf({ family, vrf }: Place): TcpMd5Key[] {
    const keys: TcpMd5Key[] = []
    for (const config of this.#callers) {
      const { location, password } = config
      if (password === undefined || transportFamily(config) !== family || config.vrf !== vrf) continue
      if (location.type === 'address') keys.push({ address: location.address, password })
      else for (const { address } of this.#neighboursOn(location.interface)) keys.push({ address, password })
    }
    return keys
  }

  #neighboursOn(name: string): UnnumberedNeighbour[] {
    return this.#neighbours.filter(neighbour => neighbour.interface === name)
  }

  #onConnection(place: Place, socket: Socket): void {
    const caller = callerOf(socket)
    const config = caller && this.#callers.find(peer => peer.vrf === place.vrf && this.#isCaller(peer, caller))
    if (!config || !this.#setOptions(place, config, socket)) {
      this.refused++
      discard(socket)
      return
    }
    this.#init.onCall(config.name, socket)
  }

  #isCaller({ location, sourceAddress }: PeerConfig, { remote, local, zone }: Caller): boolean {
    if (location.type === 'interface') {
      return zone === location.interface && this.#neighboursOn(zone).some(({ address }) => sameAddress(address, remote))
    }
    return sameAddress(location.address, remote) && (!sourceAddress || sameAddress(sourceAddress, local))
  }

  /** False when the connection is gone already. */
  #setOptions(place: Place, config: PeerConfig, socket: Socket): boolean {
    try {
      place.listener?.setOptions(socket, tcpOptionsOf(config))
      return place.listener !== undefined
    } catch {
      return false
    }
  }
}

function placeKey(config: PeerConfig): string {
  return `${transportFamily(config)} ${config.vrf ?? ''}`
}

function callerOf(socket: Socket): Caller | undefined {
  const [remoteText = '', zone] = (socket.remoteAddress ?? '').split('%')
  const remote = parseAddress(remoteText)
  const local = parseAddress((socket.localAddress ?? '').split('%')[0]!)
  return remote && local && { remote, local, zone }
}
