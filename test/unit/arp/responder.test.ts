import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type ArpFrame, ArpOperation, decodeArpFrame, encodeArpFrame } from '../../../src/arp/packet.ts'
import { ARP_RECEIVE_RULES, type ArpDropReason, ArpResponder } from '../../../src/arp/responder.ts'
import { BROADCAST_MAC } from '../../../src/wire/mac-address.ts'

const ownMac = 0xfe005e000002
const askerMac = 0x02005e000001
const announced = 0xc0000201
const asker = 0xc00002c8

const request: ArpFrame = {
  destination: BROADCAST_MAC,
  source: askerMac,
  operation: ArpOperation.request,
  senderHardwareAddress: askerMac,
  senderProtocolAddress: asker,
  targetHardwareAddress: 0,
  targetProtocolAddress: announced,
}

describe('ARP responder', () => {
  const answered: { name: string; frame: Partial<ArpFrame> }[] = [
    { name: 'a broadcast request', frame: {} },
    { name: 'a request sent to this node alone', frame: { destination: ownMac } },
    { name: 'a probe from 0.0.0.0', frame: { senderProtocolAddress: 0 } },
    { name: 'a request through a proxy, which has another source', frame: { source: 0x02005e0000ff } },
    {
      name: 'a request with something in the target hardware address',
      frame: { targetHardwareAddress: BROADCAST_MAC },
    },
  ]
  for (const { name, frame } of answered) {
    it(`answers ${name}`, () => {
      const responder = newResponder()
      const asked = { ...request, ...frame }
      assert.deepEqual(ask(responder, encodeArpFrame(asked)), {
        destination: askerMac,
        source: ownMac,
        operation: ArpOperation.reply,
        senderHardwareAddress: ownMac,
        senderProtocolAddress: announced,
        targetHardwareAddress: askerMac,
        targetProtocolAddress: asked.senderProtocolAddress,
      })
      assert.deepEqual(responder.dropped, {})
      assert.equal(responder.addresses.get(announced)?.requestsReceived, 1)
    })
  }

  const dropped: { name: string; reason: ArpDropReason; bytes: Uint8Array }[] = [
    { name: 'a short frame', reason: 'truncated', bytes: encodeArpFrame(request).subarray(0, 41) },
    { name: 'an empty frame', reason: 'truncated', bytes: new Uint8Array(0) },
    { name: 'a frame for another station', reason: 'otherDestination', bytes: altered({ destination: askerMac + 1 }) },
    { name: 'a frame for a group', reason: 'otherDestination', bytes: altered({ destination: 0x01005e000001 }) },
    { name: 'another ethertype', reason: 'notArp', bytes: patched(12, 0x08, 0x00) },
    { name: 'another hardware', reason: 'unknownHardwareType', bytes: patched(14, 0, 6) },
    { name: 'another protocol', reason: 'unknownProtocolType', bytes: patched(16, 0x86, 0xdd) },
    { name: 'a wrong hardware address length', reason: 'wrongAddressLengths', bytes: patched(18, 8, 4) },
    { name: 'a wrong protocol address length', reason: 'wrongAddressLengths', bytes: patched(18, 6, 16) },
    { name: 'a reply', reason: 'notRequest', bytes: altered({ operation: ArpOperation.reply }) },
    { name: 'an inverse request', reason: 'notRequest', bytes: altered({ operation: 8 }) },
    {
      name: 'a sender that is everybody',
      reason: 'senderNotUnicast',
      bytes: altered({ senderHardwareAddress: BROADCAST_MAC }),
    },
    {
      name: 'a sender that is a group',
      reason: 'senderNotUnicast',
      bytes: altered({ senderHardwareAddress: 0x01005e000001 }),
    },
    { name: 'a sender that is nobody', reason: 'senderNotUnicast', bytes: altered({ senderHardwareAddress: 0 }) },
    { name: 'an own frame', reason: 'ownFrame', bytes: altered({ senderHardwareAddress: ownMac }) },
    {
      name: 'a question for another address',
      reason: 'notAnnounced',
      bytes: altered({ targetProtocolAddress: announced + 1 }),
    },
    { name: "another's announcement", reason: 'claimedByOther', bytes: altered({ senderProtocolAddress: announced }) },
  ]
  for (const { name, reason, bytes } of dropped) {
    it(`drops ${name}`, () => {
      const responder = newResponder()
      assert.equal(responder.accept(bytes), undefined)
      assert.deepEqual(responder.dropped, { [reason]: 1 })
    })
  }

  it('has a test for every rule', () => {
    assert.deepEqual(
      new Set(dropped.map(({ reason }) => reason)),
      new Set(ARP_RECEIVE_RULES.map(({ reason }) => reason)),
    )
  })

  it('answers no malformed frame, whatever it is', () => {
    const responder = newResponder()
    const good = encodeArpFrame(request)
    const mutated = fc
      .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .map(changes => {
        const bytes = good.slice()
        for (const [offset, value] of changes) bytes[offset] = value
        return bytes
      })
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 80 })), bytes => {
        const accepted = responder.accept(bytes) !== undefined
        const decoded = decodeArpFrame(bytes)
        // Answered is only what the codec can read, too.
        if (accepted) assert.ok('frame' in decoded && decoded.frame.targetProtocolAddress === announced)
      }),
      { numRuns: 2_000 },
    )
  })

  it('answers with the new MAC address once it changed', () => {
    const responder = newResponder()
    responder.mac = 0x02005e0000aa
    assert.equal(ask(responder, encodeArpFrame(request))?.senderHardwareAddress, 0x02005e0000aa)
  })
})

function newResponder(): ArpResponder {
  const responder = new ArpResponder({ mac: ownMac })
  responder.addresses.set(announced, { requestsReceived: 0, responsesSent: 0, gratuitousSent: 0 })
  return responder
}

function ask(responder: ArpResponder, bytes: Uint8Array): ArpFrame | undefined {
  if (!responder.accept(bytes)) return undefined
  // Every byte must be written: the slots are reused.
  const reply = new Uint8Array(42).fill(0xee)
  responder.answer(bytes, reply)
  const decoded = decodeArpFrame(reply)
  return 'frame' in decoded ? decoded.frame : undefined
}

function altered(fields: Partial<ArpFrame>): Uint8Array {
  return encodeArpFrame({ ...request, ...fields })
}

function patched(offset: number, ...values: number[]): Uint8Array {
  const bytes = encodeArpFrame(request)
  bytes.set(values, offset)
  return bytes
}
