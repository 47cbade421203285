import fc from 'fast-check'
import { type Address, parseAddress } from '../../src/ip/address.ts'

/** An address that a test writes as text; throws when the test has it wrong. */
export function address(text: string): Address {
  const parsed = parseAddress(text)
  if (!parsed) throw new Error(`the test's address ${text} cannot be read`)
  return parsed
}

export const ipv4Arbitrary: fc.Arbitrary<Address> = fc.nat({ max: 0xffffffff }).map(value => ({ family: 4, value }))

// IPv4-mapped addresses (::ffff:0:0/96) are refused by the reader, so they are left out here.
export const ipv6Arbitrary: fc.Arbitrary<Address> = fc
  .bigInt({ min: 0n, max: 2n ** 128n - 1n })
  .filter(value => value >> 32n !== 0xffffn)
  .map(value => ({ family: 6, value }))

export const addressArbitrary = fc.oneof(ipv4Arbitrary, ipv6Arbitrary)
