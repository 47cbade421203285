import assert from 'node:assert/strict'
import { InterfaceTable } from '../../../src/io/interface-table.ts'
import { parseRouteMessages } from '../../../src/io/netlink-parse.ts'
import { fromHex } from '../../support/hex.ts'
import { bytesFormat } from '../bytes-format.ts'
import type { FuzzTarget } from '../target.ts'

const BITS = { 4: 32n, 6: 128n } as const

export const netlink: FuzzTarget = {
  name: 'netlink',
  format: bytesFormat({ maxLength: 600 }),
  // As the kernel of a little-endian machine sends them; Herald is built for no other.
  seeds: [
    // a veth with name, MTU, bridge, MAC address, kind
    `60000000 1000 0000 00000000 00000000  00 00 0100 02000000 43100000 00000000  0a00 0300 7665746830 00 0000
     0800 0400 dc050000  0800 0a00 03000000  0a00 0100 02005e005301 0000  1000 1280 0900 0100 76657468 00 000000  0800 2b00 00000000`,
    // the loopback interface goes
    '28000000 1100 0000 00000000 00000000  00 00 0403 01000000 49000000 00000000  0700 0300 6c6f00 00',
    // an IPv4 address with a peer; an IPv6 address that is tentative
    '28000000 1400 1200 07000000 00000000  02 18 80 00 02000000  0800 0100 c0000209  0800 0200 c0000201',
    `34000000 1500 0000 00000000 00000000  0a 40 80 fd 02000000  1400 0100 fe800000000000000000000000000001
     0800 0800 c0000000`,
    // the end of a list, and a refusal
    `14000000 0300 0200 09000000 00000000 00000000
     24000000 0200 0000 09000000 00000000 f0ffffff 14000000120001030900000000000000`,
  ].map(fromHex),
  check(bytes) {
    const messages = parseRouteMessages(bytes)
    // A message has a header of 16 octets, so that a short datagram cannot make long lists.
    assert.ok(messages.length <= bytes.length / 16 + 1)
    const table = new InterfaceTable()
    const kinds = new Set<string>()
    for (const [index, { body }] of messages.entries()) {
      kinds.add(body.kind)
      if (body.kind === 'link') {
        assert.equal(body.link.mac.length, 6)
        table.apply(body)
      }
      if (body.kind === 'address') {
        const { address, prefixLength } = body.address
        assert.ok(BigInt(address.value) >= 0n && BigInt(address.value) < 1n << BITS[address.family])
        assert.ok(prefixLength <= BITS[address.family])
        table.apply(body)
      }
      if (body.kind === 'malformed') assert.ok(body.reason !== '' && index < messages.length)
    }
    assert.ok(table.snapshot().length <= messages.length)
    return [...kinds].sort().join(' ') || 'nothing'
  },
}
