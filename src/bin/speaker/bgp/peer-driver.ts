import type { Socket } from 'node:net'
import type { RouterSession, RouterSessionState } from '../../../bfd/router-session.ts'
import type { Negotiated } from '../../../bgp/negotiation.ts'
import type { PeerAction } from '../../../bgp/peer/actions.ts'
import type { PeerEvent } from '../../../bgp/peer/events.ts'
import { createPeer, type Peer, peerStateName, stepPeer } from '../../../bgp/peer/peer.ts'
import type { PeerConfig } from '../../../bgp/peer-config.ts'
import type { NextHops } from '../../../bgp/rib/export-session.ts'
import { Routes } from '../../../bgp/routes.ts'
import type { ConnectionId, TimerName } from '../../../bgp/session/action.ts'
import type { Clock } from '../../../io/clock.ts'
import type { ConnectTcp } from '../../../io/tcp.ts'
import { within } from '../../../io/within.ts'
import { formatAddress, parseAddress } from '../../../ip/address.ts'
import type { Logger } from '../../../kubernetes/logger.ts'
import type { ReportedInterface, UnnumberedNeighbour } from '../link/link-messages.ts'
import type { BgpConnection, BgpConnectionInit } from './bgp-connection.ts'
import { NamedTimers } from './named-timers.ts'
import { nextHopsOf } from './next-hops.ts'
import { PeerConnections } from './peer-connections.ts'
import { PeerTotals } from './peer-totals.ts'
import { RouteSender } from './route-sender.ts'
import type { BgpPeerCounters, BgpSessionReport } from './session-report.ts'
import { connectOptionsOf } from './transport-options.ts'

export interface PeerDriverComponents {
  clock: Clock
  random: () => number
  connectTcp: ConnectTcp
  logger: Logger
}

export interface PeerDriverInit {
  config: PeerConfig
  routerId: number
  /** this process has just begun: routes of the one before it may still stand (RFC 4724 §4.1) */
  restarting: boolean
  interfaces: () => readonly ReportedInterface[]
  /** what report() says may have changed */
  onChange(): void
}

/** How a peer is left. */
export interface LeaveOptions {
  /** what the peer's people are told (RFC 9003) */
  communication: string
  /** how long the routes stand with GRACEFUL_SHUTDOWN before they are withdrawn (RFC 8326) */
  drainMs: number
}

interface Established {
  readonly connection: BgpConnection
  readonly negotiated: Negotiated
  readonly sender: RouteSender
}

/** What a state of the BFD session says to the peer's machine; on its way up again it has been down, whether that was told or not. */
const BFD_EVENTS = { Up: 'up', Init: 'down', Down: 'down', AdminDown: 'adminDown' } as const satisfies Record<
  RouterSessionState,
  string
>

/** A peer that does not take its withdrawals is not waited for any longer. */
const FLUSH_TIMEOUT_MS = 1_000

/** Carries out for one peer what its machine decides: connections, timers, routes. */
export class PeerDriver {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #logger: Logger
  readonly #init: PeerDriverInit
  readonly #connections: PeerConnections
  readonly #totals = new PeerTotals()
  readonly #timers: NamedTimers<TimerName>
  readonly #events: PeerEvent[] = []
  #config: PeerConfig
  #machine: Peer
  #established: Established | undefined
  #routes: Routes | undefined
  #neighbour: UnnumberedNeighbour | undefined
  #bfd: RouterSession | undefined
  /** wall clock: since when a session is established, or is not */
  #sinceMs: number
  /** the problem that the log was told last */
  #toldProblem: string | undefined
  #stepping = false
  #stopped = false

  constructor({ clock, random, connectTcp, logger }: PeerDriverComponents, init: PeerDriverInit) {
    this.#clock = clock
    this.#random = random
    this.#logger = logger
    this.#init = init
    this.#config = init.config
    this.#machine = createPeer({ config: init.config, routerId: init.routerId })
    this.#sinceMs = clock.now()
    this.#timers = new NamedTimers({ clock }, { onTimer: timer => this.#step({ type: 'timer', timer }) })
    this.#connections = new PeerConnections(
      { clock, connectTcp },
      {
        connectOptions: () => connectOptionsOf(this.#config, this.#neighbour),
        onConnected: connection => this.#step({ type: 'tcpConnected', connection }),
        onFailed: (connection, cause) => this.#step({ type: 'tcpFailed', connection, cause }),
        handlers: connection => this.#handlers(connection),
      },
    )
  }

  get config(): PeerConfig {
    return this.#config
  }

  /** the node's own address on the established session, as text */
  get localAddress(): string | undefined {
    return this.#established?.connection.localAddress
  }

  start(): void {
    this.#step({ type: 'start', restarting: this.#init.restarting })
  }

  configure(config: PeerConfig, routerId: number): void {
    this.#config = config
    this.#step({ type: 'configure', config, routerId })
  }

  /** The peer has called. */
  accept(socket: Socket): void {
    const connection = this.#connections.accept(socket)
    if (connection) this.#step({ type: 'accepted', connection })
  }

  /** All that the peer is to be told. Until the first call it is told nothing, not even that there is nothing. */
  setRoutes(routes: Routes): void {
    if (routes === this.#routes) return
    this.#routes = routes
    this.#established?.sender.setRoutes(routes)
  }

  /** Addresses of the node have changed. */
  interfacesChanged(): void {
    if (!this.#established) return
    const { connection, negotiated, sender } = this.#established
    sender.setNextHops(this.#nextHops(connection, negotiated))
  }

  /** The router found on the interface of an unnumbered peer. */
  setNeighbour(neighbour: UnnumberedNeighbour | undefined): void {
    this.#neighbour = neighbour
    if (neighbour) this.#connections.optionsChanged()
  }

  /** What BFD says of the path; undefined while it is not asked. */
  setBfd(session: RouterSession | undefined): void {
    const before = this.#bfd
    this.#bfd = session
    if (session?.state === before?.state) return
    this.#init.onChange()
    // A session that nobody wants any more says as little of the path as one that is switched off.
    this.#step({ type: 'bfd', state: BFD_EVENTS[session?.state ?? 'AdminDown'] })
  }

  report(): BgpSessionReport {
    const { lastError } = this.#machine
    const address = this.#address
    return {
      peer: this.#config.name,
      ...(address !== undefined && { address }),
      state: peerStateName(this.#machine),
      sinceMs: this.#sinceMs,
      prefixesSent: this.#established?.sender.prefixesSent ?? 0,
      ...(lastError && { lastError: lastError.text }),
      ...(this.#config.bfd && { bfd: this.#bfd?.state ?? 'Down' }),
    }
  }

  counters(): BgpPeerCounters {
    const { vrf, name } = this.#config
    const address = this.#address
    return {
      peer: name,
      ...(address !== undefined && { address }),
      ...(vrf !== undefined && { vrf }),
      established: this.#established !== undefined,
      prefixesSent: this.#established?.sender.prefixesSent ?? 0,
      prefixesWanted: this.#routes?.size ?? 0,
      ...this.#totals.all,
    }
  }

  /** Ends everything at once, because the peer is configured no more; resolves when nothing of it is left. */
  remove(): Promise<void> {
    return this.#end({ type: 'deconfigured' })
  }

  /**
   * Takes leave: the routes stay where graceful restart is agreed upon, and go in good order where it is not. Resolves when nothing of the
   * session is left.
   */
  async leave({ communication, drainMs }: LeaveOptions): Promise<void> {
    const { sender, negotiated } = this.#established ?? {}
    // A session that begins meanwhile is told nothing.
    this.#routes = undefined
    if (sender && sender.prefixesSent > 0 && !negotiated?.gracefulRestart) {
      sender.setGracefulShutdown()
      await within(this.#clock, drainMs, sender.whenStopped)
      sender.setRoutes(Routes.none)
      await within(this.#clock, FLUSH_TIMEOUT_MS, sender.whenIdle())
    }
    await this.#end({ type: this.#config.gracefulRestart ? 'gracefulRestart' : 'shutdown', communication })
  }

  async #end(reason: Extract<PeerEvent, { type: 'stop' }>['reason']): Promise<void> {
    this.#step({ type: 'stop', reason })
    this.#stopped = true
    this.#timers.clearAll()
    await this.#connections.closeAll()
  }

  get #address(): string | undefined {
    const { location } = this.#config
    if (location.type === 'address') return formatAddress(location.address)
    return this.#neighbour && `${formatAddress(this.#neighbour.address)}%${location.interface}`
  }

  get #fields() {
    return { peer: this.#config.name, address: this.#address }
  }

  /** One event after the other: what an action brings about at once waits until the actions before it are done. */
  #step(event: PeerEvent): void {
    if (this.#stopped) return
    this.#events.push(event)
    if (this.#stepping) return
    this.#stepping = true
    try {
      for (let next = this.#events.shift(); next; next = this.#events.shift()) {
        const { state, actions } = stepPeer(this.#machine, next, this.#random)
        this.#machine = state
        for (const action of actions) this.#execute(action)
      }
    } finally {
      this.#stepping = false
    }
  }

  #execute(action: PeerAction): void {
    switch (action.type) {
      case 'connect':
        this.#connections.connect(action.connection)
        break
      case 'close':
        this.#connections.close(action.connection, action.abort)
        break
      case 'send':
        this.#totals.countSent(action.message.type)
        this.#connections.get(action.connection)?.send(action.message)
        this.#established?.sender.watch()
        break
      case 'setTimer':
        this.#timers.set(action.timer, action.delayMs)
        break
      case 'clearTimer':
        this.#timers.clear(action.timer)
        break
      case 'established':
        this.#onEstablished(action.connection, action.negotiated)
        break
      case 'down':
        this.#onDown()
        break
      case 'update':
        this.#totals.countRoutes(action.message)
        break
      case 'routeRefresh':
        this.#established?.sender.refresh(action.family)
        break
      case 'transition':
        this.#onTransition(action)
    }
  }

  #handlers(connection: ConnectionId): Omit<BgpConnectionInit, 'onGone'> {
    return {
      onMessage: message => {
        this.#totals.countReceived(message.type)
        this.#step({ type: 'message', connection, message })
      },
      onProblems: problems => {
        this.#totals.countProblems(problems.length)
        const reasons = problems.map(({ reason }) => reason)
        this.#logger.debug({ ...this.#fields, problems: reasons }, 'faulty attributes in an UPDATE')
      },
      onProtocolError: error => this.#step({ type: 'protocolError', connection, error }),
      onClosed: cause => this.#step({ type: 'tcpClosed', connection, cause }),
      onDrain: () => {
        const established = this.#established
        if (established?.connection === this.#connections.get(connection)) established?.sender.pump()
      },
    }
  }

  #onEstablished(id: ConnectionId, negotiated: Negotiated): void {
    const connection = this.#connections.get(id)
    if (!connection) return
    connection.setOptions(negotiated)
    const sender = new RouteSender(
      { clock: this.#clock, connection },
      {
        session: { negotiated, nextHops: this.#nextHops(connection, negotiated) },
        onSent: type => this.#totals.countSent(type),
        onProgress: () => this.#init.onChange(),
        onStuck: () => this.#step({ type: 'sendHoldTimer', connection: id }),
      },
    )
    this.#established = { connection, negotiated, sender }
    this.#sinceMs = this.#clock.now()
    this.#totals.countEstablishment()
    const { holdTimeSeconds, families } = negotiated
    this.#logger.info({ ...this.#fields, holdTimeSeconds, families }, 'BGP session established')
    if (this.#routes) sender.setRoutes(this.#routes)
  }

  #onDown(): void {
    this.#established?.sender.stop()
    this.#established = undefined
    this.#sinceMs = this.#clock.now()
  }

  #onTransition({ from, to, reason }: Extract<PeerAction, { type: 'transition' }>): void {
    this.#init.onChange()
    const fields = { ...this.#fields, from, to, reason: reason.code, problem: reason.text }
    const lastProblem = this.#machine.lastError?.text
    if (from === 'Established') this.#logger.warn(fields, 'BGP session down')
    // A problem is told once, not at every try.
    else if (reason.text === lastProblem && lastProblem !== this.#toldProblem) {
      this.#logger.warn(fields, 'no BGP session, will be tried again')
    } else this.#logger.debug(fields, 'BGP session state')
    this.#toldProblem = to === 'Established' ? undefined : lastProblem
  }

  #nextHops(connection: BgpConnection, { extendedNextHop }: Negotiated): NextHops {
    const { location } = this.#config
    const local = parseAddress(connection.localAddress)
    if (!local) return {}
    const name = location.type === 'interface' ? location.interface : undefined
    return nextHopsOf({ local, interface: name, extendedNextHop, interfaces: this.#init.interfaces() })
  }
}
