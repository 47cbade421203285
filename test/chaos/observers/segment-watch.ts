import { setTimeout as sleep } from 'node:timers/promises'
import { namespaceFile } from '../../../lab/network.ts'
import { Asker } from '../../support/lab/asker.ts'
import { silences } from '../../support/lab/claims.ts'
import type { TestLab } from '../../support/lab/lab.ts'
import { clientOf, WatchedSegment } from '../../support/lab/segment.ts'
import type { Span } from '../spans.ts'

/** The layer-2 issue's measure: longer than this two MACs must not own one address. */
const DUAL_MS = 100
const ASK_EVERY_MS = 50
/** For how long it is listened whether anybody answers for what nobody holds. */
const LEFTOVER_MS = 600

/** The nodes' segment, heard by a sniffer on its switch, where the client asks for every address all the time. */
export class SegmentWatch {
  readonly addresses: readonly string[]
  readonly #lab: TestLab
  readonly #segment: WatchedSegment

  static async start(lab: TestLab, addresses: readonly string[]): Promise<SegmentWatch> {
    return new SegmentWatch(lab, await WatchedSegment.watch(lab, addresses, { askEveryMs: ASK_EVERY_MS }))
  }

  private constructor(lab: TestLab, segment: WatchedSegment) {
    this.#lab = lab
    this.#segment = segment
    this.addresses = segment.addresses
  }

  /** Two nodes that owned an address at the same time since a moment, each as a story. */
  twoOwners(sinceMs: number): string[] {
    return this.#segment.violations({ sinceMs, longerThanMs: DUAL_MS })
  }

  /** The times since a moment in which nobody answered for an address. */
  silences(sinceMs: number): { address: string; span: Span }[] {
    const { sniffer } = this.#segment
    return this.addresses.flatMap(address =>
      silences(sniffer.heard(address, sinceMs), sniffer.heardUntilMs).map(span => ({ address, span })),
    )
  }

  /** The addresses that nobody owns now. */
  unowned(): string[] {
    const owners = this.#segment.owners()
    return this.addresses.filter(address => !owners.has(address))
  }

  /** Who owns each address, e.g. for a choice of whom to strike. */
  owners(): ReadonlyMap<string, string> {
    return this.#segment.owners()
  }

  /** What was heard of an address, for a report. */
  story(address: string, { fromMs, toMs }: Span): string {
    return this.#segment.sniffer.story(address, fromMs - 500, toMs + 200)
  }

  /** Asks for addresses that nobody should own. @returns who answered, e.g. "192.0.2.120 by node1" */
  async answeredFor(addresses: readonly string[]): Promise<string[]> {
    if (addresses.length === 0) return []
    const sinceMs = Date.now()
    const { topology } = this.#lab.lab
    const asker = new Asker({
      ...{ namespaceFile: namespaceFile(topology.client.namespace), card: 'eth0', from: clientOf(this.#lab) },
      ...{ addresses, everyMs: LEFTOVER_MS / 3 },
    })
    try {
      await sleep(LEFTOVER_MS)
    } finally {
      asker.stop()
    }
    return addresses.flatMap(address => {
      const claim = this.#segment.sniffer.claims(address).findLast(({ timeMs }) => timeMs >= sinceMs)
      return claim === undefined ? [] : `${address} by ${this.#segment.nodeOf(claim.mac) ?? claim.mac}`
    })
  }

  forget(beforeMs: number): void {
    this.#segment.sniffer.forget(beforeMs)
  }

  /** @throws Error when the sniffer missed frames */
  async stop(): Promise<void> {
    await this.#segment.stop()
  }
}
