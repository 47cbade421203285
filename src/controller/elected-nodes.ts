import { electOwners } from '../layer2/election.ts'
import { type Claim, groupAddresses } from '../layer2/group.ts'

export interface ElectedNodesInit {
  /** what all Services claim now; asked for only when it is needed */
  claims: () => Iterable<Claim>
  /** monotonic */
  nowMs: () => number
  /** hashes that may be computed: addresses × candidates. Beyond that nobody is named. */
  maximumHashes?: number
  /** an election is not held anew sooner than this */
  intervalMs?: number
}

/**
 * Which node is elected for an address, for messages: what the speakers need at every moment is here looked up only when an address
 * has no owner that says so. So the controller holds an election when something is wrong, and in a very large cluster none.
 */
export class ElectedNodes {
  readonly #init: Required<ElectedNodesInit>
  #owners = new Map<string, string>()
  #stale = true
  #electedAtMs = Number.NEGATIVE_INFINITY

  constructor(init: ElectedNodesInit) {
    this.#init = { maximumHashes: 50_000, intervalMs: 1_000, ...init }
  }

  /** Claims or candidates may be others than before. */
  touch(): void {
    this.#stale = true
  }

  /** Of the last election, which may be a second old; undefined when nobody is elected, or that is not known. */
  ownerOf(address: string): string | undefined {
    const { nowMs, intervalMs } = this.#init
    if (this.#stale && nowMs() - this.#electedAtMs >= intervalMs) this.#elect()
    return this.#owners.get(address)
  }

  #elect(): void {
    const { claims, nowMs, maximumHashes } = this.#init
    this.#stale = false
    this.#owners = new Map()
    const groups = groupAddresses(claims())
    let hashes = 0
    for (const { candidates } of groups) hashes += candidates.size
    if (hashes <= maximumHashes) {
      const elected = electOwners(groups)
      for (const { address, addresses } of groups) {
        const owner = elected.get(address)
        if (owner !== undefined) for (const member of addresses) this.#owners.set(member, owner)
      }
    }
    this.#electedAtMs = nowMs()
  }
}
