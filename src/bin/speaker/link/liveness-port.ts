import { Liveness, type LivenessAction, type NodeLiveness } from '../../../bfd/liveness.ts'
import type { CancelTimer, Clock } from '../../../io/clock.ts'
import type { OpenUdpSocket, OutgoingDatagram, UdpSocket } from '../../../io/udp.ts'
import type { Family } from '../../../ip/address.ts'
import type { KnownSpeaker } from '../../../layer2/neighbourhood.ts'
import type { LivenessOptions } from './link-messages.ts'

export interface LivenessPortComponents {
  clock: Clock
  random: () => number
  openUdpSocket: OpenUdpSocket
}

export interface LivenessPortInit extends LivenessOptions {
  readonly node: string
  onLiveness(liveness: NodeLiveness): void
  /** see AddressPortInit */
  isStale(): boolean
  /** a socket failed; it is opened again after a second */
  onProblem(error: Error): void
}

const REOPEN_AFTER_MS = 1_000
/** RFC 4594 §3.1: network control, so that liveness is not queued behind the traffic of the Services */
const CLASS_SELECTOR_6 = 48

/** The liveness sessions with other speakers, on one UDP port for both families. */
export class LivenessPort {
  readonly #components: LivenessPortComponents
  readonly #init: LivenessPortInit
  readonly #sockets = new Map<Family, UdpSocket>()
  #liveness: Liveness
  #speakers: readonly KnownSpeaker[] = []
  #watched: ReadonlySet<string> = new Set()
  #secret: Uint8Array | undefined
  #cancelTimer: CancelTimer = () => {}
  #cancelReopen: CancelTimer = () => {}
  #closed = false

  constructor(components: LivenessPortComponents, init: LivenessPortInit) {
    this.#components = components
    this.#init = init
    this.#liveness = this.#create()
  }

  get dropped(): Readonly<Partial<Record<string, number>>> {
    return this.#liveness.dropped
  }

  watched(): IterableIterator<NodeLiveness> {
    return this.#liveness.watched()
  }

  start(): void {
    this.#open()
  }

  setSpeakers(speakers: readonly KnownSpeaker[]): void {
    this.#speakers = speakers
    this.#run(nowMs => this.#liveness.setSpeakers(addressesOf(speakers), nowMs))
  }

  setWatched(nodes: ReadonlySet<string>): void {
    if (nodes.size === this.#watched.size && [...nodes].every(node => this.#watched.has(node))) return
    this.#watched = nodes
    this.#run(nowMs => this.#liveness.setWatched(nodes, nowMs))
  }

  setSecret(secret: Uint8Array | undefined): void {
    this.#secret = secret
    this.#run(nowMs => this.#liveness.setSecret(secret, nowMs))
  }

  /** Begins anew, as after a start: what was known of the others is out of date, and what waits unread is too. */
  restart(): void {
    for (const socket of this.#sockets.values()) socket.discard()
    this.#liveness = this.#create()
    const speakers = addressesOf(this.#speakers)
    this.#run(nowMs => [
      ...this.#liveness.setSpeakers(speakers, nowMs),
      ...this.#liveness.setWatched(this.#watched, nowMs),
      ...this.#liveness.setSecret(this.#secret, nowMs),
    ])
  }

  /** Tells the others that this node leaves, and goes on telling them until close(). */
  leave(): void {
    this.#run(nowMs => this.#liveness.stop(nowMs))
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer()
    this.#cancelReopen()
    for (const socket of this.#sockets.values()) socket.close()
    this.#sockets.clear()
  }

  #create(): Liveness {
    const { node, intervalMs, multiplier } = this.#init
    return new Liveness({ random: this.#components.random }, { node, intervalMs, multiplier })
  }

  #open(): void {
    if (this.#closed) return
    this.#cancelReopen()
    const failed = ([4, 6] as const).filter(family => !this.#sockets.has(family) && !this.#openFamily(family))
    if (failed.length > 0) {
      this.#cancelReopen = this.#components.clock.setTimer(() => this.#open(), REOPEN_AFTER_MS)
    }
  }

  #openFamily(family: Family): boolean {
    const { port, onProblem, isStale } = this.#init
    try {
      const socket = this.#components.openUdpSocket({
        family,
        port,
        dscp: CLASS_SELECTOR_6,
        onBatch: batch => {
          if (isStale()) return
          this.#run(nowMs => {
            const actions: LivenessAction[] = []
            for (let i = 0; i < batch.count; i++) {
              const arrival = {
                source: batch.sourceAddress(i),
                ttl: batch.ttl(i),
                interfaceIndex: batch.interfaceIndex(i),
              }
              actions.push(...this.#liveness.receive(batch.payload(i), arrival, nowMs))
            }
            return actions
          })
        },
        // A node that cannot be reached at the moment is no fault of the socket's: its liveness tells.
        onError: () => {},
      })
      this.#sockets.set(family, socket)
      return true
    } catch (error) {
      // A node without IPv6 has no such socket, and needs none.
      if ((error as { code?: string }).code === 'EAFNOSUPPORT') return true
      onProblem(error as Error)
      return false
    }
  }

  #run(step: (nowMs: number) => readonly LivenessAction[]): void {
    if (this.#closed) return
    const { clock } = this.#components
    const nowMs = clock.monotonicMs()
    const datagrams: Record<Family, OutgoingDatagram[]> = { 4: [], 6: [] }
    const changes: NodeLiveness[] = []
    for (const action of step(nowMs)) {
      if (action.type === 'liveness') changes.push(action.liveness)
      else datagrams[action.address.family].push({ ...action, port: this.#init.port })
    }
    for (const family of [4, 6] as const) {
      if (datagrams[family].length > 0) this.#sockets.get(family)?.send(datagrams[family])
    }
    this.#cancelTimer()
    const { dueMs } = this.#liveness
    if (dueMs !== undefined) {
      this.#cancelTimer = clock.setTimer(() => {
        if (!this.#init.isStale()) this.#run(now => this.#liveness.timer(now))
      }, dueMs - nowMs)
    }
    for (const change of changes) this.#init.onLiveness(change)
  }
}

function addressesOf(speakers: readonly KnownSpeaker[]): Map<string, KnownSpeaker['addresses']> {
  return new Map(speakers.map(({ node, addresses }) => [node, addresses]))
}
