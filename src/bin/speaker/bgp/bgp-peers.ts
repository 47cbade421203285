import type { RouterSession, RouterSessionConfig } from '../../../bfd/router-session.ts'
import type { PeerConfig } from '../../../bgp/peer-config.ts'
import { Routes } from '../../../bgp/routes.ts'
import type { CancelTimer, Clock } from '../../../io/clock.ts'
import type { ConnectTcp, ListenTcp } from '../../../io/tcp.ts'
import type { Address } from '../../../ip/address.ts'
import type { Logger } from '../../../kubernetes/logger.ts'
import type { ReportedInterface, UnnumberedNeighbour } from '../link/link-messages.ts'
import { wantedBfdSession } from './bfd-sessions.ts'
import { BgpListeners } from './bgp-listeners.ts'
import { discard } from './peer-connections.ts'
import { PeerDriver } from './peer-driver.ts'
import { deriveRouterId } from './router-id.ts'
import type { BgpPeerCounters, BgpSessionReport } from './session-report.ts'

export interface BgpPeersComponents {
  clock: Clock
  random: () => number
  connectTcp: ConnectTcp
  listenTcp: ListenTcp
  logger: Logger
}

export interface BgpPeersInit {
  nodeName: string
  /** where peers call, 0: nowhere; default 179 */
  port?: number
  /** how long routes stand with GRACEFUL_SHUTDOWN before they are withdrawn; default 1500 */
  drainMs?: number
  /** The BFD sessions that peers want, all of them, when one is another. */
  onBfdWanted(sessions: readonly RouterSessionConfig[]): void
  /** What sessions() says has changed. */
  onSessions(): void
}

const BGP_PORT = 179
const NO_PORT =
  'the peer is to call, but speakers listen on no port: set --bgp-listen-port (chart value speaker.bgp.listenPort)'
const DEFAULT_DRAIN_MS = 1_500
/** Peers known so soon after the start may still keep routes of the process before (RFC 4724). */
const RESTARTING_MS = 120_000
/** What changes at once is told at once, together. */
const TELL_DELAY_MS = 10

/** The sessions with all routers of this node. It takes whole sets, and touches only the sessions that a difference concerns. */
export class BgpPeers {
  readonly #components: BgpPeersComponents
  readonly #init: BgpPeersInit
  readonly #listeners: BgpListeners
  readonly #drivers = new Map<string, PeerDriver>()
  /** of peers that are configured no more */
  readonly #leaving = new Set<Promise<void>>()
  readonly #startedMs: number
  #nodeAddresses: readonly Address[] = []
  #routerId: number | undefined
  #routes: ReadonlyMap<string, Routes> | undefined
  #interfaces: readonly ReportedInterface[] = []
  #neighbours: readonly UnnumberedNeighbour[] = []
  #bfdSessions: ReadonlyMap<string, RouterSession> = new Map()
  #wantedBfd: readonly RouterSessionConfig[] = []
  #toldBfd = '[]'
  #cancelTell: CancelTimer | undefined
  #stopped = false

  constructor(components: BgpPeersComponents, init: BgpPeersInit) {
    this.#components = components
    this.#init = init
    this.#startedMs = components.clock.monotonicMs()
    this.#listeners = new BgpListeners(components, {
      port: init.port ?? BGP_PORT,
      onCall: (peer, socket) => {
        const driver = this.#drivers.get(peer)
        if (driver) driver.accept(socket)
        else discard(socket)
      },
      onProblem: () => this.#tellSoon(),
    })
  }

  /** Addresses of the node in its own order, from which the BGP identifier is derived; before setPeers(). The first that come are kept. */
  setNodeAddresses(addresses: readonly Address[]): void {
    if (this.#routerId === undefined) this.#nodeAddresses = addresses
  }

  /** All peers of this node. */
  setPeers(peers: readonly PeerConfig[]): void {
    if (this.#stopped) return
    const wanted = new Map(peers.map(config => [config.name, config]))
    for (const [name, driver] of this.#drivers) if (!wanted.has(name)) this.#remove(name, driver)
    this.#listeners.setPeers([...wanted.values()])
    for (const config of wanted.values()) {
      const driver = this.#drivers.get(config.name)
      if (driver) driver.configure(config, this.#routerIdOf(config))
      else this.#add(config)
    }
    this.#tellSoon()
  }

  /** All routes, by name of the peer; a peer without any is told that there are none. Before the first call nobody is told anything. */
  setRoutes(routes: ReadonlyMap<string, Routes>): void {
    // What is being left must not be told anything new.
    if (this.#stopped) return
    this.#routes = routes
    for (const [name, driver] of this.#drivers) driver.setRoutes(routes.get(name) ?? Routes.none)
  }

  /** The node's interfaces: whence the next hops of a session's other family come. */
  setInterfaces(interfaces: readonly ReportedInterface[]): void {
    this.#interfaces = interfaces
    for (const driver of this.#drivers.values()) driver.interfacesChanged()
    this.#tellSoon()
  }

  /** What the link thread tells of the BFD sessions. */
  setBfdSessions(sessions: readonly RouterSession[]): void {
    this.#bfdSessions = new Map(sessions.map(session => [session.id, session]))
    for (const [name, driver] of this.#drivers) driver.setBfd(this.#bfdSessions.get(name))
  }

  /** The routers found on the interfaces of unnumbered peers. */
  setNeighbours(neighbours: readonly UnnumberedNeighbour[]): void {
    this.#neighbours = neighbours
    this.#listeners.setNeighbours(neighbours)
    for (const driver of this.#drivers.values()) driver.setNeighbour(this.#neighbourOf(driver.config))
    this.#tellSoon()
  }

  /** The BFD sessions that peers want. */
  wantedBfd(): readonly RouterSessionConfig[] {
    return this.#wantedBfd
  }

  /** Interfaces on which a router has to be found. */
  wantedUnnumbered(): readonly string[] {
    const names = [...this.#drivers.values()].flatMap(({ config: { location } }) =>
      location.type === 'interface' ? [location.interface] : [],
    )
    return [...new Set(names)].sort()
  }

  /** How the sessions are, by name of the peer. */
  sessions(): readonly BgpSessionReport[] {
    return this.#sorted().map(driver => {
      const report = driver.report()
      // A session that stands needs no listener; one that this end may open says itself why it does not.
      if (report.state === 'Established' || driver.config.mode !== 'passive') return report
      const lastError = this.#init.port === 0 ? NO_PORT : this.#listeners.problemOf(driver.config)
      return lastError === undefined ? report : { ...report, lastError }
    })
  }

  counters(): readonly BgpPeerCounters[] {
    return this.#sorted().map(driver => driver.counters())
  }

  /** connections of strangers, closed unheard */
  get callsRefused(): number {
    return this.#listeners.refused
  }

  /**
   * Leaves all peers in good order (see PeerDriver.leave()), whatever they do within `drainMs` and two seconds more. Afterwards there is no socket and no
   * timer left.
   */
  async stop(communication = 'the speaker stops'): Promise<void> {
    this.#stopped = true
    this.#cancelTell?.()
    const listenersClosed = this.#listeners.close()
    const { drainMs = DEFAULT_DRAIN_MS } = this.#init
    await Promise.all([...this.#drivers.values()].map(driver => driver.leave({ communication, drainMs })))
    await Promise.all([listenersClosed, ...this.#leaving])
  }

  #add(config: PeerConfig): void {
    const driver = new PeerDriver(this.#components, {
      config,
      routerId: this.#routerIdOf(config),
      restarting: config.gracefulRestart && this.#components.clock.monotonicMs() - this.#startedMs < RESTARTING_MS,
      interfaces: () => this.#interfaces,
      onChange: () => this.#tellSoon(),
    })
    this.#drivers.set(config.name, driver)
    driver.setNeighbour(this.#neighbourOf(config))
    driver.setBfd(this.#bfdSessions.get(config.name))
    if (this.#routes) driver.setRoutes(this.#routes.get(config.name) ?? Routes.none)
    driver.start()
  }

  #remove(name: string, driver: PeerDriver): void {
    this.#drivers.delete(name)
    const gone = driver.remove().finally(() => this.#leaving.delete(gone))
    this.#leaving.add(gone)
  }

  #sorted(): PeerDriver[] {
    return [...this.#drivers.values()].sort((a, b) => (a.config.name < b.config.name ? -1 : 1))
  }

  #routerIdOf({ routerId }: PeerConfig): number {
    this.#routerId ??= deriveRouterId(this.#init.nodeName, this.#nodeAddresses)
    return routerId ?? this.#routerId
  }

  #neighbourOf({ location }: PeerConfig): UnnumberedNeighbour | undefined {
    if (location.type === 'address') return undefined
    return this.#neighbours.find(neighbour => neighbour.interface === location.interface)
  }

  #tellSoon(): void {
    if (this.#stopped) return
    this.#cancelTell ??= this.#components.clock.setTimer(() => {
      this.#cancelTell = undefined
      this.#tellBfd()
      this.#init.onSessions()
    }, TELL_DELAY_MS)
  }

  #tellBfd(): void {
    const wanted = this.#sorted().flatMap(driver => {
      const { config, localAddress } = driver
      const neighbour = this.#neighbourOf(config)
      return wantedBfdSession(config, { localAddress, neighbour, interfaces: this.#interfaces }) ?? []
    })
    const text = JSON.stringify(wanted, (_key, value) => (typeof value === 'bigint' ? String(value) : value))
    if (text === this.#toldBfd) return
    this.#toldBfd = text
    this.#wantedBfd = wanted
    this.#init.onBfdWanted(wanted)
  }
}
