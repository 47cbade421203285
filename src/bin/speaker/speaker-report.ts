import { timeText } from '../../kubernetes/time-text.ts'
import type { SpeakerReport } from '../../resources/speaker-view.ts'
import { EMPTY_REPORT, type LinkReport, type ReportedAnnouncement } from './link/link-messages.ts'

/** What a SpeakerStatus tells of a link report. */
export type SpeakerObservation = Omit<LinkReport, 'revision'>

/** A time that has moved by less than this is the same time: clocks are read anew for each report, and corrected in between. */
const TOLERANCE_MS = 2_000

/**
 * Keeps what the SpeakerStatus says from what the link thread reports: sorted, each key once, times in whole seconds that stay as
 * they are while nothing happens. All speakers watch that object, so it must not change without a reason.
 */
export class SpeakerReports {
  readonly #announcements = new Map<string, ReportedAnnouncement>()
  /** by conflict and session: when it began */
  #since = new Map<string, number>()
  #observed: Pick<SpeakerObservation, 'interfaces' | 'conflicts' | 'sessions'> = EMPTY_REPORT
  /** of all that was applied; undefined when that has changed */
  #current: SpeakerReport | undefined
  #any = false

  /** Something was reported. */
  get any(): boolean {
    return this.#any
  }

  apply({ interfaces, announced, withdrawn, conflicts, sessions }: SpeakerObservation): void {
    for (const address of withdrawn) this.#announcements.delete(address)
    for (const announcement of announced) {
      const { address, sinceMs } = announcement
      const known = this.#announcements.get(address)?.sinceMs
      this.#announcements.set(address, { ...announcement, sinceMs: stable(known, sinceMs) })
    }
    const before = this.#since
    const now = new Map<string, number>()
    const kept = <Item extends { readonly sinceMs: number }>(item: Item, ...what: string[]): Item => {
      const key = what.join(' ')
      const sinceMs = stable(before.get(key), item.sinceMs)
      now.set(key, sinceMs)
      return { ...item, sinceMs }
    }
    this.#observed = {
      interfaces: sortedOnce(interfaces, ({ name }) => name),
      conflicts: sortedOnce(conflicts, item => `${item.address} ${item.interface}`).map(conflict =>
        kept(conflict, 'conflict', conflict.address, conflict.interface, conflict.mac),
      ),
      sessions: sortedOnce(sessions, ({ node }) => node).map(session =>
        kept(session, 'session', session.node, session.state),
      ),
    }
    this.#since = now
    this.#current = undefined
    this.#any = true
  }

  /** What the SpeakerStatus should say. Costs its size after a change. */
  get current(): SpeakerReport {
    const { interfaces, conflicts, sessions } = this.#observed
    this.#current ??= {
      interfaces,
      announcements: sortedOnce(this.#announcements.values(), ({ address }) => address).map(
        ({ address, interfaces: on, sinceMs }) => ({ address, interfaces: [...on].sort(), since: timeText(sinceMs) }),
      ),
      conflicts: conflicts.map(({ address, interface: name, mac, sinceMs }) => ({
        ...{ address, interface: name, mac, since: timeText(sinceMs) },
      })),
      sessions: sessions.map(({ node, state, sinceMs }) => ({ node, state, since: timeText(sinceMs) })),
    }
    return this.#current
  }
}

function stable(knownMs: number | undefined, sinceMs: number): number {
  return knownMs !== undefined && Math.abs(knownMs - sinceMs) < TOLERANCE_MS ? knownMs : sinceMs
}

/** Of two members with one key the first counts: readers look members up by it. */
function sortedOnce<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Item[] {
  const byKey = new Map<string, Item>()
  for (const item of items) if (!byKey.has(keyOf(item))) byKey.set(keyOf(item), item)
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item)
}
