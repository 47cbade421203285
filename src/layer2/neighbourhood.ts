import type { Address } from '../ip/address.ts'
import type { MacAddress } from '../wire/mac-address.ts'
import type { Origin } from './claim-state.ts'

/** What is known of a node whose speaker has registered once, from its SpeakerStatus. */
export interface KnownSpeaker {
  readonly node: string
  readonly macs: readonly MacAddress[]
  /** at which it can be reached */
  readonly addresses: readonly Address[]
  /** it has left, or its Lease has run out */
  readonly expired: boolean
}

/** `unknown` until it has been heard, or could have been. */
export type NodeLiveness = 'unknown' | 'up' | 'down'

export interface NodeLife {
  readonly state: NodeLiveness
  /** when the node was heard last, by the clock of liveness */
  readonly lastHeardMs?: number | undefined
  /** it said itself that it leaves */
  readonly saidGoodbye?: boolean
}

/** Whom the frames on the segment come from, and who of them lives. */
export class Neighbourhood {
  readonly #self: string
  #speakers: ReadonlyMap<string, KnownSpeaker> = new Map()
  #nodeOfMac = new Map<MacAddress, string>()
  /** of the speakers that have expired: since when that is known here */
  #expiredSinceMs = new Map<string, number>()
  #ownMacs: ReadonlySet<MacAddress> = new Set()
  /** by node, then by interface; under the empty name what counts on interfaces that are not told apart */
  readonly #liveness = new Map<string, Map<string, NodeLife>>()

  constructor(init: { self: string }) {
    this.#self = init.self
  }

  setSpeakers(speakers: Iterable<KnownSpeaker>, nowMs: number): void {
    const expiredBefore = this.#expiredSinceMs
    this.#speakers = new Map([...speakers].map(speaker => [speaker.node, speaker]))
    this.#nodeOfMac = new Map()
    this.#expiredSinceMs = new Map()
    for (const { node, macs, expired } of this.#speakers.values()) {
      for (const mac of macs) this.#nodeOfMac.set(mac, node)
      if (expired) this.#expiredSinceMs.set(node, expiredBefore.get(node) ?? nowMs)
    }
  }

  /** The MACs of this node's own interfaces: one may hear the other when both are on one segment. */
  setOwnMacs(macs: Iterable<MacAddress>): void {
    this.#ownMacs = new Set(macs)
  }

  /** @param link the interface on which that is known; all that are not told apart, when left out */
  setLife(node: string, life: NodeLife, link = ''): void {
    const lives = this.#liveness.get(node)
    if (lives) lives.set(link, life)
    else this.#liveness.set(node, new Map([[link, life]]))
  }

  /** What is known of the others' lives is worth nothing any more: all are unknown until they are heard again. */
  forgetLiveness(): void {
    this.#liveness.clear()
  }

  /** Who sent a frame with this MAC; undefined when it was this node itself. */
  originOf(mac: MacAddress): Origin | undefined {
    if (this.#ownMacs.has(mac)) return undefined
    const node = this.#nodeOfMac.get(mac)
    // This node's own MAC of before a change comes back to it for a while.
    if (node === this.#self) return undefined
    return node === undefined ? { mac } : { node }
  }

  isKnown(node: string): boolean {
    return this.#speakers.has(node)
  }

  /** It has been known as expired since then, or for longer; undefined while it is registered. */
  expiredSinceMs(node: string): number | undefined {
    return this.isKnown(node) ? this.#expiredSinceMs.get(node) : Number.NEGATIVE_INFINITY
  }

  /** Nobody who is not known to be dead is passed over. */
  isDown(node: string, link = ''): boolean {
    return this.livenessOf(node, link) === 'down'
  }

  livenessOf(node: string, link = ''): NodeLiveness {
    return this.lifeOf(node, link)?.state ?? 'unknown'
  }

  lifeOf(node: string, link = ''): NodeLife | undefined {
    const lives = this.#liveness.get(node)
    return lives?.get(link) ?? lives?.get('')
  }
}
