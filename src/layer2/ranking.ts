import { createHash } from 'node:crypto'

interface AddressRanks {
  /** sha256(`node#address`) by node */
  readonly hashes: Map<string, string>
  /** the nodes last asked about and their order; valid for that very object */
  nodes?: ReadonlySet<string>
  ranked: readonly string[]
}

/**
 * The order of nodes for each address: by sha256(`node#address`), the bytes compared as they stand. Each hash is computed once and kept
 * as long as its address is in use, so that a node that comes costs one hash an address, and an address one a node.
 */
export class Ranking {
  readonly #ranks = new Map<string, AddressRanks>()
  readonly #addressHashes = new Map<string, string>()

  /** The nodes in the order of their hashes. `nodes` must not change afterwards: the same object gives the same answer. */
  rank(address: string, nodes: ReadonlySet<string>): readonly string[] {
    let ranks = this.#ranks.get(address)
    if (!ranks) {
      ranks = { hashes: new Map(), ranked: [] }
      this.#ranks.set(address, ranks)
    }
    if (ranks.nodes !== nodes) {
      const { hashes } = ranks
      // Nodes come and go under an address that stays for years.
      if (hashes.size > 2 * nodes.size + 16) for (const node of hashes.keys()) if (!nodes.has(node)) hashes.delete(node)
      for (const node of nodes) if (!hashes.has(node)) hashes.set(node, sha256(`${node}#${address}`))
      ranks.ranked = [...nodes].sort((a, b) => compare(hashes.get(a)!, hashes.get(b)!))
      ranks.nodes = nodes
    }
    return ranks.ranked
  }

  /** Sorts by the addresses' own hashes: an order that all speakers share and that favours nobody. */
  inDealingOrder<Item extends { readonly address: string }>(items: readonly Item[]): Item[] {
    const hashes = this.#addressHashes
    for (const { address } of items) if (!hashes.has(address)) hashes.set(address, sha256(address))
    return [...items].sort((a, b) => compare(hashes.get(a.address)!, hashes.get(b.address)!))
  }

  /** Forgets what was computed for other addresses than these. */
  keepOnly(addresses: { has(address: string): boolean }): void {
    for (const kept of [this.#ranks, this.#addressHashes]) {
      for (const address of kept.keys()) if (!addresses.has(address)) kept.delete(address)
    }
  }
}

// One character a byte: half the memory of hexadecimal digits, and strings compare as the bytes do.
function sha256(text: string): string {
  return createHash('sha256').update(text).digest('binary')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
