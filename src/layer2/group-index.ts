import { type AddressGroup, type Claim, groupAddresses } from './group.ts'

export interface GroupChanges {
  /** every address whose group may be another than before, or that has none any more */
  readonly addresses: ReadonlySet<string>
  /** the groups that hold them now */
  readonly groups: readonly AddressGroup[]
  /** by their addresses: groups that are no more */
  readonly gone: ReadonlySet<string>
}

/**
 * Keeps the groups of all claims (groupAddresses()) as these come and go. A claim costs the addresses that hang together with it, and
 * no others.
 */
export class GroupIndex {
  readonly #claims = new Map<string, Claim>()
  readonly #claimants = new Map<string, Set<string>>()
  /** by each address in it */
  readonly #groups = new Map<string, AddressGroup>()
  readonly #touched = new Set<string>()

  /** @param claim undefined, or one without addresses: the Service claims nothing any more */
  set(service: string, claim: Claim | undefined): void {
    for (const { address } of this.#claims.get(service)?.addresses ?? []) {
      const claimants = this.#claimants.get(address)
      claimants?.delete(service)
      if (claimants?.size === 0) this.#claimants.delete(address)
      this.#touched.add(address)
    }
    if (!claim || claim.addresses.length === 0) {
      this.#claims.delete(service)
      return
    }
    this.#claims.set(service, claim)
    for (const { address } of claim.addresses) {
      const claimants = this.#claimants.get(address)
      if (claimants) claimants.add(service)
      else this.#claimants.set(address, new Set([service]))
      this.#touched.add(address)
    }
  }

  /** The Services that claim an address. */
  claimants(address: string): Iterable<string> {
    return this.#claimants.get(address) ?? []
  }

  /** The group that an address is in. */
  groupOf(address: string): AddressGroup | undefined {
    return this.#groups.get(address)
  }

  /** Brings the groups up to date, and tells what changed since the last time. */
  update(): GroupChanges {
    // What a changed claim tied together before, it touched; so each part of a group that fell apart is reached from within.
    const addresses = new Set(this.#touched)
    this.#touched.clear()
    const claims = new Map<string, Claim>()
    for (const address of addresses) {
      for (const service of this.claimants(address)) {
        if (claims.has(service)) continue
        const claim = this.#claims.get(service)!
        claims.set(service, claim)
        // A set that grows while it is gone through is gone through to its new end.
        for (const other of claim.addresses) addresses.add(other.address)
      }
    }
    const gone = new Set<string>()
    for (const address of addresses) {
      if (this.#groups.get(address)?.address === address) gone.add(address)
      this.#groups.delete(address)
    }
    const groups = groupAddresses(claims.values())
    for (const group of groups) {
      for (const address of group.addresses) this.#groups.set(address, group)
      gone.delete(group.address)
    }
    return { addresses, groups, gone }
  }
}
