import type { Family } from '../../ip/address.ts'
import type { Prefix } from '../../ip/prefix.ts'
import { RouteRefreshSubtype } from '../codec/route-refresh.ts'
import { endOfRib } from '../codec/update.ts'
import { type AddressFamily, type Message, type RouteRefreshMessage, SAFI_UNICAST } from '../message.ts'
import type { Route, RouteAttributes } from '../route.ts'
import type { RouteDifference } from '../routes.ts'
import { AFI_OF, type ExportSession } from './export-session.ts'
import { RouteQueue } from './route-queue.ts'
import { sameAttributes } from './same-attributes.ts'
import { announcing, type UpdateTemplate, withdrawing } from './update-template.ts'

/** The peer knows the prefix, but has to be told again, whatever it was told. */
const OUTDATED = Symbol('outdated')
type Told = Route | typeof OUTDATED | undefined

/**
 * Where the telling of a family stands: the first pass, which an End-of-RIB closes (RFC 4724 §2); at rest, but for what is queued; a refresh
 * to be opened by a marker; a refresh that one is to close (RFC 7313 §4).
 */
type Phase = 'first' | 'rest' | 'refreshAsked' | 'refreshing'

/** The routes of one family on one session: what the peer has been told and is to be told. It holds only what is not yet told. */
export class FamilyRib {
  readonly #family: Family
  /** all routes of the family that are desired now */
  readonly #desired: () => Iterable<readonly [key: string, route: Route]>
  #session: ExportSession
  #gracefulShutdown = false
  /** nothing is desired before the first set of routes has come, and then the first pass does not end */
  #started = false
  #phase: Phase = 'first'
  /** asked while another pass was under way */
  #refreshAgain = false
  readonly #queue = new RouteQueue()
  /** by key of what is queued: what the peer was told before; it knows all others as they are desired */
  readonly #told = new Map<string, Told>()
  #templates = new WeakMap<RouteAttributes, { readonly template: UpdateTemplate | undefined }>()
  #sent = 0

  constructor(
    session: ExportSession,
    init: { family: Family; desired: () => Iterable<readonly [key: string, route: Route]> },
  ) {
    this.#session = session
    this.#family = init.family
    this.#desired = init.desired
  }

  /** prefixes that the peer has been told */
  get sent(): number {
    return this.#sent
  }

  /** Whether there is something to tell. */
  get pending(): boolean {
    if (!this.#queue.isEmpty) return true
    if (this.#phase === 'first') return this.#started
    return this.#phase !== 'rest'
  }

  /** Whether the message that nextAnnouncement() would make has no room for more. */
  get fillsMessage(): boolean {
    const attributes = this.#queue.firstAttributes()
    return attributes !== undefined && this.#queue.fills(attributes, this.#templateOf(attributes)!.room)
  }

  /** The set of desired routes is known now. */
  start(): void {
    this.#started = true
  }

  change({ key, before, after }: RouteDifference): void {
    const [wasDesired, desired] = [this.#announceable(before), this.#announceable(after)]
    const told = this.#forget(key, wasDesired)
    this.#queueChange(key, (before ?? after)!.prefix, told, desired)
  }

  /** RFC 2918 §4: tells everything again. Behind a pass that ends with a marker one more waits at most. */
  refresh(): void {
    if (this.#phase === 'rest') this.#beginRefresh()
    else this.#refreshAgain = true
  }

  /** From now on the session is another; everything is told again that it changes. */
  setSession(session: ExportSession, gracefulShutdown: boolean): void {
    const routes = [...this.#desired()].map(([key, route]) => {
      const before = this.#announceable(route)
      return { key, route, told: this.#forget(key, before) }
    })
    this.#session = session
    this.#gracefulShutdown = gracefulShutdown
    this.#templates = new WeakMap()
    for (const { key, route, told } of routes) {
      this.#queueChange(key, route.prefix, told && OUTDATED, this.#announceable(route))
    }
  }

  nextWithdrawal(): Message | undefined {
    if (!this.#queue.withdraws) return undefined
    const { room, message } = withdrawing(this.#family, this.#session.negotiated)
    const taken = this.#queue.takeWithdrawn(room)
    for (const key of taken.keys()) this.#told.delete(key)
    this.#sent -= taken.size
    return message([...taken.values()])
  }

  /** What comes after all withdrawals: announcements, and the markers before and behind them. */
  nextAnnouncement(): Message | undefined {
    if (this.#phase === 'refreshAsked') {
      this.#phase = 'refreshing'
      return this.#refreshMarker(RouteRefreshSubtype.begin)
    }
    const attributes = this.#queue.firstAttributes()
    if (attributes) {
      const { room, message } = this.#templateOf(attributes)!
      return message(this.#tell(this.#queue.takeAnnounced(attributes, room)))
    }
    return this.#queue.isEmpty ? this.#endPass() : undefined
  }

  #tell(taken: ReadonlyMap<string, Prefix>): Prefix[] {
    for (const key of taken.keys()) {
      if (this.#told.get(key) === undefined) this.#sent++
      this.#told.delete(key)
    }
    return [...taken.values()]
  }

  #endPass(): Message | undefined {
    if (this.#phase === 'rest' || !this.#started) return undefined
    const marker =
      this.#phase === 'first' ? endOfRib(this.#addressFamily) : this.#refreshMarker(RouteRefreshSubtype.end)
    this.#phase = 'rest'
    if (this.#refreshAgain) {
      this.#refreshAgain = false
      this.#beginRefresh()
    }
    return marker
  }

  #beginRefresh(): void {
    // Without markers there is nothing to open and to close: what is queued is all.
    if (this.#session.negotiated.enhancedRouteRefresh) this.#phase = 'refreshAsked'
    for (const [key, route] of this.#desired()) {
      const desired = this.#announceable(route)
      // What is queued will be told anyway.
      if (desired && !this.#told.has(key)) this.#queueChange(key, route.prefix, OUTDATED, desired)
    }
  }

  #refreshMarker(subtype: RouteRefreshSubtype): RouteRefreshMessage {
    return { type: 'routeRefresh', ...this.#addressFamily, subtype }
  }

  get #addressFamily(): AddressFamily {
    return { afi: AFI_OF[this.#family], safi: SAFI_UNICAST }
  }

  /** What the peer was told of a prefix, which is not queued any more then. */
  #forget(key: string, desired: Route | undefined): Told {
    if (!this.#told.has(key)) return desired
    const told = this.#told.get(key)
    this.#told.delete(key)
    this.#queue.remove(key, desired?.attributes)
    return told
  }

  #queueChange(key: string, prefix: Prefix, told: Told, desired: Route | undefined): void {
    if (told !== OUTDATED && (desired ? told && sameAttributes(told.attributes, desired.attributes) : !told)) return
    this.#told.set(key, told)
    if (desired) this.#queue.announce(key, desired)
    else this.#queue.withdraw(key, prefix)
  }

  #announceable(route: Route | undefined): Route | undefined {
    return route && this.#templateOf(route.attributes) && route
  }

  #templateOf(attributes: RouteAttributes): UpdateTemplate | undefined {
    let entry = this.#templates.get(attributes)
    if (!entry) {
      entry = { template: announcing(attributes, this.#family, this.#session, this.#gracefulShutdown) }
      this.#templates.set(attributes, entry)
    }
    return entry.template
  }
}
