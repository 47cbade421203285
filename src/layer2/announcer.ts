import type { Address } from '../ip/address.ts'
import type { DesiredSet, WantedInterfaces } from './desired.ts'
import { GratuitousSchedule } from './gratuitous-schedule.ts'
import type { Link } from './link.ts'

export type AnnouncerEvent =
  /** what this node should announce from now on */
  | { readonly type: 'desired'; readonly desired: DesiredSet }
  /** the interfaces that can be used from now on */
  | { readonly type: 'links'; readonly links: readonly Link[] }
  /** time has passed: `dueMs` is reached */
  | { readonly type: 'timer' }

export type AnnouncerAction =
  /** from now on requests for the address are answered on the interface */
  | { readonly type: 'answer'; readonly link: Link; readonly address: Address }
  /** and from now on no more */
  | { readonly type: 'silence'; readonly link: Link; readonly address: Address }
  /** tell the segment now */
  | { readonly type: 'announce'; readonly link: Link; readonly address: Address }

/** One address on one interface. */
export interface Announcement {
  readonly address: Address
  readonly link: Link
  /** when it was claimed, by the monotonic clock */
  readonly sinceMs: number
}

/**
 * Decides when an address is claimed, announced and given up on each interface. It takes the whole desired set and the whole list of
 * interfaces, and works out the difference; given the same events at the same times it does the same things. It does nothing by
 * itself: who drives it executes the actions, and comes back at `dueMs`.
 *
 * An address is claimed as soon as it is desired. Asking before claiming, hand-over and conflicts belong between `desired` and the
 * announcement: an address then waits in #claim() until silence has answered.
 */
export class Announcer {
  #desired: DesiredSet = new Map()
  #links = new Map<string, Link>()
  /** by interface name, then by address */
  readonly #announcements = new Map<string, Map<string, Announcement>>()
  readonly #schedule = new GratuitousSchedule<Announcement>()

  /** When the next gratuitous frames are due, by the clock of the events; undefined when nothing is announced. */
  get dueMs(): number | undefined {
    return this.#schedule.dueMs
  }

  /** Everything announced now. */
  *announcements(): IterableIterator<Announcement> {
    for (const byAddress of this.#announcements.values()) yield* byAddress.values()
  }

  step(event: AnnouncerEvent, nowMs: number): AnnouncerAction[] {
    switch (event.type) {
      case 'desired':
        this.#desired = event.desired
        return this.#converge(nowMs)
      case 'links':
        return [...this.#replaceLinks(event.links), ...this.#converge(nowMs)]
      case 'timer':
        return this.#schedule.due(nowMs).map(({ link, address }) => ({ type: 'announce', link, address }))
    }
  }

  /** An interface that is gone, or came back as another, or changed its MAC, loses its announcements and starts again. */
  #replaceLinks(links: readonly Link[]): AnnouncerAction[] {
    const next = new Map(links.map(link => [link.name, link]))
    const actions: AnnouncerAction[] = []
    for (const [name, old] of this.#links) {
      const now = next.get(name)
      if (now && now.index === old.index && now.mac === old.mac) {
        next.set(name, old)
        continue
      }
      for (const key of [...(this.#announcements.get(name)?.keys() ?? [])]) actions.push(this.#withdraw(name, key))
    }
    this.#links = next
    return actions
  }

  #converge(nowMs: number): AnnouncerAction[] {
    const actions: AnnouncerAction[] = []
    for (const [name, byAddress] of this.#announcements) {
      for (const key of [...byAddress.keys()]) {
        const wanted = this.#desired.get(key)
        if (!wanted || !includes(wanted.interfaces, name)) actions.push(this.#withdraw(name, key))
      }
    }
    for (const link of this.#links.values()) {
      for (const [key, { address, interfaces }] of this.#desired) {
        if (!includes(interfaces, link.name) || !link.families.includes(address.family)) continue
        if (!this.#announcements.get(link.name)?.has(key)) actions.push(...this.#claim(link, key, address, nowMs))
      }
    }
    return actions
  }

  #claim(link: Link, key: string, address: Address, nowMs: number): AnnouncerAction[] {
    const announcement = { address, link, sinceMs: nowMs }
    let byAddress = this.#announcements.get(link.name)
    if (!byAddress) {
      byAddress = new Map()
      this.#announcements.set(link.name, byAddress)
    }
    byAddress.set(key, announcement)
    this.#schedule.add(announcement, nowMs)
    // Answering begins before the segment is told, so that nobody who believes it asks in vain.
    return [
      { type: 'answer', link, address },
      { type: 'announce', link, address },
    ]
  }

  #withdraw(name: string, key: string): AnnouncerAction {
    const byAddress = this.#announcements.get(name)!
    const announcement = byAddress.get(key)!
    byAddress.delete(key)
    if (byAddress.size === 0) this.#announcements.delete(name)
    this.#schedule.remove(announcement)
    return { type: 'silence', link: announcement.link, address: announcement.address }
  }
}

function includes(interfaces: WantedInterfaces, name: string): boolean {
  return interfaces === 'all' || interfaces.includes(name)
}
