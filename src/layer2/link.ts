import type { Family } from '../ip/address.ts'
import type { MacAddress } from '../wire/mac-address.ts'

/** A network interface as the kernel describes it, as far as announcing asks. */
export interface LinkFacts {
  readonly index: number
  readonly name: string
  /** undefined when it has none that is 6 bytes long (tunnels, InfiniBand) */
  readonly mac?: MacAddress
  /** administratively up and with carrier */
  readonly up: boolean
  /** member of a bridge, bond or VRF, which answers in its stead */
  readonly enslaved: boolean
  readonly noArp: boolean
  readonly loopback: boolean
  readonly broadcast: boolean
  /** its link-local address, once no other host was found to have it (RFC 4862 §5.4) */
  readonly linkLocal?: bigint
}

/** An interface on which addresses can be announced. */
export interface Link {
  readonly index: number
  readonly name: string
  readonly mac: MacAddress
  /** whose addresses can be announced: 4 by ARP, 6 by neighbour discovery if there is a link-local address to speak from */
  readonly families: readonly Family[]
  readonly linkLocal?: bigint
}

/** Whether it is the same interface as before, for everything that was begun on it for addresses of one family. */
export function sameLink(a: Link, b: Link, family: Family): boolean {
  if (a.index !== b.index || a.mac !== b.mac) return false
  return family === 4 || (a.linkLocal === b.linkLocal && String(a.families) === String(b.families))
}

/** Interfaces that carry pods and tunnels rather than a segment with clients. Each is a regular expression. */
export const DEFAULT_EXCLUDED_INTERFACES: readonly string[] = [
  '^docker.*',
  '^cbr.*',
  '^dummy.*',
  '^virbr.*',
  '^lxcbr.*',
  '^veth.*',
  '^lo$',
  '^cali.*',
  '^tunl.*',
  '^flannel.*',
  '^kube-ipvs.*',
  '^cni.*',
  '^nodelocaldns.*',
  '^lxc.*',
]

/** The interfaces, out of all that a node has, on which addresses can be announced. */
export function usableLinks(all: Iterable<LinkFacts>, excluded: readonly RegExp[]): Link[] {
  const links: Link[] = []
  for (const { index, name, mac, up, enslaved, noArp, loopback, broadcast, linkLocal } of all) {
    if (mac === undefined || mac === 0 || !up || enslaved || noArp || loopback || !broadcast) continue
    if (excluded.some(pattern => pattern.test(name))) continue
    links.push({ index, name, mac, ...(linkLocal === undefined ? { families: [4] } : { families: [4, 6], linkLocal }) })
  }
  return links
}
