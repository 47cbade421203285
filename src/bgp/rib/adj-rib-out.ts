import { type Address, type Family, sameAddress } from '../../ip/address.ts'
import { encodeMessage } from '../codec/encode-message.ts'
import type { NextHop } from '../message.ts'
import { Routes } from '../routes.ts'
import type { ExportSession, NextHops } from './export-session.ts'
import { FamilyRib } from './family-rib.ts'

export type { ExportSession, NextHops } from './export-session.ts'

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

  constructor(session: ExportSession) {
    this.#session = session
    const { families } = session.negotiated
    this.#ribs = new Map(
      families.map(family => [family, new FamilyRib(session, { family, desired: () => this.#desired(family) })]),
    )
  }

  /** Whether next() has a message. */
  get pending(): boolean {
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
    const before = this.#routes
    this.#routes = routes
    for (const difference of routes.differencesFrom(before)) {
      this.#ribs.get((difference.after ?? difference.before)!.prefix.address.family)?.change(difference)
    }
    for (const rib of this.#ribs.values()) rib.start()
  }

  /** The peer wants everything of a family again (RFC 2918 §4). */
  refresh(family: Family): void {
    this.#ribs.get(family)?.refresh()
  }

  /** The addresses of this end are others now: the families whose next hop it changes are told again. */
  setNextHops(nextHops: NextHops): void {
    const before = this.#session.nextHops
    this.#session = { ...this.#session, nextHops }
    for (const [family, rib] of this.#ribs) {
      if (!sameNextHop(before[family], nextHops[family])) rib.setSession(this.#session, this.#gracefulShutdown)
    }
  }

  /** Marks all routes as about to go (RFC 8326), or no longer so. */
  setGracefulShutdown(on: boolean): void {
    if (on === this.#gracefulShutdown) return
    this.#gracefulShutdown = on
    for (const rib of this.#ribs.values()) rib.setSession(this.#session, on)
  }

  /** The next message to send, whole; undefined when the peer has been told everything. */
  next(): Uint8Array | undefined {
    const message = this.#first(rib => rib.nextWithdrawal()) ?? this.#first(rib => rib.nextAnnouncement())
    return message && encodeMessage(message, this.#session.negotiated)
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
