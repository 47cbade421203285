import type { NodeLiveness } from '../../../bfd/liveness.ts'
import type { NetworkInterface } from '../../../io/interfaces.ts'
import { formatAddress } from '../../../ip/address.ts'
import type { Announcement, AnnouncementConflict } from '../../../layer2/announcer-events.ts'
import type { Link } from '../../../layer2/link.ts'
import { formatMac } from '../../../wire/mac-address.ts'
import type { LinkReport, ReportedSession } from './link-messages.ts'

/** Where a report takes what it says. Times are of the monotonic clock. */
export interface ReportSources {
  readonly revision: number
  readonly interfaces: readonly NetworkInterface[]
  /** those in use, by name */
  readonly links: ReadonlyMap<string, Link>
  readonly announcements: Iterable<Announcement>
  readonly conflicts: Iterable<AnnouncementConflict>
  /** watched nodes, on each way to them */
  readonly watched: Iterable<{ readonly node: string; readonly liveness: NodeLiveness }>
  /** what the wall clock is ahead of the monotonic one */
  readonly offsetMs: number
}

/** Puts together what this node sees and announces. */
export function buildReport(sources: ReportSources): LinkReport {
  const { revision, conflicts, offsetMs } = sources
  return {
    revision,
    interfaces: reportInterfaces(sources),
    announcements: reportAnnouncements(sources),
    conflicts: [...conflicts]
      .map(({ address, link, mac, sinceMs }) => ({
        address: formatAddress(address),
        interface: link.name,
        mac: formatMac(mac),
        sinceMs: Math.round(offsetMs + sinceMs),
      }))
      .sort(by(({ address, interface: name }) => `${address} ${name}`)),
    sessions: reportSessions(sources),
  }
}

function reportInterfaces({ interfaces, links }: ReportSources): LinkReport['interfaces'] {
  return interfaces
    .filter(({ name }) => links.has(name))
    .map(({ name, addresses }) => ({
      name,
      mac: formatMac(links.get(name)!.mac),
      addresses: addresses.map(({ address, prefixLength }) => `${formatAddress(address)}/${prefixLength}`),
    }))
    .sort(by(({ name }) => name))
}

function reportAnnouncements({ announcements, offsetMs }: ReportSources): LinkReport['announcements'] {
  const byAddress = new Map<string, { interfaces: string[]; sinceMs: number }>()
  for (const { address, link, sinceMs } of announcements) {
    const key = formatAddress(address)
    const entry = byAddress.get(key)
    if (!entry) byAddress.set(key, { interfaces: [link.name], sinceMs })
    else {
      entry.interfaces.push(link.name)
      entry.sinceMs = Math.min(entry.sinceMs, sinceMs)
    }
  }
  return [...byAddress]
    .map(([address, { interfaces, sinceMs }]) => ({
      address,
      interfaces: interfaces.sort(),
      sinceMs: Math.round(offsetMs + sinceMs),
    }))
    .sort(by(({ address }) => address))
}

/** Of several ways to a node the worst is told. */
function reportSessions({ watched, offsetMs }: ReportSources): ReportedSession[] {
  const sessions = new Map<string, ReportedSession>()
  for (const { node, liveness } of watched) {
    const before = sessions.get(node)
    const session = reportSession(node, liveness, offsetMs)
    if (!before || before.state === 'Up') sessions.set(node, session)
  }
  return [...sessions.values()].sort(by(({ node }) => node))
}

function reportSession(
  node: string,
  { status, saidGoodbye, sinceMs }: NodeLiveness,
  offsetMs: number,
): ReportedSession {
  const state = status === 'up' ? 'Up' : status === 'unknown' ? 'Init' : saidGoodbye ? 'AdminDown' : 'Down'
  return { node, state, sinceMs: Math.round(offsetMs + sinceMs) }
}

function by<Item>(keyOf: (item: Item) => string): (a: Item, b: Item) => number {
  return (a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0)
}
