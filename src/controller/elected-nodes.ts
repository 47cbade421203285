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

/** A cluster that is too large for this is so for long. */
const INTERVAL_WHEN_LARGE_MS = 60_000

/**
 * Which node is elected for an address, for messages: what the speakers need at every moment is here looked up only when an address
 * has no owner that says so. So the controller holds an election when something is wrong, and in a very large cluster none.
 */
export class ElectedNodes {
  readonly #init: Required<ElectedNodesInit>
  #owners = new Map<string, string>()
  #stale = true
  #notBeforeMs = Number.NEGATIVE_INFINITY

  constructor(init: ElectedNodesInit) {
    this.#init = { maximumHashes: 50_000, intervalMs: 1_000, ...init }
  }

  /** Claims or candidates may be others than before. */
  touch(): void {
    this.#stale = true
  }

  /** Of the last election, which may be a second old; undefined when nobody is elected, or that is not known. */
  ownerOf(address: string): string | undefined {
    if (this.#stale && this.#init.nowMs() >= this.#notBeforeMs) this.#elect()
    return this.#owners.get(address)
  }

  #elect(): void {
    const { nowMs, intervalMs } = this.#init
    this.#stale = false
    this.#owners = new Map()
    const claims = this.#fewClaims()
    this.#notBeforeMs = nowMs() + (claims ? intervalMs : INTERVAL_WHEN_LARGE_MS)
    if (!claims) return
    const groups = groupAddresses(claims)
    const elected = electOwners(groups)
    for (const { address, addresses } of groups) {
      const owner = elected.get(address)
      if (owner !== undefined) for (const member of addresses) this.#owners.set(member, owner)
    }
  }

  /** All claims, unless they are too many. */
  #fewClaims(): Claim[] | undefined {
    const claims: Claim[] = []
    let hashes = 0
    for (const claim of this.#init.claims()) {
      for (const { candidates } of claim.addresses) hashes += candidates.size
      if (hashes > this.#init.maximumHashes) return undefined
      claims.push(claim)
    }
    return claims
  }
}
