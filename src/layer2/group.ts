import type { Candidates, ElectionGroup } from './election.ts'

/** The addresses of one Service that are to be announced, in the Service's order, each with its candidates. */
export interface Claim {
  readonly addresses: readonly { readonly address: string; readonly candidates: Candidates }[]
}

/** A group together with the addresses in it. */
export interface AddressGroup extends ElectionGroup {
  readonly addresses: readonly string[]
}

/**
 * Ties together what one node must announce: the addresses of one Service, and through a shared address those of several. A node is a
 * candidate for a group if it is one for every address in it; when no node is, the addresses are elected one by one.
 *
 * @param claims one per Service; their order does not matter
 */
export function groupAddresses(claims: Iterable<Claim>): AddressGroup[] {
  const parents = new Map<string, string>()
  const candidates = new Map<string, Candidates[]>()
  for (const { addresses } of claims) {
    for (const item of addresses) {
      if (!parents.has(item.address)) parents.set(item.address, item.address)
      const known = candidates.get(item.address)
      if (!known) candidates.set(item.address, [item.candidates])
      else if (!known.includes(item.candidates)) known.push(item.candidates)
      join(parents, addresses[0]!.address, item.address)
    }
  }
  const members = new Map<string, string[]>()
  for (const address of parents.keys()) {
    const root = rootOf(parents, address)
    const list = members.get(root)
    if (list) list.push(address)
    else members.set(root, [address])
  }
  const groups: AddressGroup[] = []
  for (const addresses of members.values()) {
    addresses.sort(compareAddressText)
    const common = intersection(addresses.flatMap(address => candidates.get(address)!))
    if (common.size > 0 || addresses.length === 1) {
      groups.push({ address: addresses[0]!, addresses, size: addresses.length, candidates: common })
      continue
    }
    for (const address of addresses) {
      groups.push({ address, addresses: [address], size: 1, candidates: intersection(candidates.get(address)!) })
    }
  }
  return groups
}

function intersection(sets: readonly Candidates[]): Candidates {
  const [first, ...others] = new Set(sets)
  return others.reduce((common, other) => intersectionOfTwo(common, other), first ?? new Map())
}

// Thousands of dual-stack Services have the same two sets, and should have one object in common.
const intersections = new WeakMap<Candidates, WeakMap<Candidates, Candidates>>()

/** The nodes that both sets have. Where Services wish differently, the strongest wish for a node counts. */
function intersectionOfTwo(a: Candidates, b: Candidates): Candidates {
  let known = intersections.get(a)
  if (!known) {
    known = new WeakMap()
    intersections.set(a, known)
  }
  let common = known.get(b)
  if (!common) {
    common = new Map(
      [...a].filter(([node]) => b.has(node)).map(([node, score]) => [node, Math.max(score, b.get(node)!)]),
    )
    known.set(b, common)
  }
  return common
}

function rootOf(parents: Map<string, string>, address: string): string {
  let root = address
  for (let parent = parents.get(root)!; parent !== root; parent = parents.get(root)!) {
    // Every second step is shortened, so that long chains do not stay long.
    parents.set(root, parents.get(parent)!)
    root = parent
  }
  return root
}

/** The lesser address becomes the root, so that the shape of the tree does not depend on the order of the claims. */
function join(parents: Map<string, string>, a: string, b: string): void {
  const [rootA, rootB] = [rootOf(parents, a), rootOf(parents, b)]
  if (rootA === rootB) return
  if (rootA < rootB) parents.set(rootB, rootA)
  else parents.set(rootA, rootB)
}

/** IPv4 first, as in a dual-stack Service's status; within a family any order does that is the same everywhere. */
function compareAddressText(a: string, b: string): number {
  return Number(a.includes(':')) - Number(b.includes(':')) || (a < b ? -1 : a > b ? 1 : 0)
}
