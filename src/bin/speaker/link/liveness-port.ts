import { Liveness, type LivenessAction, type LivenessStatus, type NodeLiveness } from '../../../bfd/liveness.ts'
import type { CancelTimer, Clock } from '../../../io/clock.ts'
import type { OpenUdpSocket, OutgoingDatagram, UdpSocket } from '../../../io/udp.ts'
import type { Family } from '../../../ip/address.ts'
import { type LivenessPath, livenessPaths, type Segment } from '../../../layer2/liveness-paths.ts'
import type { KnownSpeaker } from '../../../layer2/neighbourhood.ts'
import type { LivenessOptions } from './link-messages.ts'

export interface LivenessPortComponents {
  clock: Clock
  random: () => number
  openUdpSocket: OpenUdpSocket
}

/** What is known of a node's life on one interface. */
export interface LinkLiveness {
  readonly node: string
  readonly link: string
  readonly state: LivenessStatus
  readonly lastHeardMs: number | undefined
  /** it is down because it said itself that it leaves */
  readonly saidGoodbye: boolean
}

export interface LivenessPortInit extends LivenessOptions {
  readonly node: string
  /** what is known of a node's life on one interface is otherwise now */
  onLiveness(event: LinkLiveness): void
  /** see AddressPortInit */
  isStale(): boolean
  /** a socket failed; it is opened again after a second */
  onProblem(error: Error): void
}

const REOPEN_AFTER_MS = 1_000
/**
 * After a packet the socket is left alone for so long. A node that has sessions with a hundred others would else be woken up once for each of a
 * thousand packets a second, which costs several times what is done with one. What a detection time of 300 ms is late by is next to nothing. Where
 * a batch is full more is waiting, and is taken at once: in a flood, what speakers say must not be dropped for want of room.
 */
const REST_MS = 5
const BATCH_SIZE = 64
/** RFC 4594 §3.1: network control, so that BFD is not queued behind the traffic of the Services */
export const CLASS_SELECTOR_6 = 48

/** The liveness sessions with other speakers, on one UDP port for both families. */
export class LivenessPort {
  readonly #components: LivenessPortComponents
  readonly #init: LivenessPortInit
  readonly #sockets = new Map<Family, UdpSocket>()
  readonly #cancelRests = new Map<Family, CancelTimer>()
  #liveness: Liveness
  #speakers: readonly KnownSpeaker[] = []
  #segments: readonly Segment[] = []
  /** by the name under which Liveness knows it */
  #paths: ReadonlyMap<string, LivenessPath> = new Map()
  #watched: ReadonlySet<string> = new Set()
  /** by node and interface */
  #told = new Map<string, LinkLiveness>()
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

  /** Every watched node, on each way to it. */
  *watched(): IterableIterator<{ node: string; liveness: NodeLiveness }> {
    for (const liveness of this.#liveness.watched()) {
      const path = this.#paths.get(liveness.node)
      if (path) yield { node: path.node, liveness }
    }
  }

  start(): void {
    this.#open()
  }

  setSpeakers(speakers: readonly KnownSpeaker[]): void {
    this.#speakers = speakers
    this.#setPaths()
  }

  /** The interfaces in use, and what subnets they are in. */
  setSegments(segments: readonly Segment[]): void {
    this.#segments = segments
    this.#setPaths()
  }

  setWatched(nodes: ReadonlySet<string>): void {
    if (nodes.size === this.#watched.size && [...nodes].every(node => this.#watched.has(node))) return
    this.#watched = nodes
    this.#run(nowMs => this.#liveness.setWatched(this.#watchedPaths(), nowMs), { changed: true })
  }

  setSecret(secret: Uint8Array | undefined): void {
    this.#secret = secret
    this.#run(nowMs => this.#liveness.setSecret(secret, nowMs))
  }

  /** Begins anew, as after a start: what was known of the others is out of date, and what waits unread is too. */
  restart(): void {
    for (const socket of this.#sockets.values()) socket.discard()
    this.#liveness = this.#create()
    this.#told.clear()
    this.#run(nowMs => [
      ...this.#liveness.setSpeakers(addressesOf(this.#paths), nowMs),
      ...this.#liveness.setWatched(this.#watchedPaths(), nowMs),
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
    for (const cancel of this.#cancelRests.values()) cancel()
    for (const socket of this.#sockets.values()) socket.close()
    this.#sockets.clear()
  }

  #setPaths(): void {
    const others = this.#speakers.filter(({ node }) => node !== this.#init.node)
    this.#paths = new Map(livenessPaths(this.#segments, others).map(path => [path.id, path]))
    this.#run(
      nowMs => [
        ...this.#liveness.setSpeakers(addressesOf(this.#paths), nowMs),
        ...this.#liveness.setWatched(this.#watchedPaths(), nowMs),
      ],
      { changed: true },
    )
  }

  #watchedPaths(): Set<string> {
    const ids = [...this.#paths.values()].filter(({ node }) => this.#watched.has(node)).map(({ id }) => id)
    return new Set(ids)
  }

  /** Tells what is otherwise than it was told last; of a node that is not watched any more nothing is known. */
  #tell(): void {
    const before = this.#told
    this.#told = new Map()
    for (const { status, lastHeardMs, saidGoodbye, node: id } of this.#liveness.watched()) {
      const { node, links = [] } = this.#paths.get(id) ?? {}
      for (const link of node === undefined ? [] : links) {
        this.#told.set(`${node} ${link}`, { node: node!, link, state: status, lastHeardMs, saidGoodbye })
      }
    }
    const changed = [...this.#told].filter(([key, { state }]) => before.get(key)?.state !== state)
    const forgotten = [...before].filter(([key]) => !this.#told.has(key))
    for (const [, event] of changed) this.#init.onLiveness(event)
    for (const [, event] of forgotten) this.#init.onLiveness({ ...event, state: 'unknown' })
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
        batchSize: BATCH_SIZE,
        onBatch: batch => {
          if (batch.count < BATCH_SIZE) this.#rest(family)
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

  #rest(family: Family): void {
    const socket = this.#sockets.get(family)
    socket?.pause()
    this.#cancelRests.set(
      family,
      this.#components.clock.setTimer(() => socket?.resume(), REST_MS),
    )
  }

  #run(step: (nowMs: number) => readonly LivenessAction[], { changed = false }: { changed?: boolean } = {}): void {
    if (this.#closed) return
    const { clock } = this.#components
    const nowMs = clock.monotonicMs()
    const datagrams: Record<Family, OutgoingDatagram[]> = { 4: [], 6: [] }
    for (const action of step(nowMs)) {
      if (action.type === 'liveness') changed = true
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
    if (changed) this.#tell()
  }
}

function addressesOf(paths: ReadonlyMap<string, LivenessPath>): Map<string, LivenessPath['addresses']> {
  return new Map([...paths.values()].map(({ id, addresses }) => [id, addresses]))
}
