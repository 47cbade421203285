import assert from 'node:assert/strict'
import fc from 'fast-check'
import { hearArp } from '../../../src/arp/hear.ts'
import { type ArpFrame, ArpOperation, encodeArpFrame } from '../../../src/arp/packet.ts'
import { ArpResponder } from '../../../src/arp/responder.ts'
import { FUZZ_RUNS, mutatedFrames } from '../../support/mutated-frames.ts'

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
const good = [
  encodeArpFrame(request),
  encodeArpFrame({ ...request, destination: ownMac }),
  encodeArpFrame({ ...request, senderProtocolAddress: 0 }),
  encodeArpFrame({ ...request, senderProtocolAddress: announced }),
  encodeArpFrame({ ...request, operation: ArpOperation.reply }),
]

describe('ARP, given anything', () => {
  it('answers exactly the requests that are whole, and answers right', () => {
    const responder = new ArpResponder({ mac: ownMac })
    responder.addresses.set(announced, { requestsReceived: 0, responsesSent: 0, gratuitousSent: 0 })
    const reply = new Uint8Array(42)
    let answered = 0
    fc.assert(
      fc.property(mutatedFrames(good), bytes => {
        const accepted = responder.accept(bytes) !== undefined
        const text = hex(bytes)
        assert.equal(accepted, isQuestion(text), text)
        if (!accepted) return
        answered++
        responder.answer(bytes, reply)
        const asker = text.slice(44, 56)
        const askerAddress = text.slice(56, 64)
        assert.equal(hex(reply), `${asker}${OWN}${HEADER}0002${OWN}${ANNOUNCED}${asker}${askerAddress}`)
      }),
      { numRuns: FUZZ_RUNS },
    )
    // The test says something only if both outcomes occur often.
    assert.ok(answered > FUZZ_RUNS / 10 && answered < (FUZZ_RUNS * 9) / 10, `${answered} answered`)
  }).timeout(Math.max(5_000, FUZZ_RUNS))

  it('hears exactly what whole frames say', () => {
    let heard = 0
    fc.assert(
      fc.property(mutatedFrames(good), bytes => {
        const text = hex(bytes)
        const expected = said(text)
        assert.deepEqual(hearArp(bytes), expected, text)
        if (expected) heard++
      }),
      { numRuns: FUZZ_RUNS },
    )
    assert.ok(heard > FUZZ_RUNS / 10 && heard < (FUZZ_RUNS * 9) / 10, `${heard} heard`)
  }).timeout(Math.max(5_000, FUZZ_RUNS))
})

// The same judgements as the code's, made in another way: on the frame as a text of hexadecimal digits.

const OWN = 'fe005e000002'
const ANNOUNCED = 'c0000201'
/** ethertype, hardware type, protocol type, address lengths */
const HEADER = '0806000108000604'

/** True if the frame is a question for the announced address that must be answered. */
function isQuestion(text: string): boolean {
  const shape = new RegExp(
    `^(f{12}|${OWN}).{12}${HEADER}0001(?!${OWN}|0{12}).[02468ace].{10}(?!${ANNOUNCED}).{8}.{12}${ANNOUNCED}`,
  )
  return shape.test(text)
}

function said(text: string): ReturnType<typeof hearArp> {
  const match = new RegExp(`^.{24}${HEADER}000([12])(?!0{12})(.[02468ace].{10})(.{8}).{12}(.{8})`).exec(text)
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
