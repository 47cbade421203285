import type { Address } from '../ip/address.ts'
import { rangeContains } from '../ip/range.ts'
import type { Segment } from './liveness-paths.ts'

/** On which interfaces an address is to be announced, by name; 'all' means those in the address's subnet, or every usable one where there is none. */
export type WantedInterfaces = 'all' | readonly string[]

/** An address that this node announces, or would if nodes before it fell silent. */
export interface DesiredAddress {
  readonly address: Address
  /** on which interfaces this node announces it, if it owns it */
  readonly interfaces: WantedInterfaces
  /** the first candidates, at most three, the elected one first; this node need not be among them */
  readonly order: readonly string[]
  /**
   * what arrives at this node would not be forwarded yet, and other nodes forward it: until this is over the node deposes no other, and
   * takes over only what nobody answers for
   */
  readonly patient?: true
}

/** Every address that concerns this node, by the address in canonical form. */
export type DesiredSet = ReadonlyMap<string, DesiredAddress>

/**
 * Whether an address is to be announced on an interface, by name. Where none is named, those in the address's subnet are meant, be they up
 * or not: nobody elsewhere would ask. An address in no subnet of this node's, as routed ones are, belongs on all.
 *
 * @param segments this node's interfaces
 */
export function isWantedOn(
  { interfaces, address }: DesiredAddress,
  link: string,
  segments: readonly Segment[],
): boolean {
  if (interfaces !== 'all') return interfaces.includes(link)
  const within = segments.filter(({ subnets }) => subnets.some(subnet => rangeContains(subnet, address)))
  return within.length === 0 || within.some(({ name }) => name === link)
}
