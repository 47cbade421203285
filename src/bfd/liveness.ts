import { createHash } from 'node:crypto'
import type { Address } from '../ip/address.ts'
import { Authentication, AuthenticationType, type Digest, MAX_SHA1_KEY_LENGTH } from './authentication.ts'
import { Diagnostic, SessionState } from './packet.ts'
import {
  type Arrival,
  type BfdDropReason,
  type PeerConfig,
  SessionSet,
  type SessionSetAction,
  type SessionView,
} from './session-set.ts'

/** `unknown` only at first: the session was asked for a moment ago and has not been up yet. */
export type LivenessStatus = 'unknown' | 'up' | 'down'

export interface NodeLiveness {
  readonly node: string
  readonly status: LivenessStatus
  readonly sinceMs: number
  /** when its last valid packet came; undefined when none has come */
  readonly lastHeardMs: number | undefined
  /** it said itself that it leaves, or cares no more (AdminDown) */
  readonly saidGoodbye: boolean
  /** the session as BFD sees it; undefined when there is none */
  readonly sessionState: SessionState | undefined
}

export type LivenessAction =
  | { readonly type: 'send'; readonly address: Address; readonly payload: Uint8Array }
  /** the status of a watched node has changed */
  | { readonly type: 'liveness'; readonly liveness: NodeLiveness }

export interface LivenessInit {
  /** this node's name */
  readonly node: string
  /** default 100 */
  readonly intervalMs?: number
  /** default 3 */
  readonly multiplier?: number
  /** how long a node that has not answered yet counts as unknown; default 500 */
  readonly settleMs?: number
  /** nodes watched at most; default 64 */
  readonly maxWatched?: number
  /** packets of more distant senders are dropped; default: any TTL, the key protects */
  readonly minimumTtl?: number
}

interface Watch {
  readonly node: string
  status: LivenessStatus
  sinceMs: number
  /** from then on it is down if it has not come up */
  settledAtMs: number
  saidGoodbye: boolean
  lastHeardMs: number | undefined
}

// Two kinds of sessions, so that each has one end that wants it: it is opened and ended by the watcher, and the watched answers. Were
// one session shared by two nodes that watch each other, neither could end it without looking dead to the other.
const watchPrefix = 'watch/'
const guestPrefix = 'guest/'

// A node that is heard and whose session does not come up (another key, one-way packets) is not waited for for ever.
const LONGEST_SETTLE_FACTOR = 4

/** A node may have sessions with a hundred others. The quarter of an interval that is jitter has two or three multiples of this in it. */
const GRID_PER_INTERVAL = 10

const keyId = 1

/**
 * The 20 bytes that RFC 5880 §4.4 allows for a key, drawn from all of a secret of any length.
 */
export function livenessKey(secret: Uint8Array): Uint8Array {
  return createHash('sha256').update(secret).digest().subarray(0, MAX_SHA1_KEY_LENGTH)
}

/**
 * Which of the watched nodes live, by BFD sessions between Herald's speakers (RFC 5880, asynchronous mode, keyed SHA1). It answers every
 * known speaker that watches this node, and opens sessions to those that this node watches.
 *
 * While not Up, sessions go on at the fast interval, not at the one second of RFC 5880 §6.8.3: they run on Herald's own port, between few
 * nodes that know each other, and a node that comes back has to be seen before anyone asks for its addresses.
 */
export class Liveness {
  readonly #node: string
  readonly #digest: Digest | undefined
  readonly #timers: Omit<PeerConfig, 'addresses' | 'role'>
  readonly #settleMs: number
  readonly #detectionMs: number
  readonly #maxWatched: number
  readonly #sessions: SessionSet
  readonly #watches = new Map<string, Watch>()
  #speakers: ReadonlyMap<string, readonly Address[]> = new Map()
  /** the peer to whom an address belongs; IPv4 values are numbers, IPv6 values bigints, so they never meet */
  #byAddress = new Map<number | bigint, string>()
  #secret: Uint8Array | undefined
  #authentication: Authentication | undefined
  #settleDueMs = Number.POSITIVE_INFINITY
  #stopped = false

  /**
   * @param components.random numbers from 0 up to, not including, 1
   * @param components.digest SHA1 by default; a simulation may pass a cheaper one, the same at all ends
   */
  constructor(components: { random: () => number; digest?: Digest }, init: LivenessInit) {
    const intervalMs = init.intervalMs ?? 100
    this.#digest = components.digest
    this.#node = init.node
    this.#timers = {
      desiredMinTxIntervalMs: intervalMs,
      requiredMinRxIntervalMs: intervalMs,
      slowIntervalMs: intervalMs,
      transmitGridMs: intervalMs / GRID_PER_INTERVAL,
      detectMultiplier: init.multiplier ?? 3,
      minimumTtl: init.minimumTtl,
    }
    this.#settleMs = init.settleMs ?? 500
    this.#detectionMs = intervalMs * (init.multiplier ?? 3)
    this.#maxWatched = init.maxWatched ?? 64
    this.#sessions = new SessionSet(components, {
      peerOf: ({ source }: Arrival) => this.#byAddress.get(source.value),
    })
  }

  /** When timer() is due, undefined when there is nothing to wait for. */
  get dueMs(): number | undefined {
    const dueMs = Math.min(this.#sessions.dueMs ?? Number.POSITIVE_INFINITY, this.#settleDueMs)
    return dueMs === Number.POSITIVE_INFINITY ? undefined : dueMs
  }

  /** Received packets that no session took, by reason. */
  get dropped(): Readonly<Partial<Record<BfdDropReason, number>>> {
    return this.#sessions.dropped
  }

  /** The status of a node; one that is not watched is unknown. */
  of(node: string): LivenessStatus {
    return this.#watches.get(node)?.status ?? 'unknown'
  }

  /** All that is known of a watched node. */
  detailsOf(node: string): NodeLiveness | undefined {
    const watch = this.#watches.get(node)
    return watch && this.#details(watch)
  }

  /** Every watched node. */
  *watched(): IterableIterator<NodeLiveness> {
    for (const watch of this.#watches.values()) yield this.#details(watch)
  }

  /** Every session, also those in which this node is the watched one: peers are `watch/NODE` and `guest/NODE`. */
  sessions(): IterableIterator<SessionView> {
    return this.#sessions.sessions()
  }

  /** All speakers that are known, this node's own among them or not, with their addresses, the best first. */
  setSpeakers(speakers: ReadonlyMap<string, readonly Address[]>, nowMs: number): readonly LivenessAction[] {
    this.#speakers = speakers
    this.#byAddress = new Map()
    for (const [node, addresses] of speakers) {
      if (node === this.#node) continue
      for (const { value } of addresses) this.#byAddress.set(value, guestPrefix + node)
    }
    return this.#applyPeers(nowMs)
  }

  /**
   * The nodes whose death this node would have to act upon. Of more than `maxWatched` some are left without a session, and count as down
   * once they have settled: the asking on the wire then finds out what BFD does not know.
   */
  setWatched(nodes: ReadonlySet<string>, nowMs: number): readonly LivenessAction[] {
    for (const node of this.#watches.keys()) if (!nodes.has(node)) this.#watches.delete(node)
    for (const node of nodes) {
      if (node === this.#node || this.#watches.has(node)) continue
      this.#watches.set(node, this.#newWatch(node, nowMs))
    }
    return this.#applyPeers(nowMs)
  }

  /**
   * The secret that all speakers share, any bytes; undefined while there is none: then there are no sessions. Another secret starts all
   * sessions again.
   */
  setSecret(secret: Uint8Array | undefined, nowMs: number): readonly LivenessAction[] {
    if (sameBytes(secret, this.#secret)) return []
    this.#secret = secret
    this.#authentication =
      secret &&
      new Authentication({
        type: AuthenticationType.keyedSha1,
        keyId,
        key: livenessKey(secret),
        digest: this.#digest,
      })
    const actions: LivenessAction[] = []
    for (const watch of this.#watches.values()) {
      watch.settledAtMs = nowMs + this.#settleMs
      this.#settleDueMs = Math.min(this.#settleDueMs, watch.settledAtMs)
      watch.saidGoodbye = false
      this.#become(watch, 'unknown', nowMs, actions)
    }
    actions.push(...this.#applyPeers(nowMs))
    return actions
  }

  /** Takes the payload of a UDP datagram; it is not kept. */
  receive(payload: Uint8Array, arrival: Arrival, nowMs: number): readonly LivenessAction[] {
    const actions = this.#sessions.receive(payload, arrival, nowMs)
    return actions.length === 0 ? [] : this.#translate(actions, nowMs)
  }

  /** To be called at `dueMs`; earlier does no harm. */
  timer(nowMs: number): readonly LivenessAction[] {
    const actions = this.#translate(this.#sessions.timer(nowMs), nowMs)
    if (nowMs >= this.#settleDueMs) this.#settle(nowMs, actions)
    return actions
  }

  /** Before leaving: tells all others (RFC 5880 §6.8.16), and goes on telling them for as long as timer() is called. */
  stop(nowMs: number): readonly LivenessAction[] {
    this.#stopped = true
    return this.#translate(this.#sessions.adminDown(nowMs), nowMs)
  }

  #applyPeers(nowMs: number): LivenessAction[] {
    const peers = new Map<string, PeerConfig>()
    const authentication = this.#authentication
    if (authentication) {
      const common = { ...this.#timers, authentication }
      for (const node of this.#nodesWithSession()) {
        peers.set(watchPrefix + node, { ...common, role: 'active', addresses: this.#speakers.get(node)! })
      }
      for (const [node, addresses] of this.#speakers) {
        if (node === this.#node || addresses.length === 0) continue
        peers.set(guestPrefix + node, { ...common, role: 'passive', addresses })
      }
    }
    return this.#translate(this.#sessions.setPeers(peers, nowMs), nowMs)
  }

  /** Which of too many nodes are watched: the choice depends on the names alone, and differs from node to node, so that it spreads. */
  #nodesWithSession(): string[] {
    const nodes = [...this.#watches.keys()].filter(node => (this.#speakers.get(node)?.length ?? 0) > 0)
    if (nodes.length <= this.#maxWatched) return nodes
    const ranked = nodes.map(node => ({ node, rank: hash32(`${this.#node}#${node}`) }))
    ranked.sort((a, b) => a.rank - b.rank || (a.node < b.node ? -1 : 1))
    return ranked.slice(0, this.#maxWatched).map(({ node }) => node)
  }

  #newWatch(node: string, nowMs: number): Watch {
    const settledAtMs = nowMs + this.#settleMs
    this.#settleDueMs = Math.min(this.#settleDueMs, settledAtMs)
    return { node, status: 'unknown', sinceMs: nowMs, settledAtMs, saidGoodbye: false, lastHeardMs: undefined }
  }

  #settle(nowMs: number, actions: LivenessAction[]): void {
    this.#settleDueMs = Number.POSITIVE_INFINITY
    for (const watch of this.#watches.values()) {
      if (watch.status !== 'unknown') continue
      if (nowMs >= watch.settledAtMs) {
        // Its packets come, so it lives: the session is about to come up, or one end is slow.
        const heardMs = (this.#authentication && this.#details(watch).lastHeardMs) ?? Number.NEGATIVE_INFINITY
        const latestMs = watch.sinceMs + LONGEST_SETTLE_FACTOR * this.#settleMs
        if (nowMs - heardMs < this.#detectionMs && nowMs < latestMs) {
          watch.settledAtMs = Math.min(heardMs + this.#detectionMs, latestMs)
        } else this.#become(watch, 'down', nowMs, actions)
      }
      if (watch.status === 'unknown') this.#settleDueMs = Math.min(this.#settleDueMs, watch.settledAtMs)
    }
  }

  #translate(actions: readonly SessionSetAction[], nowMs: number): LivenessAction[] {
    const translated: LivenessAction[] = []
    for (const action of actions) {
      if (action.type === 'send') {
        translated.push({ type: 'send', address: action.address, payload: action.payload })
      } else if (!this.#stopped && action.peer.startsWith(watchPrefix)) {
        this.#sessionChanged(action.peer.slice(watchPrefix.length), action.state, action.diagnostic, nowMs, translated)
      }
    }
    return translated
  }

  #sessionChanged(
    node: string,
    state: SessionState,
    diagnostic: number,
    nowMs: number,
    actions: LivenessAction[],
  ): void {
    const watch = this.#watches.get(node)
    if (!watch) return
    if (state === SessionState.up) {
      watch.saidGoodbye = false
      this.#become(watch, 'up', nowMs, actions)
    } else if (watch.status === 'up') {
      const session = this.#sessions.session(watchPrefix + node)
      watch.saidGoodbye =
        diagnostic === Diagnostic.neighborSignaledSessionDown && session?.remoteState === SessionState.adminDown
      this.#become(watch, 'down', nowMs, actions)
    }
  }

  #become(watch: Watch, status: LivenessStatus, nowMs: number, actions: LivenessAction[]): void {
    if (watch.status === status) return
    watch.status = status
    watch.sinceMs = nowMs
    actions.push({ type: 'liveness', liveness: this.#details(watch) })
  }

  #details(watch: Watch): NodeLiveness {
    const { node, status, sinceMs, saidGoodbye } = watch
    const session = this.#sessions.session(watchPrefix + node)
    const guest = this.#sessions.session(guestPrefix + node)
    watch.lastHeardMs = latest(watch.lastHeardMs, latest(session?.lastHeardMs, guest?.lastHeardMs))
    return { node, status, sinceMs, lastHeardMs: watch.lastHeardMs, saidGoodbye, sessionState: session?.state }
  }
}

function latest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.max(a, b)
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

/** FNV-1a over the text's code units: any even spread will do. */
function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
