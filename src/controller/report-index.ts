import { formatAddress, parseAddress } from '../ip/address.ts'
import { isRegistered, type SpeakerReport, type SpeakerView } from '../resources/speaker-view.ts'

/** A node that says that it announces an address. */
export interface AnnouncingNode {
  readonly node: string
  readonly interfaces: readonly string[]
  /** RFC 3339 */
  readonly since?: string
}

/** A node that says that a foreign host holds or claims an address. */
export interface ReportedConflict {
  readonly node: string
  readonly interface: string
  readonly mac: string
  readonly since?: string
}

/** What speakers say of one address; both lists are sorted by node. */
export interface AddressReports {
  readonly announcing: readonly AnnouncingNode[]
  readonly conflicts: readonly ReportedConflict[]
}

/** What one node says of one address. */
interface NodeReport {
  readonly announcing?: AnnouncingNode
  readonly conflicts: readonly ReportedConflict[]
}

const NOTHING: AddressReports = { announcing: [], conflicts: [] }

/** What the registered speakers report, by address, so that a report that changes concerns only the addresses in which it does. */
export class ReportIndex {
  readonly #byNode = new Map<string, ReadonlyMap<string, NodeReport>>()
  readonly #byAddress = new Map<string, Map<string, NodeReport>>()

  /** Takes what a speaker says now; nothing counts of one that is gone or marked as expired. Gives the addresses that it changes. */
  put(node: string, speaker: SpeakerView | undefined): Set<string> {
    const before = this.#byNode.get(node) ?? new Map<string, NodeReport>()
    const after = speaker && isRegistered(speaker) ? byAddress(node, speaker) : new Map<string, NodeReport>()
    const changed = new Set<string>()
    for (const address of new Set([...before.keys(), ...after.keys()])) {
      const report = after.get(address)
      if (sameNodeReport(before.get(address), report)) continue
      changed.add(address)
      this.#set(address, node, report)
    }
    if (after.size > 0) this.#byNode.set(node, after)
    else this.#byNode.delete(node)
    return changed
  }

  /** @param address in canonical form */
  of(address: string): AddressReports {
    const reports = this.#byAddress.get(address)
    if (!reports) return NOTHING
    const nodes = [...reports].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, report]) => report)
    return {
      announcing: nodes.map(({ announcing }) => announcing).filter(item => item !== undefined),
      conflicts: nodes.flatMap(({ conflicts }) => conflicts),
    }
  }

  #set(address: string, node: string, report: NodeReport | undefined): void {
    const reports = this.#byAddress.get(address)
    if (report && reports) reports.set(node, report)
    else if (report) this.#byAddress.set(address, new Map([[node, report]]))
    else {
      reports?.delete(node)
      if (reports?.size === 0) this.#byAddress.delete(address)
    }
  }
}

/** What is no address is left out: who can write these objects must not be able to confuse anybody. */
function byAddress(node: string, { announcements, conflicts }: SpeakerReport): Map<string, NodeReport> {
  const reports = new Map<string, NodeReport>()
  for (const { address, interfaces, since } of announcements) {
    const key = canonical(address)
    if (key) reports.set(key, { announcing: { node, interfaces, ...(since && { since }) }, conflicts: [] })
  }
  for (const { address, interface: name, mac, since } of conflicts) {
    const key = canonical(address)
    if (!key) continue
    const report = reports.get(key)
    const conflict = { node, interface: name, mac, ...(since && { since }) }
    reports.set(key, { ...report, conflicts: [...(report?.conflicts ?? []), conflict] })
  }
  return reports
}

function canonical(text: string): string | undefined {
  const address = parseAddress(text)
  return address && formatAddress(address)
}

function sameNodeReport(a: NodeReport | undefined, b: NodeReport | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
