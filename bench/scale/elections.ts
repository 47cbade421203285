import { parseAddress } from '../../src/ip/address.ts'
import { Election } from '../../src/layer2/election.ts'
import { watchedNodes } from '../../src/layer2/watched-nodes.ts'
import { nodeName, OWN_NODE } from './objects.ts'

export interface Elected {
  /** what each node announces, by the node's number */
  readonly addressesOf: readonly (readonly string[])[]
  /** the nodes that watch the real speaker's, by number */
  readonly watchers: readonly number[]
}

/** What all speakers of the benchmark come to, if there are so many. */
export function elect(addresses: readonly string[], speakers: number): Elected {
  const candidates = new Map(Array.from({ length: speakers }, (_, index) => [nodeName(index), 0]))
  const election = new Election()
  for (const address of addresses) election.set({ address, size: 1, candidates })
  election.deal()
  const orders = addresses.map(address => ({ address, order: election.orderOf(address) }))
  const indexOf = new Map([...candidates.keys()].map((name, index) => [name, index]))
  const addressesOf: string[][] = Array.from({ length: speakers }, () => [])
  const desired = new Map<
    string,
    Map<string, { address: NonNullable<ReturnType<typeof parseAddress>>; interfaces: 'all'; order: readonly string[] }>
  >()
  for (const { address, order } of orders) {
    addressesOf[indexOf.get(order[0] ?? '') ?? 0]!.push(address)
    for (const node of order) {
      const set = desired.get(node) ?? new Map()
      set.set(address, { address: parseAddress(address)!, interfaces: 'all', order })
      desired.set(node, set)
    }
  }
  const watchers: number[] = []
  for (const [node, set] of desired) {
    if (node !== OWN_NODE && watchedNodes(set, node).includes(OWN_NODE)) watchers.push(indexOf.get(node)!)
  }
  return { addressesOf, watchers }
}
