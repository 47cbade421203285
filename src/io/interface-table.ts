import { type Address, compareAddresses, sameAddress } from '../ip/address.ts'
import type { AddressRecord, AddressScope, LinkRecord, RouteMessageBody } from './netlink-parse.ts'

/** An address of an interface. */
export interface InterfaceAddress {
  readonly address: Address
  readonly prefixLength: number
  readonly scope: AddressScope
  /** duplicate address detection has not ended, or has failed: the kernel does not use the address */
  readonly tentative: boolean
}

/** A network interface and its addresses, in ascending order. */
export interface NetworkInterface extends Readonly<LinkRecord> {
  readonly addresses: readonly InterfaceAddress[]
}

/** What netlink has told about links and addresses. */
export class InterfaceTable {
  readonly #links = new Map<number, LinkRecord>()
  readonly #addresses = new Map<number, AddressRecord[]>()

  /** Takes one message in; true if it may have changed something. */
  apply(body: RouteMessageBody): boolean {
    if (body.kind === 'link') {
      const { index } = body.link
      if (!body.deleted) this.#links.set(index, body.link)
      else {
        this.#links.delete(index)
        this.#addresses.delete(index)
      }
      return true
    }
    if (body.kind !== 'address') return false
    const { interfaceIndex, address, prefixLength } = body.address
    // an address may be on an interface twice, with two prefix lengths
    const others = (this.#addresses.get(interfaceIndex) ?? []).filter(
      known => known.prefixLength !== prefixLength || !sameAddress(known.address, address),
    )
    this.#addresses.set(interfaceIndex, body.deleted ? others : [...others, body.address])
    return true
  }

  /** All interfaces by ascending index. */
  snapshot(): NetworkInterface[] {
    return [...this.#links.values()]
      .sort((a, b) => a.index - b.index)
      .map(link => ({ ...link, addresses: this.#addressesOf(link.index) }))
  }

  #addressesOf(index: number): InterfaceAddress[] {
    return (this.#addresses.get(index) ?? [])
      .map(({ address, prefixLength, scope, tentative }) => ({ address, prefixLength, scope, tentative }))
      .sort((a, b) => compareAddresses(a.address, b.address) || a.prefixLength - b.prefixLength)
  }
}

/** Whether two snapshots say the same. */
export function sameInterfaces(a: readonly NetworkInterface[], b: readonly NetworkInterface[]): boolean {
  return a.length === b.length && a.every((one, i) => fingerprint(one) === fingerprint(b[i]!))
}

function fingerprint(one: NetworkInterface): string {
  const { addresses, ...link } = one
  return JSON.stringify([
    { ...link, mac: [...link.mac] },
    addresses.map(({ address, ...rest }) => [String(address.value), address.family, rest]),
  ])
}
