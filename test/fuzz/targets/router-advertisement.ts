import assert from 'node:assert/strict'
import { decodeRouterAdvertisement, encodeRouterAdvertisement } from '../../../src/ndp/router-advertisement.ts'
import { fromHex } from '../../support/hex.ts'
import { ownLinkLocal, ownMac } from '../../support/neighbors.ts'
import { bytesFormat } from '../bytes-format.ts'
import type { FuzzTarget } from '../target.ts'
import { repairChecksum } from './ndp.ts'

/** As FRR 8.4 sends it for an unnumbered peer. */
export const ofRouter = fromHex(`333300000001 e65d76e9442d 86dd 60059dc2 0018 3a ff
  fe80000000000000e45d76fffee9442d ff020000000000000000000000000001
  86 00 fb1f 40 00 001e 00000000 00000000 01 01 e65d76e9442d`)

export const routerAdvertisement: FuzzTarget = {
  name: 'router-advertisement',
  format: bytesFormat({ repair: repairChecksum, maxLength: 200 }),
  seeds: [ofRouter, encodeRouterAdvertisement(ownMac, ownLinkLocal)],
  check(bytes) {
    const decoded = decodeRouterAdvertisement(bytes)
    const expected = dissect(bytes)
    assert.deepEqual('advertisement' in decoded ? decoded.advertisement : undefined, expected)
    return 'advertisement' in decoded ? 'taken' : decoded.problem
  },
}

/** The same judgement as the code's, made in another way: on the frame as a text of hexadecimal digits. */
function dissect(bytes: Uint8Array): { router: bigint; lifetimeSeconds: number } | undefined {
  const text = Buffer.from(bytes).toString('hex')
  const header = /^.{24}86dd6.{7}(.{4})3aff(fe[89ab].{29})(.{32})(.*)$/.exec(text)
  if (!header) return undefined
  const [, length, source, destination, rest] = header as unknown as string[]
  const message = rest!.slice(0, Number(`0x${length}`) * 2)
  if (message.length !== Number(`0x${length}`) * 2) return undefined
  const parts = /^8600.{8}(.{4}).{16}(.*)$/.exec(message)
  if (!parts) return undefined
  // RFC 1071 §2: the words of a packet whose checksum is right add up to a multiple of 65535.
  const summed = `${source}${destination}0000${length}0000003a${message}`
  if (BigInt(`0x${summed}${'0'.repeat((4 - (summed.length % 4)) % 4)}`) % 65535n !== 0n) return undefined
  for (let options = parts[2]!; options !== ''; ) {
    const digits = Number(`0x${options.slice(2, 4)}`) * 16
    if (!(digits > 0) || digits > options.length) return undefined
    options = options.slice(digits)
  }
  return { router: BigInt(`0x${source}`), lifetimeSeconds: Number(`0x${parts[1]}`) }
}
