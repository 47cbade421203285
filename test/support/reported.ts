import type { LinkReport, ReportedAnnouncement } from '../../src/bin/speaker/link/link-messages.ts'

/** All that a link thread has reported by now. */
export type WholeReport = Omit<LinkReport, 'announced' | 'withdrawn'> & {
  /** sorted by address */
  readonly announcements: readonly ReportedAnnouncement[]
}

/** Puts reports together, each of which tells of its announcements what has changed. */
export class Reported {
  readonly #announcements = new Map<string, ReportedAnnouncement>()
  /** undefined before the first report */
  report: WholeReport | undefined

  add({ announced, withdrawn, ...rest }: LinkReport): WholeReport {
    for (const address of withdrawn) this.#announcements.delete(address)
    for (const announcement of announced) this.#announcements.set(announcement.address, announcement)
    const announcements = [...this.#announcements.values()].sort((a, b) => (a.address < b.address ? -1 : 1))
    this.report = { ...rest, announcements }
    return this.report
  }
}
