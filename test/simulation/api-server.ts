import type { Context } from './context.ts'
import type { Heal } from './network.ts'
import type { AddressConfig, ClusterConfig } from './orders.ts'

/** A SpeakerStatus. Never changed, only replaced. */
export interface SpeakerEntry {
  readonly registered: boolean
  readonly expired: boolean
  readonly macs: readonly number[]
  /** bit mask over (address, link): what it says that it announces */
  readonly owned: number
}

export interface Snapshot {
  readonly config: ClusterConfig
  readonly speakers: readonly SpeakerEntry[]
}

/** A speaker as the API server sees it. */
export interface ApiClient {
  /** it runs and could use the API server if it reached it */
  readonly connects: boolean
  seeConfig(config: ClusterConfig): void
  seeSpeakers(speakers: readonly SpeakerEntry[]): void
  /** the API server can or cannot be reached any more */
  apiChanged(): void
}

/** Scaled down from 10 s and 30 s, so that runs are short. */
export const LEASE_RENEW_MS = 1_000
export const LEASE_DURATION_MS = 4_000

const UNREGISTERED: SpeakerEntry = { registered: false, expired: false, macs: [], owned: 0 }

/** The API server, the watches on it, and the controller, which marks the speakers whose Leases ran out. */
export class ApiServer {
  readonly #context: Context
  readonly #clients: ApiClient[] = []
  readonly #cuts: Uint8Array
  readonly #staleMs: Float64Array
  readonly #configDueMs: Float64Array
  readonly #speakersDueMs: Float64Array
  /** counts the lists that a node has taken: events of before are void then */
  readonly #lists: Uint32Array
  /** when the Lease was renewed last; Infinity while it is being renewed all the time; -Infinity when there is none */
  readonly #renewedMs: Float64Array
  #downs = 0
  #upSinceMs = 0
  #config: ClusterConfig
  #speakers: readonly SpeakerEntry[]
  /** told whenever anything on which an order depends has changed */
  onOrderChange: () => void = () => {}

  constructor(context: Context, config: ClusterConfig) {
    const size = context.names.length
    this.#context = context
    this.#config = config
    this.#speakers = context.names.map(() => UNREGISTERED)
    this.#cuts = new Uint8Array(size)
    this.#staleMs = new Float64Array(size)
    this.#configDueMs = new Float64Array(size)
    this.#speakersDueMs = new Float64Array(size)
    this.#lists = new Uint32Array(size)
    this.#renewedMs = new Float64Array(size).fill(Number.NEGATIVE_INFINITY)
  }

  get snapshot(): Snapshot {
    return { config: this.#config, speakers: this.#speakers }
  }

  /** Who is registered in truth, as a bit mask. */
  get registered(): number {
    return registeredOf(this.#speakers)
  }

  attach(clients: readonly ApiClient[]): void {
    this.#clients.push(...clients)
  }

  isReachableFrom(node: number): boolean {
    return this.#downs === 0 && this.#cuts[node] === 0
  }

  cutFrom(node: number): Heal {
    this.#cuts[node]!++
    this.#clients[node]!.apiChanged()
    return once(() => {
      this.#cuts[node]!--
      this.#clients[node]!.apiChanged()
    })
  }

  takeDown(): Heal {
    this.#downs++
    for (const client of this.#clients) client.apiChanged()
    return once(() => {
      this.#downs--
      if (this.#downs > 0) return
      this.#upSinceMs = this.#context.queue.nowMs
      for (const client of this.#clients) client.apiChanged()
      // The controller counts from the moment at which it sees again.
      for (const node of this.#clients.keys()) this.#expectRenewal(node)
    })
  }

  /** Events come to a node so much later. */
  delayWatch(node: number, staleMs: number): Heal {
    this.#staleMs[node]! += staleMs
    return once(() => {
      this.#staleMs[node]! -= staleMs
      this.resync(node, this.#context.random.between(10, 100))
    })
  }

  changeConfig(change: (config: ClusterConfig) => Partial<ClusterConfig>): void {
    const before = this.#config
    const config = { ...before, ...change(before), version: before.version + 1 }
    this.#config = config
    this.onOrderChange()
    for (const [node, client] of this.#clients.entries()) {
      this.#tell(node, this.#configDueMs, () => client.seeConfig(config))
    }
  }

  /** Changes one address; healed, it is as before. */
  changeAddress(address: number, change: Partial<AddressConfig>): Heal {
    const before = this.#config.addresses[address]!
    const set = (config: AddressConfig): void =>
      this.changeConfig(({ addresses }) => ({ addresses: addresses.with(address, config) }))
    set({ ...before, ...change })
    return once(() => set(before))
  }

  /**
   * Two changes of the order come so fast that one node knows of the first and the other of the second at the same moment: each takes itself
   * for the first candidate.
   */
  tellTwo(address: number, one: number, other: number): void {
    const everyone = (1 << this.#clients.length) - 1
    const [first, second] = [one, other].map(node => ({
      ...this.#config.addresses[address]!,
      present: true,
      eligible: everyone,
      preferred: 1 << node,
    }))
    const before = this.#config
    const delayMs = 60
    this.#config = { ...before, addresses: before.addresses.with(address, first!), version: before.version + 1 }
    this.#tellAt(one, this.#configDueMs, delayMs, this.#config)
    this.#config = { ...before, addresses: before.addresses.with(address, second!), version: before.version + 2 }
    this.onOrderChange()
    for (const node of this.#clients.keys()) {
      const late = node === one ? 400 : this.#context.random.between(0, 1)
      this.#tellAt(node, this.#configDueMs, delayMs + late, this.#config)
    }
  }

  writeSpeaker(node: number, change: Partial<SpeakerEntry>): void {
    const before = this.#speakers[node]!
    const entry = { ...before, ...change }
    const speakers = [...this.#speakers]
    speakers[node] = entry
    this.#speakers = speakers
    if (entry.registered !== before.registered || entry.expired !== before.expired) {
      this.#context.trace?.(`api: ${this.#context.names[node]} is ${entry.expired ? 'expired' : 'registered'}`)
      this.onOrderChange()
    }
    for (const [watcher, client] of this.#clients.entries()) {
      this.#tell(watcher, this.#speakersDueMs, () => client.seeSpeakers(speakers))
    }
  }

  /** From now on the node renews its Lease. */
  startRenewing(node: number): void {
    this.#renewedMs[node] = Number.POSITIVE_INFINITY
  }

  /** It does so no more; the last time was at `renewedMs`. */
  stopRenewing(node: number, renewedMs: number): void {
    if (this.#renewedMs[node] !== Number.POSITIVE_INFINITY) return
    this.#renewedMs[node] = renewedMs
    this.#expectRenewal(node)
  }

  /** The node gives its Lease back and says that it left. */
  leave(node: number): void {
    this.#renewedMs[node] = Number.NEGATIVE_INFINITY
    this.writeSpeaker(node, { expired: true, owned: 0 })
  }

  /** After a client has reached the server again: it lists everything anew. */
  resync(node: number, inMs: number): void {
    const client = this.#clients[node]!
    const list = ++this.#lists[node]!
    this.#context.queue.in(inMs, () => {
      if (!this.isReachableFrom(node) || !client.connects || this.#lists[node] !== list) return
      this.#lists[node]!++
      this.#configDueMs[node] = this.#context.queue.nowMs
      this.#speakersDueMs[node] = this.#context.queue.nowMs
      client.seeConfig(this.#config)
      client.seeSpeakers(this.#speakers)
    })
  }

  #tell(node: number, dueMs: Float64Array, see: () => void): void {
    if (!this.isReachableFrom(node) || !this.#clients[node]!.connects) return
    const { queue, random } = this.#context
    const stale = this.#staleMs[node]!
    const atMs = Math.max(
      dueMs[node]!,
      queue.nowMs + random.between(2, 40) + (stale > 0 ? random.between(0, stale) : 0),
    )
    dueMs[node] = atMs
    const list = this.#lists[node]
    queue.at(atMs, () => {
      // What was listed in the meantime is newer.
      if (this.isReachableFrom(node) && this.#lists[node] === list) see()
    })
  }

  #tellAt(node: number, dueMs: Float64Array, delayMs: number, config: ClusterConfig): void {
    if (!this.isReachableFrom(node) || !this.#clients[node]!.connects) return
    const { queue } = this.#context
    const atMs = Math.max(dueMs[node]!, queue.nowMs + delayMs)
    dueMs[node] = atMs
    const list = this.#lists[node]
    queue.at(atMs, () => {
      if (this.isReachableFrom(node) && this.#lists[node] === list) this.#clients[node]!.seeConfig(config)
    })
  }

  #expectRenewal(node: number): void {
    const renewedMs = this.#renewedMs[node]!
    if (!Number.isFinite(renewedMs)) return
    const { queue, random } = this.#context
    queue.at(Math.max(renewedMs, this.#upSinceMs) + LEASE_DURATION_MS + random.between(20, 500), () => {
      if (this.#renewedMs[node] !== renewedMs || this.#downs > 0) return
      if (queue.nowMs - this.#upSinceMs < LEASE_DURATION_MS || this.#speakers[node]!.expired) return
      this.writeSpeaker(node, { expired: true })
    })
  }
}

/** Who counts as a candidate in a view, as a bit mask. */
export function registeredOf(speakers: readonly SpeakerEntry[]): number {
  let mask = 0
  for (let index = 0; index < speakers.length; index++) {
    const { registered, expired } = speakers[index]!
    if (registered && !expired) mask |= 1 << index
  }
  return mask
}

function once(heal: Heal): Heal {
  let done = false
  return () => {
    if (done) return
    done = true
    heal()
  }
}
