import assert from 'node:assert/strict'
import { hearArp } from '../../../src/arp/hear.ts'
import { type ArpFrame, ArpOperation, decodeArpFrame, encodeArpFrame } from '../../../src/arp/packet.ts'
import { ArpResponder } from '../../../src/arp/responder.ts'
import { bytesFormat } from '../bytes-format.ts'
import type { FuzzTarget } from '../target.ts'

const ownMac = 0xfe005e000002
const askerMac = 0x02005e000001
const announced = 0xc0000201
const request: ArpFrame = {
  destination: 0xffffffffffff,
  source: askerMac,
  operation: ArpOperation.request,
  senderHardwareAddress: askerMac,
  senderProtocolAddress: 0xc00002c8,
  targetHardwareAddress: 0,
  targetProtocolAddress: announced,
}
const responder = new ArpResponder({ mac: ownMac })
responder.addresses.set(announced, { requestsReceived: 0, responsesSent: 0, gratuitousSent: 0 })
const reply = new Uint8Array(42)

export const arp: FuzzTarget = {
  name: 'arp',
  format: bytesFormat({ maxLength: 120 }),
  seeds: [
    request,
    { ...request, destination: ownMac },
    { ...request, senderProtocolAddress: 0 },
    { ...request, senderProtocolAddress: announced },
    { ...request, operation: ArpOperation.reply },
  ].map(encodeArpFrame),
  check(bytes) {
    const text = hex(bytes)
    const heard = said(text)
    assert.deepEqual(hearArp(bytes), heard, text)
    const decoded = decodeArpFrame(bytes)
    assert.equal('frame' in decoded, WHOLE.test(text), text)
    if ('frame' in decoded) assert.equal(hex(encodeArpFrame(decoded.frame)), text.slice(0, 84))
    const accepted = responder.accept(bytes) !== undefined
    assert.equal(accepted, isQuestion(text), text)
    if (!accepted) return heard ? 'heard' : 'dropped'
    responder.answer(bytes, reply)
    const asker = text.slice(44, 56)
    const askerAddress = text.slice(56, 64)
    assert.equal(hex(reply), `${asker}${OWN}${HEADER}0002${OWN}${ANNOUNCED}${asker}${askerAddress}`)
    return heard ? 'answered and heard' : 'answered'
  },
}

// The same judgements as the code's, made in another way: on the frame as a text of hexadecimal digits.

const OWN = 'fe005e000002'
const ANNOUNCED = 'c0000201'
/** ethertype, hardware type, protocol type, address lengths */
const HEADER = '0806000108000604'
const WHOLE = new RegExp(`^.{24}${HEADER}.{44}`)
const QUESTION = new RegExp(
  `^(f{12}|${OWN}).{12}${HEADER}0001(?!${OWN}|0{12}).[02468ace].{10}(?!${ANNOUNCED}).{8}.{12}${ANNOUNCED}`,
)
const SAID = new RegExp(`^.{24}${HEADER}000([12])(?!0{12})(.[02468ace].{10})(.{8}).{12}(.{8})`)

/** True if the frame is a question for the announced address that must be answered. */
function isQuestion(text: string): boolean {
  return QUESTION.test(text)
}

function said(text: string): ReturnType<typeof hearArp> {
  const match = SAID.exec(text)
  if (!match) return undefined
  const [, operation, mac, sender, target] = match
  const from = { mac: Number(`0x${mac}`) }
  if (sender !== '00000000') return { kind: 'claim', address: Number(`0x${sender}`), ...from }
  if (operation === '1' && target !== '00000000') return { kind: 'probe', address: Number(`0x${target}`), ...from }
  return undefined
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
