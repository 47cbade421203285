import { timeText } from '../../kubernetes/time-text.ts'
import type { SpeakerReport } from '../../resources/speaker-view.ts'
import type { LinkReport } from './link/link-messages.ts'

/** What a SpeakerStatus tells of a link report. */
export type SpeakerObservation = Pick<LinkReport, 'interfaces' | 'announcements'> &
  Partial<Pick<LinkReport, 'conflicts' | 'sessions'>>

/** A time that has moved by less than this is the same time: clocks are read anew for each report, and corrected in between. */
const TOLERANCE_MS = 2_000

/**
 * Turns what the link thread reports into what the SpeakerStatus says: sorted, each key once, times in whole seconds that stay as
 * they are while nothing happens. All speakers watch that object, so it must not change without a reason.
 */
export class SpeakerReports {
  /** by what began: when */
  #since = new Map<string, number>()

  describe(report: SpeakerObservation): SpeakerReport {
    const before = this.#since
    const now = new Map<string, number>()
    const since = (sinceMs: number, ...what: string[]): string => {
      const key = what.join(' ')
      const known = before.get(key)
      const stable = known !== undefined && Math.abs(known - sinceMs) < TOLERANCE_MS ? known : sinceMs
      now.set(key, stable)
      return timeText(stable)
    }
    const announcements = sortedOnce(report.announcements, ({ address }) => address)
    const conflicts = sortedOnce(report.conflicts ?? [], item => `${item.address} ${item.interface}`)
    const sessions = sortedOnce(report.sessions ?? [], ({ node }) => node)
    const described: SpeakerReport = {
      interfaces: sortedOnce(report.interfaces, ({ name }) => name),
      announcements: announcements.map(({ address, interfaces, sinceMs }) => ({
        address,
        interfaces: [...interfaces].sort(),
        since: since(sinceMs, 'announcement', address),
      })),
      conflicts: conflicts.map(({ address, interface: name, mac, sinceMs }) => ({
        address,
        interface: name,
        mac,
        since: since(sinceMs, 'conflict', address, name, mac),
      })),
      sessions: sessions.map(({ node, state, sinceMs }) => ({
        node,
        state,
        since: since(sinceMs, 'session', node, state),
      })),
    }
    this.#since = now
    return described
  }
}

/** Of two members with one key the first counts: readers look members up by it. */
function sortedOnce<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[] {
  const byKey = new Map<string, Item>()
  for (const item of items) if (!byKey.has(keyOf(item))) byKey.set(keyOf(item), item)
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item)
}
