import { type Address, sameAddress } from '../ip/address.ts'
import { type ControlPacket, Diagnostic, decodeControlPacket, type PacketProblem, SessionState } from './packet.ts'
import { checkForSession, type SessionProblem } from './receive-rules.ts'
import { Session, type SessionAction, type SessionEvent } from './session.ts'
import { countStates, newSessionCounters, type SessionCounters } from './session-counters.ts'
import type { SessionConfig } from './session-variables.ts'

/** A node or router with which a session is kept. */
export interface PeerConfig extends SessionConfig {
  /**
   * Where to reach it, at least one, the best first. Until it is heard they are tried in turn; then packets go to the one that the last
   * packet came from.
   */
  readonly addresses: readonly Address[]
}

/** How a packet arrived. */
export interface Arrival {
  readonly source: Address
  /** -1 when it is not known */
  readonly ttl: number
  readonly interfaceIndex?: number
  /** the address that it was sent to */
  readonly destination?: Address
  /** which of the caller's sockets brought it, where that matters */
  readonly socket?: string
}

export type SessionSetAction =
  | { readonly type: 'send'; readonly peer: string; readonly address: Address; readonly payload: Uint8Array }
  | { readonly type: 'state'; readonly peer: string; readonly state: SessionState; readonly diagnostic: number }

/** Why a received packet was dropped; each is counted. */
export type BfdDropReason =
  | PacketProblem
  | SessionProblem
  /** Your Discriminator is none of ours */
  | 'unknownDiscriminator'
  /** it came another way than the peer's packets may */
  | 'wrongPath'
  /** no peer is known at the source address */
  | 'unknownSource'
  /** it would take a new session to say that there is none */
  | 'noSession'
  | 'tooManySessions'

/** What is known of a peer's session. */
export interface SessionView {
  readonly peer: string
  readonly state: SessionState
  readonly sinceMs: number
  readonly diagnostic: number
  readonly remoteState: SessionState
  readonly lastHeardMs: number | undefined
}

export interface SessionSetInit {
  /** Which peer a packet with Your Discriminator 0 belongs to (RFC 5880 §6.3): by its source, and where needed its interface. */
  peerOf(arrival: Arrival): string | undefined
  /** whether a packet that names a session of the peer may come this way; default: any may */
  accepts?(peer: string, arrival: Arrival): boolean
  /** sessions at most; peers to whom this end speaks first count, but are never refused; default 1024 */
  maxSessions?: number
  /** a passive session that is down and silent for so long is forgotten; default 30 000 */
  idleMs?: number
}

interface Entry {
  readonly peer: string
  readonly session: Session
  readonly counters: SessionCounters
  config: PeerConfig
  /** which of the addresses packets go to */
  addressIndex: number
  /** given up by the configuration: says AdminDown until then, so that the peer learns it */
  leavesAtMs: number
}

const nothing: readonly SessionSetAction[] = []
const defaultMaxSessions = 1024
const defaultIdleMs = 30_000

/**
 * The sessions with many peers. It takes the whole set of peers and works out the difference. A session is made at once where this end is
 * active; where it is passive, when the peer speaks. Who drives it sends what it is told, and comes back at `dueMs`.
 */
export class SessionSet {
  /** received packets that no session took, by reason; reasons that never occurred are left out */
  readonly dropped: Partial<Record<BfdDropReason, number>> = {}
  readonly #random: () => number
  readonly #peerOf: SessionSetInit['peerOf']
  readonly #accepts: NonNullable<SessionSetInit['accepts']>
  readonly #maxSessions: number
  readonly #idleMs: number
  #peers: ReadonlyMap<string, PeerConfig> = new Map()
  readonly #byPeer = new Map<string, Entry>()
  readonly #byDiscriminator = new Map<number, Entry>()
  readonly #counters = new Map<string, SessionCounters>()
  /** no session is due before; may be too early, never too late */
  #dueMs = Number.POSITIVE_INFINITY
  #stopped = false

  /** @param components.random numbers from 0 up to, not including, 1: for jitter, discriminators and sequence numbers */
  constructor(components: { random: () => number }, init: SessionSetInit) {
    this.#random = components.random
    this.#peerOf = init.peerOf
    this.#accepts = init.accepts ?? (() => true)
    this.#maxSessions = init.maxSessions ?? defaultMaxSessions
    this.#idleMs = init.idleMs ?? defaultIdleMs
  }

  /** When timer() is due, undefined when there is nothing to wait for. */
  get dueMs(): number | undefined {
    return this.#dueMs === Number.POSITIVE_INFINITY ? undefined : this.#dueMs
  }

  get size(): number {
    return this.#byPeer.size
  }

  /** The session with a peer; undefined when there is none. */
  session(peer: string): SessionView | undefined {
    const entry = this.#byPeer.get(peer)
    return entry && view(entry)
  }

  *sessions(): IterableIterator<SessionView> {
    for (const entry of this.#byPeer.values()) yield view(entry)
  }

  /** What was counted of a peer; zeros before anything was. */
  counters(peer: string): Readonly<SessionCounters> {
    return this.#counters.get(peer) ?? newSessionCounters()
  }

  /** Replaces the set of peers. Another key restarts a session; another role, other intervals or addresses leave it up. */
  setPeers(peers: ReadonlyMap<string, PeerConfig>, nowMs: number): readonly SessionSetAction[] {
    const actions: SessionSetAction[] = []
    this.#peers = peers
    for (const entry of [...this.#byPeer.values()]) {
      const config = peers.get(entry.peer)
      if (!config) this.#leave(entry, nowMs, actions)
      else if (entry.config.authentication !== config.authentication) this.#restart(entry, actions)
      else this.#reconfigure(entry, config, nowMs, actions)
    }
    for (const peer of this.#counters.keys()) {
      if (!peers.has(peer) && !this.#byPeer.has(peer)) this.#counters.delete(peer)
    }
    if (this.#stopped) return actions
    for (const [peer, config] of peers) {
      if (config.role !== 'active' || this.#byPeer.has(peer)) continue
      const entry = this.#create(peer, config, nowMs)
      this.#step(entry, { type: 'timer' }, nowMs, actions)
    }
    return actions
  }

  /** Takes the payload of a UDP datagram; it is not kept. */
  receive(payload: Uint8Array, arrival: Arrival, nowMs: number): readonly SessionSetAction[] {
    const decoded = decodeControlPacket(payload)
    if ('problem' in decoded) return this.#drop(decoded.problem)
    const { packet } = decoded
    const entry = this.#select(packet, arrival, nowMs)
    if (typeof entry === 'string') return this.#drop(entry)
    const problem = checkForSession(payload, packet, arrival.ttl, entry.session, nowMs)
    if (problem) {
      // A stranger who merely knows an address must not leave sessions behind.
      if (entry.session.variables.lastHeardMs === undefined && entry.config.role === 'passive') this.#remove(entry)
      return this.#drop(problem)
    }
    entry.counters.packetsReceived++
    const from = indexOfAddress(entry.config.addresses, arrival.source)
    if (from >= 0) entry.addressIndex = from
    const actions: SessionSetAction[] = []
    this.#step(entry, { type: 'packet', packet }, nowMs, actions)
    return actions
  }

  /** To be called at `dueMs`; earlier does no harm. */
  timer(nowMs: number): readonly SessionSetAction[] {
    if (nowMs < this.#dueMs) return nothing
    const actions: SessionSetAction[] = []
    this.#dueMs = Number.POSITIVE_INFINITY
    for (const entry of this.#byPeer.values()) {
      if (nowMs >= this.#removalMs(entry)) {
        this.#remove(entry)
        continue
      }
      if (nowMs >= entry.session.dueMs) this.#step(entry, { type: 'timer' }, nowMs, actions)
      else this.#noteDue(entry)
    }
    return actions
  }

  /** Before leaving: says AdminDown to everyone, and goes on saying it. No session comes up any more. */
  adminDown(nowMs: number): readonly SessionSetAction[] {
    const actions: SessionSetAction[] = []
    this.#stopped = true
    for (const entry of this.#byPeer.values()) this.#step(entry, { type: 'adminDown' }, nowMs, actions)
    return actions
  }

  /** RFC 5880 §6.3 and §6.8.6: by Your Discriminator; when it is 0, by where the packet came from. */
  #select(packet: ControlPacket, arrival: Arrival, nowMs: number): Entry | BfdDropReason {
    if (packet.yourDiscriminator !== 0) {
      const entry = this.#byDiscriminator.get(packet.yourDiscriminator)
      if (!entry) return 'unknownDiscriminator'
      return this.#accepts(entry.peer, arrival) ? entry : 'wrongPath'
    }
    const peer = this.#peerOf(arrival)
    if (peer === undefined) return 'unknownSource'
    const entry = this.#byPeer.get(peer)
    if (entry) return entry
    const config = this.#peers.get(peer)
    if (!config) return 'unknownSource'
    if (packet.state === SessionState.adminDown || this.#stopped) return 'noSession'
    if (this.#byPeer.size >= this.#maxSessions) return 'tooManySessions'
    return this.#create(peer, config, nowMs)
  }

  #create(peer: string, config: PeerConfig, nowMs: number): Entry {
    const session = new Session(
      { random: this.#random },
      { config, localDiscriminator: this.#freeDiscriminator() },
      nowMs,
    )
    const counters = this.#counters.get(peer) ?? newSessionCounters()
    this.#counters.set(peer, counters)
    const entry: Entry = {
      peer,
      session,
      counters,
      config,
      addressIndex: -1,
      leavesAtMs: Number.POSITIVE_INFINITY,
    }
    this.#byPeer.set(peer, entry)
    this.#byDiscriminator.set(session.variables.localDiscriminator, entry)
    return entry
  }

  #reconfigure(entry: Entry, config: PeerConfig, nowMs: number, actions: SessionSetAction[]): void {
    const address = entry.config.addresses[entry.addressIndex]
    entry.addressIndex = address ? indexOfAddress(config.addresses, address) : -1
    entry.config = config
    this.#step(entry, { type: 'configure', config }, nowMs, actions)
    if (entry.leavesAtMs === Number.POSITIVE_INFINITY || this.#stopped) return
    // It comes back before the peer has forgotten its sequence numbers, so the same session goes on.
    entry.leavesAtMs = Number.POSITIVE_INFINITY
    this.#step(entry, { type: 'adminUp' }, nowMs, actions)
  }

  #leave(entry: Entry, nowMs: number, actions: SessionSetAction[]): void {
    if (entry.leavesAtMs !== Number.POSITIVE_INFINITY) return
    const { session } = entry
    // RFC 5880 §6.8.16: said for the peer's detection time. Twice, because then the peer forgets the sequence numbers too (§6.8.1).
    const peersDetectionMs = session.config.detectMultiplier * session.transmitIntervalMs
    entry.leavesAtMs = nowMs + 2 * Math.max(peersDetectionMs, session.detectionTimeMs)
    this.#step(entry, { type: 'adminDown' }, nowMs, actions)
  }

  #restart(entry: Entry, actions: SessionSetAction[]): void {
    const { sessionState } = entry.session.variables
    this.#remove(entry)
    countStates(entry.counters, sessionState, SessionState.down)
    if (sessionState !== SessionState.up) return
    actions.push({
      type: 'state',
      peer: entry.peer,
      state: SessionState.down,
      diagnostic: Diagnostic.administrativelyDown,
    })
  }

  #remove(entry: Entry): void {
    this.#byPeer.delete(entry.peer)
    this.#byDiscriminator.delete(entry.session.variables.localDiscriminator)
  }

  #removalMs(entry: Entry): number {
    if (entry.config.role === 'active' || entry.session.variables.sessionState !== SessionState.down) {
      return entry.leavesAtMs
    }
    const { lastHeardMs, stateSinceMs } = entry.session.variables
    return Math.min(entry.leavesAtMs, Math.max(lastHeardMs ?? 0, stateSinceMs) + this.#idleMs)
  }

  #step(entry: Entry, event: SessionEvent, nowMs: number, actions: SessionSetAction[]): void {
    const { sessionState } = entry.session.variables
    for (const action of entry.session.step(event, nowMs)) actions.push(this.#addressed(entry, action))
    countStates(entry.counters, sessionState, entry.session.variables.sessionState)
    this.#noteDue(entry)
  }

  #noteDue(entry: Entry): void {
    this.#dueMs = Math.min(this.#dueMs, entry.session.dueMs, this.#removalMs(entry))
  }

  #addressed(entry: Entry, action: SessionAction): SessionSetAction {
    const { peer } = entry
    if (action.type === 'state') return { type: 'state', peer, state: action.state, diagnostic: action.diagnostic }
    entry.counters.packetsSent++
    return { type: 'send', peer, address: this.#addressOf(entry), payload: action.payload }
  }

  #addressOf(entry: Entry): Address {
    const { addresses } = entry.config
    const heard = entry.session.variables.remoteDiscriminator !== 0
    if (!heard || entry.addressIndex < 0) entry.addressIndex = (entry.addressIndex + 1) % addresses.length
    return addresses[entry.addressIndex]!
  }

  #freeDiscriminator(): number {
    for (;;) {
      const discriminator = Math.floor(this.#random() * 2 ** 32)
      if (discriminator !== 0 && !this.#byDiscriminator.has(discriminator)) return discriminator
    }
  }

  #drop(reason: BfdDropReason): readonly SessionSetAction[] {
    this.dropped[reason] = (this.dropped[reason] ?? 0) + 1
    return nothing
  }
}

function indexOfAddress(addresses: readonly Address[], wanted: Address): number {
  for (let index = 0; index < addresses.length; index++) if (sameAddress(addresses[index]!, wanted)) return index
  return -1
}

function view({ peer, session: { variables } }: Entry): SessionView {
  return {
    peer,
    state: variables.sessionState,
    sinceMs: variables.stateSinceMs,
    diagnostic: variables.localDiagnostic,
    remoteState: variables.remoteSessionState,
    lastHeardMs: variables.lastHeardMs,
  }
}
