import type { Context } from './context.ts'
import type { Network } from './network.ts'
import type { Limits } from './plots.ts'

/** What the referee looks at of a node. */
export interface Contestant {
  readonly running: boolean
  readonly paused: boolean
  readonly answering: Uint8Array
  /** asks or waits for it, or owns it */
  readonly listening: Uint8Array
  /** since when */
  readonly listeningSinceMs: Float64Array
  /** since when it has run without a break */
  readonly sinceMs: number
}

/** What went on in one run. */
export interface Measurements {
  /** every time that two owners heard each other: for how long */
  readonly bothMs: number[]
  /** every time that an address had no owner and then one: for how long it had none */
  readonly unownedMs: number[]
  /** from the death of an owner that crashed to the next claim */
  readonly takeoverMs: number[]
  /** every time that an address had no owner though a node wanted it */
  readonly wantedMs: number[]
  /** after all was healed and the last change: for how long an address had no owner, and until when addresses moved */
  healedUnownedMs: number
  settledAfterMs: number
  /** how often an address was claimed */
  claims: number
  mostFramesPerSecond: number
  mostClaimsInTenSeconds: number
}

/** RFC 5227 §1.1 DEFEND_INTERVAL */
const DEFEND_INTERVAL_MS = 10_000
const NEVER = -1

/** Sees everything at once, which no node can, and says what must not be. */
export class Referee {
  readonly measurements: Measurements = {
    bothMs: [],
    unownedMs: [],
    takeoverMs: [],
    wantedMs: [],
    healedUnownedMs: 0,
    settledAfterMs: 0,
    claims: 0,
    mostFramesPerSecond: 0,
    mostClaimsInTenSeconds: 0,
  }
  /** the first thing that must not be */
  problem: string | undefined
  /** from then on no address may change hands */
  quietFromMs = Number.POSITIVE_INFINITY
  readonly #context: Context
  readonly #network: Network
  readonly #limits: Limits
  #healed = false
  #excused = false
  #disturbedMs = 0
  #nodes: readonly Contestant[] = []
  /** by claim (segment × address) and pair of nodes: since when both own and hear each other */
  readonly #bothSinceMs: Float64Array
  /** by claim, when it was owned last; NEVER while it is owned */
  readonly #unownedSinceMs: Float64Array
  /** by claim: since when it has no owner although some node wants it */
  readonly #wantedSinceMs: Float64Array
  readonly #everOwned: Uint8Array
  readonly #crashed: Uint8Array
  readonly #claimedMs: number[][]
  readonly #second: Int32Array
  readonly #framesInSecond: Int32Array
  /** by claim: since when the foreign host has held it; NEVER while it does not */
  readonly #strangerSinceMs: Float64Array

  constructor(context: Context, network: Network, limits: Limits) {
    const claims = context.links.length * context.addresses.length
    const size = context.names.length
    this.#context = context
    this.#network = network
    this.#limits = limits
    this.#bothSinceMs = new Float64Array(claims * size * size).fill(NEVER)
    this.#unownedSinceMs = new Float64Array(claims)
    this.#wantedSinceMs = new Float64Array(claims).fill(NEVER)
    this.#everOwned = new Uint8Array(claims)
    this.#crashed = new Uint8Array(claims)
    this.#claimedMs = Array.from({ length: claims }, () => [])
    this.#second = new Int32Array(claims)
    this.#framesInSecond = new Int32Array(claims)
    this.#strangerSinceMs = new Float64Array(claims).fill(NEVER)
  }

  attach(nodes: readonly Contestant[]): void {
    this.#nodes = nodes
  }

  fail(problem: string): void {
    if (this.problem !== undefined) return
    this.problem = `${(this.#context.queue.nowMs / 1000).toFixed(3)} s: ${problem}`
    this.#context.trace?.(`PROBLEM ${problem}`)
  }

  /** The world has changed: addresses may move for a while. */
  disturbed(): void {
    this.#disturbedMs = this.#context.queue.nowMs
    if (this.#healed) this.quietFromMs = this.#disturbedMs + this.#limits.settledMs
  }

  /** What nodes say may not be understood for a while. */
  excuse(): void {
    this.#excused = true
  }

  /** No fault is left. */
  allHealed(): void {
    this.#healed = true
    this.disturbed()
  }

  /** A node has begun or ceased to answer for an address. */
  ownerChanged(node: number, segment: number, address: number): void {
    const claim = segment * this.#context.addresses.length + address
    if (this.#nodes[node]!.answering[claim]) this.#claimed(node, segment, address, claim)
    this.#look(segment, address)
  }

  /** A process has stopped or goes on. */
  nodeChanged(node: number): void {
    const { answering } = this.#nodes[node]!
    for (let claim = 0; claim < answering.length; claim++) {
      this.#look(Math.floor(claim / this.#context.addresses.length), claim % this.#context.addresses.length)
    }
  }

  /** The owner of a claim is about to die without a word. */
  crashes(node: number): void {
    const { answering } = this.#nodes[node]!
    for (let claim = 0; claim < answering.length; claim++) if (this.#owns(node, claim)) this.#crashed[claim] = 1
  }

  /** A node that stops has waited for long enough: was there nobody to take over? */
  leavesWithAddresses(leaver: number): void {
    if (this.#network.unreliable || this.#excused) return
    const { links, addresses, names } = this.#context
    for (const segment of links.keys()) {
      for (const address of addresses.keys()) {
        const claim = segment * addresses.length + address
        if (!this.#owns(leaver, claim)) continue
        const heir = this.#nodes.findIndex((_, node) => node !== leaver && this.#hasAsked(node, leaver, segment, claim))
        if (heir < 0) continue
        this.fail(`${names[leaver]} leaves with ${this.#nameOf(segment, address)}, which ${names[heir]} wants`)
      }
    }
  }

  /** Whether some node that can reach the API server has wanted the address for long, and nobody owns it. */
  isNeglected(segment: number, address: number, reachesApi: (node: number) => boolean): boolean {
    const claim = segment * this.#context.addresses.length + address
    const sinceMs = this.#wantedSinceMs[claim]!
    if (sinceMs === NEVER || this.#context.queue.nowMs - sinceMs < 10_000) return false
    return this.#nodes.some((_, node) => this.#wants(node, segment, claim) && reachesApi(node))
  }

  networkChanged(): void {
    this.nodeChanged(0)
  }

  strangerChanged(segment: number, address: number, holds: boolean): void {
    const claim = segment * this.#context.addresses.length + address
    this.#strangerSinceMs[claim] = holds ? this.#context.queue.nowMs : NEVER
    this.#wantedSinceMs[claim] = NEVER
  }

  sent(_node: number, segment: number, address: number): void {
    const claim = segment * this.#context.addresses.length + address
    const second = Math.floor(this.#context.queue.nowMs / 1_000)
    if (this.#second[claim] !== second) {
      this.#second[claim] = second
      this.#framesInSecond[claim] = 0
    }
    const frames = ++this.#framesInSecond[claim]!
    if (frames > this.measurements.mostFramesPerSecond) this.measurements.mostFramesPerSecond = frames
    if (frames > this.#limits.framesPerSecond)
      this.fail(`${frames} frames within a second for ${this.#nameOf(segment, address)}`)
  }

  /** A node has announced because the foreign host was heard. */
  defended(node: number, segment: number, address: number, afterMs: number): void {
    if (afterMs >= DEFEND_INTERVAL_MS) return
    const name = this.#context.names[node]
    this.fail(`${name} defended ${this.#nameOf(segment, address)} again after ${Math.round(afterMs)} ms`)
  }

  /** Whoever answers for an address now, by index. */
  ownersOf(segment: number, address: number): number[] {
    const claim = segment * this.#context.addresses.length + address
    return [...this.#nodes.keys()].filter(index => this.#owns(index, claim))
  }

  strangerHolds(segment: number, address: number): boolean {
    return this.#strangerSinceMs[segment * this.#context.addresses.length + address] !== NEVER
  }

  /** Ends all that still lasts. */
  finish(): void {
    const { links, addresses } = this.#context
    for (const segment of links.keys()) {
      for (const address of addresses.keys()) {
        this.#lookAtPairs(segment, address, true)
        this.#lookAtWanted(segment, address, false)
      }
    }
  }

  #claimed(node: number, segment: number, address: number, claim: number): void {
    const { nowMs } = this.#context.queue
    this.measurements.claims++
    if (this.#healed)
      this.measurements.settledAfterMs = Math.max(this.measurements.settledAfterMs, nowMs - this.#disturbedMs)
    const times = this.#claimedMs[claim]!
    times.push(nowMs)
    while (nowMs - times[0]! > 10_000) times.shift()
    if (times.length > this.measurements.mostClaimsInTenSeconds) this.measurements.mostClaimsInTenSeconds = times.length
    const name = this.#nameOf(segment, address)
    if (times.length > this.#limits.claimsInTenSeconds) this.fail(`${name} was claimed ${times.length} times in 10 s`)
    if (nowMs >= this.quietFromMs) this.fail(`${name} changed hands without a reason, to ${this.#context.names[node]}`)
    const strangerSinceMs = this.#strangerSinceMs[claim]!
    if (this.#network.unreliable || strangerSinceMs === NEVER || nowMs - strangerSinceMs < 250) return
    const { stranger } = this.#network
    if (!this.#network.hears(segment, node, stranger) || !this.#network.hears(segment, stranger, node)) return
    this.fail(`${this.#context.names[node]} claimed ${name}, which a foreign host holds`)
  }

  /** A node has begun or ceased to want an address. */
  wantsChanged(segment: number, address: number): void {
    this.#look(segment, address)
  }

  #look(segment: number, address: number): void {
    this.#lookAtPairs(segment, address, false)
    const claim = segment * this.#context.addresses.length + address
    const { nowMs } = this.#context.queue
    let owned = false
    let wanted = false
    for (let node = 0; node < this.#nodes.length && !owned; node++) {
      owned = this.#owns(node, claim)
      wanted ||= this.#wants(node, segment, claim)
    }
    this.#lookAtWanted(segment, address, wanted && !owned && this.#strangerSinceMs[claim] === NEVER)
    const sinceMs = this.#unownedSinceMs[claim]!
    if (owned && sinceMs !== NEVER) {
      if (this.#crashed[claim]) this.measurements.takeoverMs.push(nowMs - sinceMs)
      this.#crashed[claim] = 0
      if (this.#everOwned[claim]) this.#noteUnowned(segment, address, nowMs - sinceMs)
      if (this.#healed) this.#noteHealedUnowned(segment, address, nowMs - Math.max(sinceMs, this.#disturbedMs))
      this.#everOwned[claim] = 1
      this.#unownedSinceMs[claim] = NEVER
    } else if (!owned && sinceMs === NEVER) {
      this.#unownedSinceMs[claim] = nowMs
    }
  }

  #lookAtWanted(segment: number, address: number, wanted: boolean): void {
    const claim = segment * this.#context.addresses.length + address
    const { nowMs } = this.#context.queue
    const sinceMs = this.#wantedSinceMs[claim]!
    if (wanted === (sinceMs !== NEVER)) return
    this.#wantedSinceMs[claim] = wanted ? nowMs : NEVER
    if (wanted || this.#strangerSinceMs[claim] !== NEVER) return
    const lastedMs = nowMs - sinceMs
    this.measurements.wantedMs.push(lastedMs)
    if (lastedMs <= this.#limits.wantedMs) return
    this.fail(`${this.#nameOf(segment, address)} had no owner for ${Math.round(lastedMs)} ms though a node wanted it`)
  }

  #noteUnowned(segment: number, address: number, lastedMs: number): void {
    this.measurements.unownedMs.push(lastedMs)
    if (lastedMs <= this.#limits.everUnownedMs) return
    this.fail(`${this.#nameOf(segment, address)} had no owner for ${Math.round(lastedMs)} ms`)
  }

  #noteHealedUnowned(segment: number, address: number, lastedMs: number): void {
    if (lastedMs > this.measurements.healedUnownedMs) this.measurements.healedUnownedMs = lastedMs
    if (lastedMs <= this.#limits.unownedMs) return
    this.fail(`${this.#nameOf(segment, address)} had no owner for ${Math.round(lastedMs)} ms though all was well`)
  }

  #lookAtPairs(segment: number, address: number, ends: boolean): void {
    const size = this.#nodes.length
    const claim = segment * this.#context.addresses.length + address
    for (let a = 0; a < size; a++) {
      const ownsA = this.#owns(a, claim)
      for (let b = a + 1; b < size; b++) {
        const index = (claim * size + a) * size + b
        const sinceMs = this.#bothSinceMs[index]!
        const both =
          !ends &&
          ownsA &&
          this.#owns(b, claim) &&
          this.#network.hears(segment, a, b) &&
          this.#network.hears(segment, b, a)
        if (both === (sinceMs !== NEVER)) continue
        const { nowMs } = this.#context.queue
        if (both) {
          this.#context.trace?.(`TWO OWNERS of ${this.#nameOf(segment, address)}`)
          this.#bothSinceMs[index] = nowMs
          continue
        }
        this.#bothSinceMs[index] = NEVER
        this.#noteBoth(segment, address, nowMs - sinceMs, a, b)
      }
    }
  }

  #noteBoth(segment: number, address: number, lastedMs: number, a: number, b: number): void {
    const { names, trace } = this.#context
    this.measurements.bothMs.push(lastedMs)
    trace?.(`one owner of ${this.#nameOf(segment, address)} again after ${lastedMs.toFixed(1)} ms`)
    if (lastedMs <= (this.#excused ? this.#limits.excusedBothMs : this.#limits.bothMs)) return
    this.fail(`${names[a]} and ${names[b]} both owned ${this.#nameOf(segment, address)} for ${Math.round(lastedMs)} ms`)
  }

  /** It has wanted the address for long enough to have asked, and was heard. */
  #hasAsked(node: number, owner: number, segment: number, claim: number): boolean {
    const { sinceMs, listeningSinceMs } = this.#nodes[node]!
    const { nowMs } = this.#context.queue
    if (!this.#wants(node, segment, claim) || !this.#network.hears(segment, node, owner)) return false
    return nowMs - sinceMs > 500 && nowMs - listeningSinceMs[claim]! > 50
  }

  #wants(node: number, segment: number, claim: number): boolean {
    const { running, paused, listening } = this.#nodes[node]!
    return running && !paused && listening[claim] === 1 && this.#network.hasCarrier(segment, node)
  }

  #owns(node: number, claim: number): boolean {
    const { running, paused, answering } = this.#nodes[node]!
    return running && !paused && answering[claim] === 1
  }

  #nameOf(segment: number, address: number): string {
    return `${this.#context.addresses[address]!.key} on ${this.#context.links[segment]}`
  }
}
