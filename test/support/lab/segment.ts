import { setTimeout as sleep } from 'node:timers/promises'
import { namespaceFile } from '../../../lab/network.ts'
import { Asker } from './asker.ts'
import type { DualOwnership } from './claims.ts'
import type { Speaking } from './frames.ts'
import { type TestLab, waitFor } from './lab.ts'
import { Sniffer } from './sniffer.ts'

/** Segment A of a lab under observation: a sniffer that hears all, and an asker that makes owners speak. */
export class WatchedSegment {
  readonly sniffer: Sniffer
  readonly addresses: readonly string[]
  readonly #lab: TestLab
  readonly #asker: Asker | undefined
  /** an owner that was not heard for so long is none */
  readonly #recentMs: number

  /** @param options.askEveryMs 0: nobody asks, so that only announcements are heard */
  static async watch(
    lab: TestLab,
    addresses: readonly string[],
    options: { askEveryMs?: number } = {},
  ): Promise<WatchedSegment> {
    const { topology } = lab.lab
    const sniffer = await Sniffer.start(topology.switchNamespace, 'segment-a')
    const everyMs = options.askEveryMs ?? 20
    if (everyMs === 0) return new WatchedSegment(lab, addresses, sniffer, everyMs)
    const asker = new Asker({
      namespaceFile: namespaceFile(topology.client.namespace),
      card: 'eth0',
      from: clientOf(lab),
      addresses,
      everyMs,
    })
    return new WatchedSegment(lab, addresses, sniffer, everyMs, asker)
  }

  private constructor(lab: TestLab, addresses: readonly string[], sniffer: Sniffer, askEveryMs: number, asker?: Asker) {
    this.#recentMs = Math.max(200, 3 * askEveryMs)
    this.#lab = lab
    this.addresses = addresses
    this.sniffer = sniffer
    this.#asker = asker
  }

  /** The node whose card on the segment has this MAC. */
  nodeOf(mac: string | undefined): string | undefined {
    return this.#lab.lab.topology.nodes.find(({ interfaces }) => interfaces.some(each => each.mac === mac))?.name
  }

  macOf(node: string): string {
    const mac = this.#lab.lab.topology.nodes.find(({ name }) => name === node)?.interfaces[0]?.mac
    if (mac === undefined) throw new Error(`the lab has no node ${node}`)
    return mac
  }

  /** Who owns each address, by what was heard last; nobody where nothing was heard for the time of some questions. */
  owners(): Map<string, string> {
    const sinceMs = this.sniffer.heardUntilMs - this.#recentMs
    const owners = new Map<string, string>()
    for (const address of this.addresses) {
      const last = this.sniffer.claims(address).at(-1)
      const node = last === undefined || last.timeMs < sinceMs ? undefined : this.nodeOf(last.mac)
      if (node !== undefined) owners.set(address, node)
    }
    return owners
  }

  /** Which addresses another node owns than before, or nobody, e.g. "192.0.2.100: node1 before, now nobody". */
  movedSince(before: ReadonlyMap<string, string>): string[] {
    const now = this.owners()
    return this.addresses.flatMap(address => {
      const [was = 'nobody', is = 'nobody'] = [before.get(address), now.get(address)]
      return was === is ? [] : `${address}: ${was} before, now ${is}`
    })
  }

  /** The node that owns most addresses, and which these are. */
  busiest(): { node: string; mac: string; addresses: string[] } {
    const byNode = Map.groupBy(this.owners(), ([, node]) => node)
    const [node, entries] = [...byNode].sort(([, one], [, other]) => other.length - one.length)[0] ?? []
    if (node === undefined || entries === undefined) throw new Error('nobody owns an address')
    return { node, mac: this.macOf(node), addresses: entries.map(([address]) => address) }
  }

  /**
   * Waits until every address has an owner, and every owner has been the same for `forMs`.
   *
   * @param options.as until these are the owners again: a node that has come back takes its addresses a second or two after it is ready
   */
  async settled(
    options: { forMs?: number; timeoutMs?: number; as?: ReadonlyMap<string, string> } = {},
  ): Promise<Map<string, string>> {
    const { forMs = 1000, timeoutMs = 20_000, as } = options
    let before = new Map<string, string>()
    let sinceMs = Date.now()
    return await waitFor(
      () => {
        const owners = this.owners()
        if (!sameOwners(before, owners)) sinceMs = Date.now()
        before = owners
        const unowned = this.addresses.filter(address => !owners.has(address))
        if (unowned.length > 0)
          throw new Error(`nobody answers for ${unowned.length} addresses, such as ${unowned.slice(0, 3).join(', ')}`)
        const moved = as === undefined ? [] : this.movedSince(as)
        if (moved.length > 0)
          throw new Error(`${moved.length} addresses are not where they belong, such as ${moved[0]}`)
        return Date.now() - sinceMs >= forMs && owners
      },
      { what: `every address to have one owner for ${forMs} ms`, timeoutMs, everyMs: 50 },
    )
  }

  /** What two MACs shared for longer than `longerThanMs` since a moment, with what was heard. Empty is as it should be. */
  violations(options: { sinceMs?: number; longerThanMs?: number } = {}): string[] {
    const { sinceMs = 0, longerThanMs = 100 } = options
    return this.addresses.flatMap(address =>
      this.sniffer
        .dualOwners(address, sinceMs)
        .filter(({ fromMs, toMs }) => toMs - fromMs > longerThanMs)
        .map(dual => this.#describe(address, dual)),
    )
  }

  /** The longest time that two MACs shared since a moment, in ms; undefined when none did. */
  longestDual(sinceMs = 0): number | undefined {
    const lengths = this.addresses.flatMap(address =>
      this.sniffer.dualOwners(address, sinceMs).map(({ fromMs, toMs }) => toMs - fromMs),
    )
    return lengths.length === 0 ? undefined : Math.max(...lengths)
  }

  async stop(): Promise<void> {
    this.#asker?.stop()
    await sleep(50) // what was just sent
    await this.sniffer.stop()
  }

  #describe(address: string, { macs, fromMs, toMs }: DualOwnership): string {
    const who = macs.map(mac => this.nodeOf(mac) ?? mac).join(' and ')
    const story = this.sniffer.story(address, fromMs - 300, toMs + 100)
    return `${who} both owned ${address} for ${(toMs - fromMs).toFixed(0)} ms from ${new Date(fromMs).toISOString()}\n${story}`
  }
}

/** The client as a host that speaks for itself. */
export function clientOf(lab: TestLab): Speaking {
  const { mac, addresses } = lab.lab.topology.client.interfaces[0]!
  return { mac, ipv4: addresses[0]!.split('/')[0]!, ipv6: addresses[1]!.split('/')[0]! }
}

function sameOwners(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([address, node]) => other.get(address) === node)
}
