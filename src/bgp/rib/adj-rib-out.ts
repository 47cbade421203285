import { type Address, type Family, sameAddress } from '../../ip/address.ts'
import { encodeMessage } from '../codec/encode-message.ts'
import type { NextHop } from '../message.ts'
import { type RouteDifference, Routes } from '../routes.ts'
import type { ExportSession, NextHops } from './export-session.ts'
import { FamilyRib } from './family-rib.ts'

export type { ExportSession, NextHops } from './export-session.ts'

/** Differences taken before it is looked again whether they fill a message. */
const TAKEN_AT_ONCE = 256

/**
 * Tells one peer, on one session, the routes that it is to know. It takes the whole set each time and tells the difference, in as few
 * messages as the packing allows. A message is made when there is room for it on the wire: what changes meanwhile is told once, as it is
 * by then, and a peer that reads slowly costs no memory.
 */
export class AdjRibOut {
  #session: ExportSession
  #gracefulShutdown = false
  #routes = Routes.none
  readonly #ribs: ReadonlyMap<Family, FamilyRib>
  #started = false
  /** of the first set of routes what is not queued yet: the peer works on the first messages while the others are made */
  #untaken: Iterator<RouteDifference> | undefined

  constructor(session: ExportSession) {
    this.#session = session
    const { families } = session.negotiated
    this.#ribs = new Map(
      families.map(family => [family, new FamilyRib(session, { family, desired: () => this.#desired(family) })]),
    )
  }

  /** Whether next() has a message. */
  get pending(): boolean {
    if (this.#untaken) return true
    for (const rib of this.#ribs.values()) if (rib.pending) return true
    return false
  }

  /** prefixes that the peer has been told */
  get sent(): number {
    let sent = 0
    for (const rib of this.#ribs.values()) sent += rib.sent
    return sent
  }

  /** All routes that the peer is to know from now on. Those of families that the session does not have are left out. */
  setRoutes(routes: Routes): void {
    this.#takeAll()
    const differences = routes.differencesFrom(this.#routes)[Symbol.iterator]()
    this.#routes = routes
    this.#untaken = differences
    if (this.#started) this.#takeAll()
    this.#started = true
    for (const rib of this.#ribs.values()) rib.start()
  }

  /** The peer wants everything of a family again (RFC 2918 §4). */
  refresh(family: Family): void {
    this.#takeAll()
    this.#ribs.get(family)?.refresh()
  }

  /** The addresses of this end are others now: the families whose next hop it changes are told again. */
  setNextHops(nextHops: NextHops): void {
    this.#takeAll()
    const before = this.#session.nextHops
    this.#session = { ...this.#session, nextHops }
    for (const [family, rib] of this.#ribs) {
      if (!sameNextHop(before[family], nextHops[family])) rib.setSession(this.#session, this.#gracefulShutdown)
    }
  }

  /** Marks all routes as about to go (RFC 8326), or no longer so. */
  setGracefulShutdown(on: boolean): void {
    if (on === this.#gracefulShutdown) return
    this.#takeAll()
    this.#gracefulShutdown = on
    for (const rib of this.#ribs.values()) rib.setSession(this.#session, on)
  }

  /** The next message to send, whole; undefined when the peer has been told everything. */
  next(): Uint8Array | undefined {
    const message =
      this.#takeMessage()?.nextAnnouncement() ??
      this.#first(rib => rib.nextWithdrawal()) ??
      this.#first(rib => rib.nextAnnouncement())
    return message && encodeMessage(message, this.#session.negotiated)
  }

  /** Takes differences until they fill a message; of which family. Undefined when all are taken. */
  #takeMessage(): FamilyRib | undefined {
    while (this.#untaken) {
      for (const rib of this.#ribs.values()) if (rib.fillsMessage) return rib
      this.#take(TAKEN_AT_ONCE)
    }
    return undefined
  }

  #takeAll(): void {
    while (this.#untaken) this.#take(Number.POSITIVE_INFINITY)
  }

  #take(count: number): void {
    for (let taken = 0; taken < count; taken++) {
      const { done, value } = this.#untaken!.next()
      if (done) {
        this.#untaken = undefined
        return
      }
      const { before, after } = value
      this.#ribs.get((after ?? before)!.prefix.address.family)?.change(value)
    }
  }

  #first<T>(ask: (rib: FamilyRib) => T | undefined): T | undefined {
    for (const rib of this.#ribs.values()) {
      const answer = ask(rib)
      if (answer) return answer
    }
    return undefined
  }

  *#desired(family: Family) {
    for (const entry of this.#routes) if (entry[1].prefix.address.family === family) yield entry
  }
}

function sameNextHop(a: NextHop | undefined, b: NextHop | undefined): boolean {
  return sameOrNone(a?.global, b?.global) && sameOrNone(a?.linkLocal, b?.linkLocal)
}

function sameOrNone(a: Address | undefined, b: Address | undefined): boolean {
  return a && b ? sameAddress(a, b) : a === b
}
