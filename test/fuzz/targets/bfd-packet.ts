import assert from 'node:assert/strict'
import { BFD_PACKET_LENGTH, decodeControlPacket, encodeControlPacket } from '../../../src/bfd/packet.ts'
import { fromHex } from '../../support/hex.ts'
import { bytesFormat } from '../bytes-format.ts'
import type { FuzzTarget } from '../target.ts'

const up = '20 c0 03 18 01020304 fffefdfc 000186a0 000493e0 00000000'
const withKey = `20 c4 03 34 01020304 fffefdfc 000186a0 000493e0 00000000 05 1c 01 00 00000007 ${'ab'.repeat(20)}`

export const bfdPacket: FuzzTarget = {
  name: 'bfd-packet',
  format: bytesFormat({ maxLength: 100 }),
  seeds: [up, withKey, '20 40 03 18 01020304 00000000 000f4240 000f4240 00000000'].map(fromHex),
  check(bytes) {
    const text = Buffer.from(bytes).toString('hex')
    const decoded = decodeControlPacket(bytes)
    assert.equal('packet' in decoded, isWhole(text), text)
    if ('problem' in decoded) return decoded.problem
    const written = Buffer.from(encodeControlPacket(decoded.packet, bytes[3]! - BFD_PACKET_LENGTH))
    // Length may exceed 24 without authentication; then the rest is not ours to repeat.
    assert.equal(
      `${written.toString('hex', 0, 3)}${written.toString('hex', 4, 24)}`,
      text.slice(0, 6) + text.slice(8, 48),
    )
    return 'read'
  },
}

/** The same judgement as the code's (RFC 5880 §6.8.6), made in another way: on the packet as a text of hexadecimal digits. */
function isWhole(text: string): boolean {
  const fields = /^[23].(.)(.)(?!00)..(..)(?!0{8}).{8}(.{8}).{24}/.exec(text)
  if (!fields) return false
  const [, state, flags, length, yourDiscriminator] = fields as unknown as [string, string, string, string, string]
  const octets = Number.parseInt(length, 16)
  if (/[13579bdf]/.test(flags) || octets > text.length / 2) return false
  if (octets < (/[4567cdef]/.test(flags) ? 26 : 24)) return false
  return yourDiscriminator !== '00000000' || /[0-7]/.test(state)
}
