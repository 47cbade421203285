import { PageLoop, type Visit } from '../../support/lab/page-loop.ts'
import { losses, type Span } from '../spans.ts'

const EVERY_MS = 200
/** Longer than TCP waits before it sends a lost first packet again, shorter than its second wait. */
const TIMEOUT_MS = 2_500

/** A client that fetches a page through each of some addresses all the time, from one place in the network. */
export class VisitsWatch {
  readonly addresses: readonly string[]
  readonly #visits = new Map<string, Visit[]>()
  #loop: PageLoop | undefined
  #requests = 0

  static async start(namespace: string, addresses: readonly string[]): Promise<VisitsWatch> {
    const watch = new VisitsWatch(addresses)
    // A page that came late has come: how late tells of the machine.
    const limits = { everyMs: EVERY_MS, timeoutMs: TIMEOUT_MS, slowMs: TIMEOUT_MS }
    watch.#loop = await PageLoop.start({ namespace, addresses, ...limits, onVisit: visit => watch.#note(visit) })
    return watch
  }

  private constructor(addresses: readonly string[]) {
    this.addresses = addresses
    for (const address of addresses) this.#visits.set(address, [])
  }

  get requests(): number {
    return this.#requests
  }

  /** The times without a page since a moment, longest first. Visits under way are not counted yet. */
  losses(sinceMs: number): { address: string; span: Span; visit: Visit }[] {
    return this.addresses
      .flatMap(address => {
        const visits = this.#since(address, sinceMs)
        const lastMs = visits.at(-1)?.atMs ?? sinceMs
        return losses(visits, lastMs).map(span => {
          const visit = visits.find(({ atMs, outcome }) => atMs === span.fromMs && outcome !== undefined)!
          return { address, span, visit }
        })
      })
      .sort((one, other) => other.span.toMs - other.span.fromMs - (one.span.toMs - one.span.fromMs))
  }

  /** The addresses of which no visit ended since a moment, or the latest that did had failed. */
  unreached(sinceMs: number): string[] {
    return this.addresses.filter(address => {
      const ended = (this.#visits.get(address) ?? []).filter(({ atMs, tookMs }) => atMs + tookMs >= sinceMs)
      const latest = ended.reduce<Visit | undefined>(
        (best, each) => (best && best.atMs > each.atMs ? best : each),
        undefined,
      )
      return latest === undefined || latest.outcome !== undefined
    })
  }

  forget(beforeMs: number): void {
    for (const [address, visits] of this.#visits)
      this.#visits.set(
        address,
        visits.filter(({ atMs }) => atMs >= beforeMs),
      )
  }

  async stop(): Promise<void> {
    await this.#loop?.stop()
  }

  #note(visit: Visit): void {
    this.#requests++
    this.#visits.get(visit.address)?.push(visit)
  }

  /** In the order in which they began; they ended in another. */
  #since(address: string, sinceMs: number): Visit[] {
    return (this.#visits.get(address) ?? [])
      .filter(({ atMs }) => atMs >= sinceMs)
      .sort((one, other) => one.atMs - other.atMs)
  }
}
