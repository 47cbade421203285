import { Diagnostic, diagnosticText, SessionState } from './packet.ts'
import { BFD_TTL, comesFrom, isOnPath, pathKey, type RouterPath } from './router-path.ts'
import type { RouterSession, RouterSessionConfig, RouterSessionCounters, RouterSessionState } from './router-session.ts'
import { type Arrival, type BfdDropReason, type PeerConfig, SessionSet, type SessionSetAction } from './session-set.ts'

export type RouterSessionsAction =
  | {
      readonly type: 'send'
      /** pathKey() of the path */
      readonly key: string
      readonly path: RouterPath
      readonly payload: Uint8Array
      /** where the path leads, if it is bound to an interface */
      readonly interfaceIndex?: number
    }
  /** sessions() tells something else than before */
  | { readonly type: 'changed' }

interface Wanted {
  readonly path: RouterPath
  readonly config: PeerConfig
  readonly ids: string[]
}

interface Told {
  readonly state: RouterSessionState
  readonly sinceMs: number
  readonly diagnostic: number
}

/**
 * The BFD sessions with routers that BGP wants: single hop (RFC 5881) and multihop (RFC 5883), without authentication, which routers do not
 * offer to BGP. It takes the whole set and works out the difference; who drives it sends what it is told, and comes back at `dueMs`.
 */
export class RouterSessions {
  readonly #sessions: SessionSet
  /** by pathKey() */
  #wanted: ReadonlyMap<string, Wanted> = new Map()
  readonly #told = new Map<string, Told>()
  /** also of sessions that say goodbye */
  #paths: ReadonlyMap<string, RouterPath> = new Map()
  #interfaces: ReadonlyMap<string, number> = new Map()

  /** @param components.random numbers from 0 up to, not including, 1 */
  constructor(components: { random: () => number }) {
    this.#sessions = new SessionSet(components, {
      peerOf: arrival => this.#peerOf(arrival),
      accepts: (key, arrival) => isOnPath(this.#paths.get(key)!, arrival, this.#interfaces),
    })
  }

  /** When timer() is due, undefined when there is nothing to wait for. */
  get dueMs(): number | undefined {
    return this.#sessions.dueMs
  }

  /** Received packets that no session took, by reason. */
  get dropped(): Readonly<Partial<Record<BfdDropReason, number>>> {
    return this.#sessions.dropped
  }

  /** Where packets go to and come from, by pathKey(): wanted sessions, and those that still say goodbye. Another map when something about them changed. */
  get paths(): ReadonlyMap<string, RouterPath> {
    return this.#paths
  }

  /** Every wanted session; times are of the caller's clock. */
  *sessions(): IterableIterator<RouterSession> {
    for (const [key, { ids }] of this.#wanted) {
      const { state, sinceMs, diagnostic } = this.#told.get(key)!
      for (const id of ids) yield { id, state, sinceMs, diagnostic: diagnosticText(diagnostic) }
    }
  }

  /** What wanted sessions have counted. */
  *counters(): IterableIterator<RouterSessionCounters> {
    for (const [key, { ids, path }] of this.#wanted) {
      const { address, vrf } = path
      const up = this.#told.get(key)!.state === 'Up'
      for (const id of ids) yield { id, address, vrf, up, ...this.#sessions.counters(key) }
    }
  }

  /**
   * Replaces the set. New intervals are told by a Poll Sequence and leave the session up; what is left out says AdminDown. Of several with one
   * path the first says how the session behaves.
   */
  setSessions(configs: readonly RouterSessionConfig[], nowMs: number): readonly RouterSessionsAction[] {
    const wanted = new Map<string, Wanted>()
    for (const config of configs) {
      const key = pathKey(config)
      const known = wanted.get(key)
      if (known) known.ids.push(config.id)
      else wanted.set(key, { path: config, config: peerConfig(config), ids: [config.id] })
    }
    const idsBefore = idsOf(this.#wanted)
    this.#wanted = wanted
    for (const key of this.#told.keys()) if (!wanted.has(key)) this.#told.delete(key)
    this.#paths = new Map([...this.#paths, ...[...wanted].map(([key, { path }]) => [key, path] as const)])
    for (const key of wanted.keys()) {
      if (!this.#told.has(key)) this.#told.set(key, { state: 'Down', sinceMs: nowMs, diagnostic: Diagnostic.none })
    }
    const peers = new Map([...wanted].map(([key, { config }]) => [key, config]))
    const actions = this.#translate(this.#sessions.setPeers(peers, nowMs), nowMs)
    if (idsBefore !== idsOf(wanted)) actions.push({ type: 'changed' })
    this.#forgetPaths()
    return actions
  }

  /** The node's interfaces: index by name. */
  setInterfaces(interfaces: ReadonlyMap<string, number>): void {
    this.#interfaces = interfaces
  }

  /** Takes the payload of a UDP datagram; it is not kept. `arrival.socket` is the receiverName() of the socket. */
  receive(payload: Uint8Array, arrival: Arrival, nowMs: number): readonly RouterSessionsAction[] {
    return this.#translate(this.#sessions.receive(payload, arrival, nowMs), nowMs)
  }

  /** To be called at `dueMs`; earlier does no harm. */
  timer(nowMs: number): readonly RouterSessionsAction[] {
    const actions = this.#translate(this.#sessions.timer(nowMs), nowMs)
    this.#forgetPaths()
    return actions
  }

  /** Before the end: every router is told that it is no failure (RFC 5880 §6.8.16). */
  adminDown(nowMs: number): readonly RouterSessionsAction[] {
    return this.#translate(this.#sessions.adminDown(nowMs), nowMs)
  }

  /** A session that is bound to the interface of the packet goes before one that is not bound to any. */
  #peerOf(arrival: Arrival): string | undefined {
    let found: string | undefined
    for (const [key, { path }] of this.#wanted) {
      if (!comesFrom(path, arrival, this.#interfaces)) continue
      if (path.interface !== undefined) return key
      found = key
    }
    return found
  }

  #translate(actions: readonly SessionSetAction[], nowMs: number): RouterSessionsAction[] {
    const translated: RouterSessionsAction[] = []
    for (const action of actions) {
      if (action.type === 'state') {
        if (this.#tell(action, nowMs)) translated.push({ type: 'changed' })
        continue
      }
      const { peer: key, payload } = action
      const path = this.#paths.get(key)!
      const interfaceIndex = path.interface === undefined ? undefined : this.#interfaces.get(path.interface)
      // An interface that is gone takes no packets; the session finds out by their absence.
      if (path.interface !== undefined && interfaceIndex === undefined) continue
      translated.push({ type: 'send', key, path, payload, interfaceIndex })
    }
    return translated
  }

  #tell({ peer, state, diagnostic }: SessionSetAction & { type: 'state' }, nowMs: number): boolean {
    if (!this.#told.has(peer)) return false
    const remoteState = this.#sessions.session(peer)?.remoteState
    this.#told.set(peer, { state: stateText(state, diagnostic, remoteState), sinceMs: nowMs, diagnostic })
    return true
  }

  #forgetPaths(): void {
    if (this.#paths.size === this.#wanted.size) return
    const forgotten = [...this.#paths.keys()].filter(key => !this.#wanted.has(key) && !this.#sessions.session(key))
    if (forgotten.length === 0) return
    this.#paths = new Map([...this.#paths].filter(([key]) => !forgotten.includes(key)))
  }
}

function peerConfig(config: RouterSessionConfig): PeerConfig {
  return {
    role: config.passive ? 'passive' : 'active',
    addresses: [config.address],
    desiredMinTxIntervalMs: config.transmitIntervalMs,
    requiredMinRxIntervalMs: config.receiveIntervalMs,
    detectMultiplier: config.detectMultiplier,
    // RFC 5881 §5; RFC 5883 §5.
    minimumTtl: config.multihop ? config.minimumTtl : BFD_TTL,
  }
}

/** See ROUTER_SESSION_STATES for what AdminDown means here. */
function stateText(state: SessionState, diagnostic: number, remoteState: SessionState | undefined): RouterSessionState {
  if (state === SessionState.up) return 'Up'
  if (state === SessionState.init) return 'Init'
  const switchedOff =
    state === SessionState.adminDown ||
    (diagnostic === Diagnostic.neighborSignaledSessionDown && remoteState === SessionState.adminDown)
  return switchedOff ? 'AdminDown' : 'Down'
}

function idsOf(wanted: ReadonlyMap<string, Wanted>): string {
  return JSON.stringify([...wanted].map(([key, { ids }]) => [key, ids]))
}
