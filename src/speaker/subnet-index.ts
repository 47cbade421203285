import { ADDRESS_BITS, type Address, type Family, parseAddress } from '../ip/address.ts'
import { prefixRange } from '../ip/range.ts'
import type { SpeakerInterface } from '../resources/speaker-view.ts'

/** A subnet that some node is in. */
export interface Subnet {
  /** no two subnets have the same */
  readonly key: string
  /** the nodes with an interface in it, or in a wider subnet that holds it */
  readonly nodes: ReadonlySet<string>
}

interface Prefix {
  readonly address: Address
  readonly length: number
}

// Reports are read anew on every change of the cluster, and most are the same objects as before.
const prefixesOfReport = new WeakMap<readonly SpeakerInterface[], readonly Prefix[]>()

/** Finds the subnet that an address lies in: the narrowest of those that nodes report. */
export class SubnetIndex {
  /** by prefix length, longest first, then by the subnet's first address */
  readonly #subnets: Record<Family, [length: number, Map<number | bigint, Subnet & { nodes: Set<string> }>][]> = {
    4: [],
    6: [],
  }

  /** @param reports the interfaces of each node, by its name */
  constructor(reports: Iterable<readonly [node: string, interfaces: readonly SpeakerInterface[]]>) {
    for (const [node, interfaces] of reports) {
      for (const prefix of prefixesOf(interfaces)) this.#subnet(prefix).nodes.add(node)
    }
    for (const family of [4, 6] as const) {
      const subnets = this.#subnets[family].sort(([a], [b]) => b - a)
      // From the widest to the narrowest, so that what a wider one gives on is complete.
      for (let at = subnets.length - 1; at >= 0; at--) {
        const wider = subnets.slice(at + 1)
        for (const [value, { nodes }] of subnets[at]![1]) {
          for (const node of find(wider, { family, value } as Address)?.nodes ?? []) nodes.add(node)
        }
      }
    }
  }

  find(address: Address): Subnet | undefined {
    return find(this.#subnets[address.family], address)
  }

  #subnet({ address, length }: Prefix): Subnet & { nodes: Set<string> } {
    const { first } = prefixRange(address, length)
    const lengths = this.#subnets[first.family]
    let ofLength = lengths.find(([other]) => other === length)?.[1]
    if (!ofLength) {
      ofLength = new Map()
      lengths.push([length, ofLength])
    }
    let subnet = ofLength.get(first.value)
    if (!subnet) {
      subnet = { key: `${first.value}/${length}/${first.family}`, nodes: new Set() }
      ofLength.set(first.value, subnet)
    }
    return subnet
  }
}

function find<Found>(
  lengths: readonly [number, ReadonlyMap<number | bigint, Found>][],
  address: Address,
): Found | undefined {
  for (const [length, subnets] of lengths) {
    const found = subnets.get(prefixRange(address, length).first.value)
    if (found) return found
  }
  return undefined
}

function prefixesOf(interfaces: readonly SpeakerInterface[]): readonly Prefix[] {
  let prefixes = prefixesOfReport.get(interfaces)
  if (!prefixes) {
    prefixes = interfaces.flatMap(({ addresses }) => addresses.map(parsePrefix).filter(prefix => prefix !== undefined))
    prefixesOfReport.set(interfaces, prefixes)
  }
  return prefixes
}

/** A host's address with all its bits (/32, /128) says nothing of who else is on the segment; nor does a link-local one. */
function parsePrefix(text: string): Prefix | undefined {
  const [before = '', after = ''] = text.split('/', 2)
  const address = /^fe[89ab]/i.test(before) ? undefined : parseAddress(before)
  const length = Number(after)
  if (!address || !/^\d{1,3}$/.test(after) || length >= ADDRESS_BITS[address.family]) return undefined
  return { address, length }
}
