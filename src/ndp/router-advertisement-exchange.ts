import type { MacAddress } from '../wire/mac-address.ts'
import {
  decodeRouterAdvertisement,
  encodeRouterAdvertisement,
  encodeRouterSolicitation,
} from './router-advertisement.ts'
import type { RouterAdvertisementProblem } from './router-advertisement-validity.ts'

/** Why an advertisement was not taken. */
export type RouterAdvertisementDrop = RouterAdvertisementProblem | 'ownAddress' | 'tooManyRouters'

export interface RouterExchangeInit {
  readonly mac: MacAddress
  /** this node's link-local address on the interface */
  readonly linkLocal: bigint
}

interface KnownRouter {
  forgetAtMs: number
  /** it has said that it may serve as default router */
  offered: boolean
}

const INITIAL_ADVERTISEMENTS = 4
const INITIAL_INTERVAL_MS = 1_000
/** RFC 4861 §6.2.4: at random between these, so that routers do not fall into step */
const SHORTEST_INTERVAL_MS = 7_500
const LONGEST_INTERVAL_MS = 10_000
/** RFC 4861 §10 */
const MAX_SOLICITATIONS = 3
const SOLICITATION_INTERVAL_MS = 4_000
/** RFC 4861 §6.2.1: the longest interval between advertisements is half an hour, and a router is given three */
const UNKNOWN_LIFETIME_MS = 3 * 1_800_000
/** on a link between two there is one; more than a few are a mistake or an attack */
const MAX_ROUTERS = 16

/**
 * How this node and the routers on one interface learn each other's link-local addresses: it advertises itself, the first times at short
 * intervals, again so when a router appears; it asks for routers until it knows one; and it remembers those it hears. Given the same frames,
 * times and random numbers it does the same things.
 *
 * A router is forgotten when it has been silent for the lifetime that it gave itself, or takes it back (lifetime 0). One that never offered
 * to be a default router, as Herald itself does not, is kept for an hour and a half of silence.
 */
export class RouterExchange {
  /** advertisements that were not taken, by reason; reasons that never occurred are left out */
  readonly dropped: Partial<Record<RouterAdvertisementDrop, number>> = {}
  readonly #random: () => number
  readonly #linkLocal: bigint
  readonly #advertisement: Uint8Array
  readonly #solicitation: Uint8Array
  readonly #routers = new Map<bigint, KnownRouter>()
  #initialLeft = INITIAL_ADVERTISEMENTS
  #advertiseAtMs: number
  #advertisedMs = Number.NEGATIVE_INFINITY
  #solicitationsLeft = MAX_SOLICITATIONS
  #solicitAtMs: number

  /** @param components.random numbers from 0 up to, not including, 1 */
  constructor({ random }: { random: () => number }, { mac, linkLocal }: RouterExchangeInit, nowMs: number) {
    this.#random = random
    this.#linkLocal = linkLocal
    this.#advertisement = encodeRouterAdvertisement(mac, linkLocal)
    this.#solicitation = encodeRouterSolicitation(mac, linkLocal)
    this.#advertiseAtMs = nowMs
    this.#solicitAtMs = nowMs
  }

  /** Link-local addresses of the routers, the one known longest first. */
  get routers(): bigint[] {
    return [...this.#routers.keys()]
  }

  /** When timer() is due. */
  get dueMs(): number {
    let dueMs = Math.min(this.#advertiseAtMs, this.#solicitAtMs)
    for (const { forgetAtMs } of this.#routers.values()) dueMs = Math.min(dueMs, forgetAtMs)
    return dueMs
  }

  /** Takes a frame. Returns whether `routers` has changed; dueMs may have. */
  receive(frame: Uint8Array, nowMs: number): boolean {
    const decoded = decodeRouterAdvertisement(frame)
    if ('problem' in decoded) return this.#drop(decoded.problem)
    const { router, lifetimeSeconds } = decoded.advertisement
    if (router === this.#linkLocal) return this.#drop('ownAddress')
    const known = this.#routers.get(router)
    // RFC 4861 §6.2.5: so says a router that ceases to be one.
    if (known?.offered && lifetimeSeconds === 0) return this.#routers.delete(router)
    if (!known && this.#routers.size >= MAX_ROUTERS) return this.#drop('tooManyRouters')
    const forgetAtMs = nowMs + (lifetimeSeconds > 0 ? lifetimeSeconds * 1_000 : UNKNOWN_LIFETIME_MS)
    if (known) {
      known.forgetAtMs = forgetAtMs
      known.offered ||= lifetimeSeconds > 0
      return false
    }
    this.#routers.set(router, { forgetAtMs, offered: lifetimeSeconds > 0 })
    this.#solicitAtMs = Number.POSITIVE_INFINITY
    // It may have started a moment ago, and not know this node.
    this.#initialLeft = INITIAL_ADVERTISEMENTS
    this.#advertiseAtMs = Math.max(nowMs, this.#advertisedMs + INITIAL_INTERVAL_MS)
    return true
  }

  /** To be called at `dueMs`; earlier does no harm. Returns the frames to send, and whether `routers` has changed. */
  timer(nowMs: number): { frames: readonly Uint8Array[]; changed: boolean } {
    const frames: Uint8Array[] = []
    let changed = false
    for (const [router, { forgetAtMs }] of this.#routers) {
      if (nowMs >= forgetAtMs) changed = this.#routers.delete(router)
    }
    if (changed && this.#routers.size === 0) {
      this.#solicitationsLeft = MAX_SOLICITATIONS
      this.#solicitAtMs = nowMs
    }
    if (nowMs >= this.#advertiseAtMs) {
      frames.push(this.#advertisement)
      this.#advertisedMs = nowMs
      this.#initialLeft = Math.max(0, this.#initialLeft - 1)
      this.#advertiseAtMs = nowMs + (this.#initialLeft > 0 ? INITIAL_INTERVAL_MS : this.#intervalMs())
    }
    if (nowMs >= this.#solicitAtMs) {
      frames.push(this.#solicitation)
      this.#solicitationsLeft--
      this.#solicitAtMs = this.#solicitationsLeft > 0 ? nowMs + SOLICITATION_INTERVAL_MS : Number.POSITIVE_INFINITY
    }
    return { frames, changed }
  }

  #intervalMs(): number {
    return SHORTEST_INTERVAL_MS + this.#random() * (LONGEST_INTERVAL_MS - SHORTEST_INTERVAL_MS)
  }

  #drop(reason: RouterAdvertisementDrop): boolean {
    this.dropped[reason] = (this.dropped[reason] ?? 0) + 1
    return false
  }
}
