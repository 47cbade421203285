/** Finds the addresses in whose order a node stands. */
export class OrderIndex {
  readonly #addressesOfNode = new Map<string, Set<string>>()

  /** The addresses that a node is to own, or to take over when others fail, by key. */
  addressesOf(node: string): string[] {
    return [...(this.#addressesOfNode.get(node) ?? [])]
  }

  /** The order of an address was this one and is that one now; none where it is not, or no longer, wanted. */
  replace(key: string, before: readonly string[], after: readonly string[]): void {
    for (const node of before) {
      const addresses = this.#addressesOfNode.get(node)
      addresses?.delete(key)
      if (addresses?.size === 0) this.#addressesOfNode.delete(node)
    }
    for (const node of after) {
      const addresses = this.#addressesOfNode.get(node)
      if (addresses) addresses.add(key)
      else this.#addressesOfNode.set(node, new Set([key]))
    }
  }
}
