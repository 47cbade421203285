import type { NodeLiveness } from '../../../bfd/liveness.ts'
import type { NetworkInterface } from '../../../io/interfaces.ts'
import { formatAddress } from '../../../ip/address.ts'
import type { Announcement, AnnouncementConflict } from '../../../layer2/announcer-events.ts'
import type { Link } from '../../../layer2/link.ts'
import { formatMac } from '../../../wire/mac-address.ts'
import type { LinkReport, ReportedAnnouncement, ReportedSession } from './link-messages.ts'

/** Where a report takes what it says. Times are of the monotonic clock. */
export interface ReportSources {
  readonly revision: number
  readonly interfaces: readonly NetworkInterface[]
  /** those in use, by name */
  readonly links: ReadonlyMap<string, Link>
  /** addresses in canonical form that may be announced otherwise than before */
  readonly changed: Iterable<string>
  readonly announcementsOf: (address: string) => Iterable<Announcement>
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
    ...reportAnnouncements(sources),
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

function reportAnnouncements(sources: ReportSources): Pick<LinkReport, 'announced' | 'withdrawn'> {
  const { changed, announcementsOf, offsetMs } = sources
  const announced: ReportedAnnouncement[] = []
  const withdrawn: string[] = []
  for (const address of [...changed].sort()) {
    const announcements = [...announcementsOf(address)]
    if (announcements.length === 0) {
      withdrawn.push(address)
      continue
    }
    announced.push({
      address,
      interfaces: announcements.map(({ link }) => link.name).sort(),
      sinceMs: Math.round(offsetMs + Math.min(...announcements.map(({ sinceMs }) => sinceMs))),
    })
  }
  return { announced, withdrawn }
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
